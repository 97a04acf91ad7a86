# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit to picture: the character over a person, gestures in the picture, and the sentences where it cannot be done."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from portraits import Sitter, file_of, landscape, png, sit

from chironomy.body.pose import hand_keypoints, hand_local_keypoints, solve_pose
from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import Rig
from chironomy.motion import FaceTrack, HandMotion
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import Camera, portrait_camera
from chironomy.shot.errors import VideoError
from chironomy.shot.fit import Fit
from chironomy.shot.placement import in_portrait, place, posed, refitted, rest_motion, rest_pose, resting_place
from chironomy.shot.shot import Media, Shot
from chironomy.video import maps
from chironomy.video.portrait.hand_pose import MANO_ORDER, hand_rotation
from takes import FPS, hands_before_the_chest

ONE_PERSON = Proportions(head=0.92, arms=1.0, hands=0.9, head_offset=(0.0, 0.01, 0.0))


@pytest.fixture(scope="module")
def perceiver() -> Iterator[Any]:
    from chironomy.video.portrait.perception import Perceiver

    with Perceiver() as one:
        yield one


@pytest.fixture(scope="module")
def fit_of(perceiver: Any) -> Callable[..., Fit]:
    """Fit to a picture's bytes."""
    from chironomy.video.portrait.solve import fit_picture

    return lambda data, name="portrait.png": fit_picture(data, name=name, perceiver=perceiver)


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    return sit(ONE_PERSON, head_turn=(0.0, 0.15, 0.1))


@pytest.fixture(scope="module")
def fit(fit_of: Callable[..., Fit], sitter: Sitter) -> Fit:
    return fit_of(png(sitter.picture))


@pytest.fixture
def known() -> Fit:
    """A fit that nobody had to look for."""
    hands = hands_before_the_chest(1)
    return Fit(
        camera=Camera(512, 704, 1500.0, np.array([0.02, -0.05, 2.8]), quaternion.from_rotation_vector([0, 0, 0.03])),
        proportions=ONE_PERSON,
        wrist_position=np.array([[0.22, -0.24, 0.25], [-0.24, -0.2, 0.22]]),
        hand_rotation=hands.rotation[0],
        hands_seen=np.array([True, True]),
        head_rotation=quaternion.from_rotation_vector([0.05, 0.1, 0.0]),
        points={"nose": (255.5, 180.25)},
        residuals={"nose": 0.0125},
        notes=("a note",),
        picture="portrait.png",
        picture_sha256="ab" * 32,
    )


# Where the truth is known.


def test_a_picture_of_the_character_gives_back_its_camera_and_proportions(fit: Fit, sitter: Sitter) -> None:
    truth = sitter.truth
    assert fit.camera.focal == pytest.approx(truth.camera.focal, rel=0.06)
    assert np.abs(fit.camera.position - truth.camera.position).max() < 0.04
    assert fit.proportions.head == pytest.approx(truth.proportions.head, rel=0.06)
    assert fit.proportions.hands == pytest.approx(truth.proportions.hands, rel=0.12)
    assert fit.proportions.arms == pytest.approx(truth.proportions.arms, rel=0.08)
    assert np.degrees(quaternion.angle(fit.head_rotation, truth.head_rotation)) < 8


def test_the_hands_come_back_too(fit: Fit, sitter: Sitter) -> None:
    off = fit.wrist_position - sitter.truth.wrist_position
    assert np.abs(off[:, :2]).max() < 0.05
    assert np.abs(off[:, 2]).max() < 0.15
    angle = np.degrees(quaternion.angle(fit.hand_rotation[:, 0], sitter.truth.hand_rotation[:, 0]))
    assert angle.max() < 15


def test_every_point_lies_within_two_hundredths_of_the_pictures_height(fit: Fit) -> None:
    assert max(fit.residuals.values()) < 0.02, fit.residuals
    assert not fit.notes


