# SPDX-License-Identifier: GPL-3.0-or-later
"""The library of hand poses on the character's own mesh: possible for a hand, and told from each other; own poses."""

import io
import itertools
import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chironomy.body import load_rig, skin, solve_pose, vertex_normals
from chironomy.body.joint_limits import limit_violation
from chironomy.body.pose import hand_local_keypoints
from chironomy.errors import ChironomyError
from chironomy.gesture.repertoire.hand_picture import PICTURE_SIZE, draw_hand
from chironomy.gesture.repertoire.hand_poses import HAND_POSES, mirrored
from chironomy.gesture.repertoire.hand_shapes import SHAPES, fingers_of_shape
from chironomy.gesture.repertoire.own_hand_poses import (
    PREFIX,
    delete_own_pose,
    load_own_pose,
    load_own_poses,
    save_own_pose,
)
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion
from chironomy.shot.small_picture import png

RIG = load_rig()
FINGERS = ("index", "middle", "pinky", "ring", "thumb")
MOVER = RIG.weight_joint[np.arange(RIG.vertex_count), RIG.weight.argmax(axis=1)]


def rotation_of(name: str) -> np.ndarray:
    """(2, 16, 4) both hands in a pose."""
    return np.concatenate([np.tile(quaternion.IDENTITY, (2, 1, 1)), HAND_POSES[name].fingers], axis=1)


@lru_cache(maxsize=4)
def mesh_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The character's vertices and their normals with both hands in a pose."""
    place = np.array([[[0.3, -0.2, 0.25], [-0.3, -0.2, 0.25]]])
    pose = solve_pose(RIG, HandMotion(24.0, place, rotation_of(name)[None], np.ones((1, 2))))
    vertices = skin(RIG, pose.joint_rotation, pose.joint_position)
    return vertices[0].astype(np.float64), vertex_normals(vertices, RIG.faces)[0].astype(np.float64)


def joints(hand: str, finger: str, numbers: tuple[int, ...]) -> np.ndarray:
    return RIG.hand_joints(hand)[[MANO_JOINTS.index(f"{finger}{number}") for number in numbers]]


def winding(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """How often triangles (F, 3, 3) go around points (P, 3): 1 inside, 0 outside (Van Oosterom and Strackee 1983)."""
    a, b, c = (triangles[None, :, corner] - points[:, None] for corner in range(3))
    la, lb, lc = (np.linalg.norm(side, axis=-1) for side in (a, b, c))
    volume = np.sum(a * np.cross(b, c), axis=-1)
    angle = la * lb * lc + np.sum(a * b, -1) * lc + np.sum(b * c, -1) * la + np.sum(c * a, -1) * lb
    return 2.0 * np.arctan2(volume, angle).sum(axis=1) / (4.0 * np.pi)


def depth(name: str, hand: str, finger: str, other: str) -> float:
    """Millimetres by which the outer two bones of a finger are inside another finger at most."""
    vertices, _ = mesh_of(name)
    own = vertices[np.isin(MOVER, joints(hand, finger, (2, 3)))]
    # The thumb's first bone lies in the palm.
    solid = np.isin(MOVER, joints(hand, other, (2, 3) if other == "thumb" else (1, 2, 3)))
    triangles = vertices[RIG.faces[solid[RIG.faces].any(axis=1)]]
    near = own[np.linalg.norm(own[:, None] - vertices[solid][None], axis=-1).min(axis=1) < 0.02]
    if not len(near):
        return 0.0
    inside = near[winding(near, triangles) > 0.5]
    if not len(inside):
        return 0.0
    weights = np.array([(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)]) / 4.0
    surface = np.einsum("bk,tkx->tbx", weights, triangles).reshape(-1, 3)
    return 1000 * float(np.linalg.norm(inside[:, None] - surface[None], axis=-1).min(axis=1).max())


def test_there_are_two_dozen_poses_with_names_of_their_own() -> None:
    assert len(HAND_POSES) >= 24
    for part in ("name", "label", "description"):
        assert len({getattr(pose, part) for pose in HAND_POSES.values()}) == len(HAND_POSES)
    for name, pose in HAND_POSES.items():
        assert name == pose.name
        assert pose.tags
        assert not pose.description.endswith(".")
        assert not name.startswith(PREFIX)


@pytest.mark.parametrize("name", HAND_POSES)
def test_every_pose_is_within_the_limits_of_a_hand(name: str) -> None:
    assert limit_violation(rotation_of(name)).max() == 0.0


@pytest.mark.parametrize("name", HAND_POSES)
def test_the_right_hand_is_the_mirror_image_of_the_left(name: str) -> None:
    left, right = HAND_POSES[name].fingers
    np.testing.assert_array_equal(mirrored(mirrored(left)), left)
    points = [
        hand_local_keypoints(RIG, hand, np.concatenate([[quaternion.IDENTITY], fingers]))
        for hand, fingers in enumerate((left, right))
    ]
    # The character's own hands differ by less than this.
    assert np.abs(points[1] - points[0] * [-1.0, 1.0, 1.0]).max() < 5e-4


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", HAND_POSES)
def test_no_finger_goes_more_than_skin_gives_into_another(name: str, hand: str) -> None:
    for finger, other in itertools.permutations(FINGERS, 2):
        assert depth(name, hand, finger, other) < 3.0, (finger, other)


def test_every_two_poses_are_seen_to_differ() -> None:
    tips = {name: hand_local_keypoints(RIG, 1, rotation_of(name)[1])[-5:] for name in HAND_POSES}
    for one, two in itertools.combinations(tips, 2):
        # A fingertip is 1.6 cm wide.
        assert np.linalg.norm(tips[one] - tips[two], axis=-1).max() > 0.016, (one, two)


def test_what_talk_has_a_shape_for_is_that_shape() -> None:
    for name, shape in (("fist", "fist"), ("point", "point"), ("ring", "ring"), ("blade", "flat"), ("cup", "cupped")):
        np.testing.assert_allclose(
            HAND_POSES[name].fingers, fingers_of_shape(np.stack([SHAPES[shape]] * 2)), atol=1e-12
        )


def test_pads_that_hold_something_small_meet() -> None:
    for name, other in (("pinch", "index"), ("precision", "index"), ("ring", "index"), ("bunch", "middle")):
        vertices, _ = mesh_of(name)
        thumb, finger = (vertices[np.isin(MOVER, joints("left", part, (3,)))] for part in ("thumb", other))
        assert np.linalg.norm(thumb[:, None] - finger[None], axis=-1).min() < 0.003, name


def test_the_library_needs_neither_torch_nor_scipy() -> None:
    script = (
        "import sys; from chironomy.gesture.repertoire import own_hand_poses; "
        "print(sorted({'torch', 'scipy', 'numba', 'bpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def some_fingers() -> np.ndarray:
    return HAND_POSES["shaka"].left


def test_an_own_pose_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = save_own_pose(tmp_path / "poses", "  Grüß  Gott!  ", some_fingers())
    assert saved.label == "Grüß Gott!"
    found, faults = load_own_poses(tmp_path / "poses")
    assert (list(found), faults) == ([saved.name], [])
    np.testing.assert_allclose(found[saved.name].left, some_fingers(), atol=1e-8)
    delete_own_pose(tmp_path / "poses", saved.label)
    assert load_own_poses(tmp_path / "poses") == ({}, [])


def test_a_taken_name_is_refused_and_overwritten_when_that_is_asked_for(tmp_path: Path) -> None:
    save_own_pose(tmp_path, "Tea", some_fingers())
    with pytest.raises(ChironomyError, match="there is a pose 'tea' already; give another name, or choose Overwrite"):
        save_own_pose(tmp_path, "tea", HAND_POSES["fist"].left)
    save_own_pose(tmp_path, "Tea", HAND_POSES["fist"].left, overwrite=True)
    np.testing.assert_allclose(load_own_pose(tmp_path / "hand-tea.json").left, HAND_POSES["fist"].left, atol=1e-8)
    with pytest.raises(ChironomyError, match="the library has a pose 'fist'; give another name"):
        save_own_pose(tmp_path, "fist", some_fingers(), overwrite=True)
    for empty in ("", "   ", "\x07"):
        with pytest.raises(ChironomyError, match="give the pose a name first"):
            save_own_pose(tmp_path, empty, some_fingers())


def test_a_file_that_somebody_renamed_is_still_the_pose_of_its_label(tmp_path: Path) -> None:
    save_own_pose(tmp_path, "Tea", some_fingers())
    (tmp_path / "hand-tea.json").rename(tmp_path / "hand-from a friend.json")
    with pytest.raises(ChironomyError, match="there is a pose 'Tea' already"):
        save_own_pose(tmp_path, "Tea", some_fingers())
    save_own_pose(tmp_path, "Tea", HAND_POSES["fist"].left, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["hand-tea.json"]
    (tmp_path / "hand-tea.json").rename(tmp_path / "hand-other.json")
    delete_own_pose(tmp_path, "Tea")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "chironomy.hand_pose/9"}, "was made by a newer Chironomy"),
        ({"format": "chironomy.hands/1"}, "is not a hand pose"),
        ({"label": 3}, "label is 3, but must be a name"),
        ({"left": [[1, 0, 0, 0]]}, r"left has the shape \(1, 4\), but must be 15 quaternions of 4 numbers"),
        ({"left": [[2, 0, 0, 0]] * 15}, "left holds a quaternion that is not of length 1"),
        ({"left": [[1e300, 0, 0, 0]] * 15}, "left holds a quaternion that is not of length 1"),
        ({"left": [["1", {}, 0, 0]] * 15}, "left has the shape"),
        ({"left": None}, "left has the shape"),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence_and_the_others_are_read(
    tmp_path: Path, change: dict, sentence: str
) -> None:
    save_own_pose(tmp_path, "Good", some_fingers())
    save_own_pose(tmp_path, "Bad", some_fingers())
    path = tmp_path / "hand-bad.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    found, faults = load_own_poses(tmp_path)
    assert [pose.label for pose in found.values()] == ["Good"]
    assert len(faults) == 1
    assert "\n" not in faults[0]
    with pytest.raises(ChironomyError, match=sentence):
        load_own_pose(path)
    assert "hand-bad.json" in faults[0]


def test_a_file_that_is_no_text_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "hand-x.json").write_bytes(b"\xff\xfe\x00")
    assert load_own_poses(tmp_path)[1] == [
        "hand-x.json is no JSON: it is not text in UTF-8; save the pose again, or delete the file"
    ]