def test_residuals_are_what_the_maps_draw(fit: Fit, rig: Rig) -> None:
    """The keypoint map of the rest pose has its wrists and shoulders as far from the seen points as the fit says."""
    pose = rest_pose(fit)
    still = FaceTrack(FPS, np.zeros((1, len(FACE_ACTIONS))))
    shot = Shot(rest_motion(fit), pose, still, fit.camera, proportions=fit.proportions)
    body, hands = maps.keypoints(shot, 0)
    for hand, side in enumerate(("left", "right")):
        for name, joint in ((f"shoulder.{side}", f"upper_arm.{'LR'[hand]}"), (f"wrist.{side}", f"wrist.{'LR'[hand]}")):
            off = np.hypot(*(body[maps.BODY_POINTS.index(joint)] - fit.points[name])) / fit.height
            assert off == pytest.approx(fit.residuals[name], abs=1e-9)
        assert np.allclose(hands[hand, 0], body[maps.BODY_POINTS.index(f"wrist.{'LR'[hand]}")])


def test_a_fit_is_the_same_each_time(fit: Fit, fit_of: Callable[..., Fit], sitter: Sitter) -> None:
    assert fit_of(png(sitter.picture)).to_json() == fit.to_json()


def test_a_large_picture_is_fitted_as_a_small_one(fit: Fit, fit_of: Callable[..., Fit], sitter: Sitter) -> None:
    height, width = (5 * side for side in sitter.picture.shape[:2])
    large = fit_of(png(np.array(Image.fromarray(sitter.picture).resize((width, height), Image.Resampling.LANCZOS))))
    assert (large.width, large.height) == (width, height)
    assert large.camera.focal == pytest.approx(5 * fit.camera.focal, rel=0.02)
    assert np.abs(large.camera.position - fit.camera.position).max() < 0.02
    assert np.abs(large.wrist_position - fit.wrist_position).max() < 0.03
    assert large.points["nose"] == pytest.approx([5 * place for place in fit.points["nose"]], abs=0.005 * height)


# Real portraits.


def versions(image: Image.Image) -> dict[str, Image.Image]:
    width, height = image.size
    return {
        "as it is": image,
        "mirrored": image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "cropped": image.crop((round(0.04 * width), 0, round(0.96 * width), round(0.88 * height))),
        "dark": ImageEnhance.Brightness(image).enhance(0.2),
        "4K": image.resize((3840, 3840 * height // width), Image.Resampling.BICUBIC),
    }


@pytest.mark.parametrize("version", ["as it is", "mirrored", "cropped", "dark", "4K"])
@pytest.mark.parametrize("name", ["man", "woman"])
def test_portraits_fit_within_two_hundredths(
    fit_of: Callable[..., Fit], shared_portraits: Path, name: str, version: str
) -> None:
    with Image.open(shared_portraits / f"{name}.png") as opened:
        image = versions(opened.convert("RGB"))[version]
    found = fit_of(file_of(image, "TIFF"))
    assert found.hands_seen.all()
    worst, miss = found.worst
    assert miss < 0.02, f"{worst} is off by {100 * miss:.2f} %"


# What cannot be fitted, or not wholly.


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda picture: landscape(), "portrait.png shows no face that can be found; give a portrait of one person"),
        (lambda picture: np.concatenate([picture, picture], axis=1), "portrait.png shows 2 people; crop it to the one"),
        (lambda picture: picture[40:220, 180:330], "portrait.png does not show both shoulders; give a half-body"),
        (lambda picture: picture[::7, ::7], "shows a face .* too small|shows no face"),
    ],
    ids=["landscape", "group", "head alone", "tiny"],
)
def test_what_cannot_be_fitted_is_one_sentence(
    fit_of: Callable[..., Fit], sitter: Sitter, make: Callable[..., np.ndarray], sentence: str
) -> None:
    with pytest.raises(VideoError, match=sentence):
        fit_of(png(np.ascontiguousarray(make(sitter.picture))))


@pytest.mark.parametrize(
    "turned",
    [{"seen_from": 55}, {"seen_from": -60}, {"seen_from": 75}, {"seen_from": 90}, {"head_turn": (0.0, 1.1, 0.0)}],
    ids=["half aside", "half aside, the other way", "aside", "in profile", "the head aside"],
)
def test_a_person_who_is_seen_from_the_side_is_refused(fit_of: Callable[..., Fit], turned: dict[str, Any]) -> None:
    with pytest.raises(VideoError, match="shows the person from the side or from behind; give a portrait seen from"):
        fit_of(png(sit(ONE_PERSON, **turned).picture))


def test_a_person_who_is_turned_a_little_is_fitted_and_it_says_so(fit_of: Callable[..., Fit]) -> None:
    (note,) = fit_of(png(sit(ONE_PERSON, seen_from=30).picture)).notes
    assert note.startswith("the person is turned by about 2")


def test_a_poster_beside_the_speaker_changes_nothing_and_is_said(
    fit_of: Callable[..., Fit], perceiver: Any, sitter: Sitter, fit: Fit
) -> None:
    from chironomy.video.portrait.solve import fit_portrait, look

    height, width = sitter.picture.shape[:2]
    poster = np.asarray(Image.fromarray(sit(ONE_PERSON).picture[:300, 120:400]).resize((196, 210)))
    wide = np.full((height, width + 206, 3), 190, np.uint8)
    wide[:, :width] = sitter.picture
    wide[40:250, width + 5 : width + 201] = poster
    found = fit_of(png(wide))
    for name, point in fit.points.items():
        assert np.hypot(*np.subtract(found.points[name], point)) < 0.02 * height, name
    # Whether so small a drawn face is found depends on the processor, so the finding is given here.
    seen = look(perceiver, wide)
    left, top, right, bottom = seen.face_boxes[0]
    other = np.array([left + 300, top, left + 300 + 0.6 * (right - left), bottom])
    noticed = fit_portrait(replace(seen, face_count=2, face_boxes=np.stack([seen.face_boxes[0], other])), name="p.png")
    assert any("other faces are seen" in note for note in noticed.notes)
    large = np.array([*other[:2], other[2] + 0.3 * (right - left), other[3]])
    with pytest.raises(VideoError, match="shows 2 people"):
        fit_portrait(replace(seen, face_count=2, face_boxes=np.stack([seen.face_boxes[0], large])), name="p.png")


def test_a_billboard_behind_the_speaker_is_one_sentence(fit_of: Callable[..., Fit], sitter: Sitter) -> None:
    height, width = sitter.picture.shape[:2]
    wide = np.full((height, width + 620, 3), 190, np.uint8)
    wide[:, :width] = sitter.picture
    wide[50:662, width + 20 : width + 596] = np.asarray(
        Image.fromarray(sitter.picture[30:200, 180:340]).resize((576, 612))
    )
    with pytest.raises(VideoError, match=r"portrait.png shows 2 (people|faces).*; crop it to the"):
        fit_of(png(wide))


def test_without_wrists_the_rest_is_fitted_and_it_says_so(fit_of: Callable[..., Fit], sitter: Sitter) -> None:
    cut = fit_of(png(sitter.picture[:320]))
    assert not cut.hands_seen.any()
    assert cut.notes == (
        "the left wrist was not seen: the hand is taken to hang at rest",
        "the right wrist was not seen: the hand is taken to hang at rest",
    )
    assert not [name for name in cut.residuals if "hand" in name or "wrist" in name]
    motion = hands_before_the_chest(24)
    assert np.abs(place(cut, motion).wrist_position - motion.wrist_position).max() < 0.02


# The file.