def test_a_pose_is_drawn_as_the_shipped_picture_shows_it() -> None:
    folder = Path(__file__).resolve().parents[2] / "blender_addon" / "poses"
    for name in ("fist", "spread", "pen"):
        drawn = np.asarray(Image.open(io.BytesIO(png(draw_hand(RIG, HAND_POSES[name])))))
        shipped = np.asarray(Image.open(folder / f"{name}.png"))
        assert drawn.shape == shipped.shape == (PICTURE_SIZE, PICTURE_SIZE, 4)
        covered = [picture[..., 3] > 127 for picture in (drawn, shipped)]
        assert np.count_nonzero(covered[0] & covered[1]) > 0.95 * np.count_nonzero(covered[0] | covered[1])
        both = covered[0] & covered[1]
        assert np.abs(drawn[both].mean(axis=0) - shipped[both].mean(axis=0)).max() < 30
        # No hole shows what is behind: inside of the outline everything is opaque.
        around = np.lib.stride_tricks.sliding_window_view(covered[0], (3, 3)).all(axis=(2, 3))
        assert np.mean(drawn[1:-1, 1:-1, 3][around] == 255) > 0.99


def test_the_shipped_pictures_are_those_of_the_library_and_light() -> None:
    folder = Path(__file__).resolve().parents[2] / "blender_addon" / "poses"
    assert {path.stem for path in folder.glob("*.png")} == set(HAND_POSES)
    assert sum(path.stat().st_size for path in folder.glob("*.png")) < 400_000