def test_a_fit_is_read_back_exactly(known: Fit, tmp_path: Path) -> None:
    known.save(tmp_path / "fit.json")
    assert Fit.load(tmp_path / "fit.json").to_dict() == known.to_dict()
    assert json.loads((tmp_path / "fit.json").read_text())["format"] == "chironomy.fit/1"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("format", "fit", "not a fit: it has the format 'fit', not 'chironomy.fit/1'"),
        ("camera", {"width": 10}, "camera has no field height"),
        ("wrist_position", [[0, 0, 0]], r"fit wrist_position must be finite numbers of shape \(2, 3\)"),
        ("wrist_position", [[0, 0, 9], [0, 0, 0]], "fit wrist_position is .* within 2 metres"),
        ("head_rotation", [2, 0, 0, 0], "fit head_rotation must hold unit quaternions"),
        ("hand_rotation", "flat", "fit hand_rotation must be finite numbers"),
        ("hands_seen", [1, 0], "fit hands_seen is .* two of true and false"),
        ("proportions", {"head": 1}, "fit proportions must have the fields arms, hands, head, head_offset"),
        ("points", {"nose": [1, None]}, "fit points nose must be finite numbers"),
        ("residuals", [1], "fit residuals must be an object"),
        ("notes", "none", "fit notes must be a list of sentences"),
        ("picture", 3, "fit picture is 3"),
    ],
)
def test_a_wrong_field_is_named(known: Fit, tmp_path: Path, field: str, value: Any, sentence: str) -> None:
    (tmp_path / "fit.json").write_text(json.dumps({**known.to_dict(), field: value}))
    with pytest.raises(VideoError, match=f"fit.json.* {sentence}"):
        Fit.load(tmp_path / "fit.json")


@pytest.mark.parametrize("field", ["camera", "notes", "hands_seen"])
def test_a_missing_field_is_named(known: Fit, field: str) -> None:
    values = known.to_dict()
    del values[field]
    with pytest.raises(VideoError, match=f"has no field {field}"):
        Fit.from_dict(values)


def test_what_is_no_fit_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "fit.json").write_text("{ not json")
    for path, sentence in ((tmp_path / "fit.json", "is not JSON"), (tmp_path / "none.json", "does not exist")):
        with pytest.raises(VideoError, match=sentence):
            Fit.load(path)


def test_another_size_sees_the_same(known: Fit) -> None:
    wide = known.resized(1200, 1056)
    assert np.allclose(wide.points["nose"], (255.5 * 1.5 + (1200 - 768) / 2, 180.25 * 1.5))
    pixels, _ = wide.camera.project(known.wrist_position)
    before, _ = known.camera.project(known.wrist_position)
    assert np.allclose(pixels, 1.5 * before + [(1200 - 768) / 2, 0])
    assert known.video_size(352) == (256, 352)


# Hands from points.


def test_a_hands_turns_are_found_from_its_points(rig: Rig) -> None:
    for hand in range(2):
        wanted = hands_before_the_chest(1).rotation[0, hand]
        points = hand_local_keypoints(rig, hand, wanted)
        seen = np.empty_like(points)
        seen[list(MANO_ORDER)] = 37.0 * points + [100, 200, 300]
        found = hand_rotation(rig, hand, seen)
        assert np.degrees(quaternion.angle(found[0], wanted[0])) < 0.01
        # A bone's roll about itself moves no point, so points are compared, not turns.
        assert np.linalg.norm(hand_local_keypoints(rig, hand, found) - points, axis=-1).max() < 0.002


# A fit at work.


def test_gestures_rest_where_the_person_does(known: Fit) -> None:
    motion = hands_before_the_chest(48)
    placed = place(known, motion)
    for hand in range(2):
        assert np.abs(resting_place(placed, hand) - known.wrist_position[hand]).max() < 0.02
    assert placed.source["placed"]["picture"] == "portrait.png"
    assert np.array_equal(placed.rotation, motion.rotation)


def test_strokes_stay_in_the_picture_and_small_ones_as_they_are(known: Fit, rig: Rig) -> None:
    motion = hands_before_the_chest(96)
    wide = motion.wrist_position.copy()
    stroke = np.sin(np.arange(96) / 96 * 2 * np.pi) ** 2 * (np.arange(96) > 48)
    wide[:, 0, 0] += 0.25 * stroke
    wide[:, 1, 1] += 0.02 * stroke
    moved = motion.replaced(wrist_position=wide)
    placed = place(known, moved)
    own = proportioned(rig, known.proportions)
    points, _ = known.camera.project(hand_keypoints(own, posed(known, placed)))
    assert (points >= 0).all()
    assert (points <= [known.width, known.height]).all()
    # It is still a stroke: the wrist goes out by much of the room there is.
    assert np.ptp(placed.wrist_position[:, 0, 0]) > 0.04
    jerk = np.abs(np.diff(placed.wrist_position, n=2, axis=0)).max()
    assert jerk <= 1.2 * np.abs(np.diff(moved.wrist_position, n=2, axis=0)).max()


def test_a_pose_on_the_characters_rig_becomes_the_persons_with_the_same_wrists(known: Fit, rig: Rig) -> None:
    motion = hands_before_the_chest(6)
    pose = solve_pose(rig, motion)
    person = refitted(known, pose)
    wrists = [rig.index("wrist.L"), rig.index("wrist.R")]
    assert np.abs(person.joint_position[:, wrists] - motion.wrist_position).max() < 1e-9
    assert np.abs(np.abs((person.joint_rotation * pose.joint_rotation).sum(-1))[:, wrists] - 1).max() < 1e-9
    own = proportioned(rig, known.proportions)
    for joint, parent in enumerate(own.parents):
        if parent >= 0:
            bone = np.linalg.norm(own.joint_position[joint] - own.joint_position[parent])
            lengths = np.linalg.norm(person.joint_position[:, joint] - person.joint_position[:, parent], axis=-1)
            assert np.allclose(lengths, bone, atol=1e-9), own.joint_names[joint]


def test_a_pose_that_leans_is_followed(known: Fit, rig: Rig) -> None:
    """Turned as a whole, as by the torso's control, the person's pose is that of the upright one, turned as a whole."""
    pose = solve_pose(rig, hands_before_the_chest(2))
    lean, root = quaternion.from_rotation_vector([0.2, 0.1, 0.0]), rig.joint_position[0]
    turned = replace(
        pose,
        joint_rotation=quaternion.multiply(lean, pose.joint_rotation),
        joint_position=quaternion.apply(lean, pose.joint_position - root) + root,
    )
    upright, leaning = refitted(known, pose), refitted(known, turned)
    assert np.allclose(quaternion.apply(lean, upright.joint_position - root) + root, leaning.joint_position, atol=1e-9)


def test_a_shot_in_a_portrait_keeps_the_persons_body_in_its_file(known: Fit, rig: Rig, tmp_path: Path) -> None:
    hands = hands_before_the_chest(2)
    still = FaceTrack(FPS, np.zeros((2, len(FACE_ACTIONS))))
    shot = Shot(hands, solve_pose(rig, hands), still, portrait_camera(rig, 64, 88))
    seen = in_portrait(known, shot, Media("portrait.png", b"bytes"), (64, 88))
    seen.save(tmp_path / "shot.zip")
    again = Shot.load(tmp_path / "shot.zip")
    assert again.proportions == known.proportions
    assert again.reference == Media("portrait.png", b"bytes")
    assert again.rig is proportioned(rig, known.proportions)
    assert again.camera.to_dict() == known.camera.resized(64, 88).to_dict()


def test_an_edited_wrist_moves_by_its_projection(known: Fit) -> None:
    hands = hands_before_the_chest(3)
    moved = hands.wrist_position.copy()
    moved[1, 0] += [0.0, 0.05, 0.0]
    still = FaceTrack(FPS, np.zeros((3, len(FACE_ACTIONS))))
    shots = [_shot(known, motion, still) for motion in (hands, hands.replaced(wrist_position=moved))]
    places = [np.array([maps.keypoints(shot, frame)[1][0, 0] for frame in range(3)]) for shot in shots]
    wanted, _ = known.camera.project(moved[:, 0])
    assert np.abs(places[1] - wanted).max() < 1e-6
    assert np.array_equal(places[0][[0, 2]], places[1][[0, 2]])


def _shot(fit: Fit, motion: HandMotion, face: FaceTrack) -> Shot:
    return Shot(motion, posed(fit, motion), face, fit.camera, proportions=fit.proportions)
