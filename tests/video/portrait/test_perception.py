# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen on pictures of the character, where everything's place is known, by either library."""

import builtins
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from portraits import Sitter, landscape, sit

from chironomy.body.proportions import Proportions
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.anchors import fitted_hand_points, fitted_points
from chironomy.video.portrait.perception import SHOULDERS, WRISTS, Perceived, Perceiver


@pytest.fixture(scope="module", params=["mediapipe", "litert"])
def library(request: pytest.FixtureRequest) -> str:
    if request.param == "mediapipe":
        request.getfixturevalue("mediapipe")
    return request.param


@pytest.fixture(scope="module")
def perceiver(library: str) -> Iterator[Perceiver]:
    with Perceiver(by=library) as one:
        yield one


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    return sit(Proportions())


@pytest.fixture(scope="module")
def seen(perceiver: Perceiver, sitter: Sitter) -> Perceived:
    return perceiver(sitter.picture)


def test_the_characters_face_hands_and_pose_are_found_where_they_are(seen: Perceived, sitter: Sitter) -> None:
    assert seen.face_count == 1
    assert (seen.hand_scores > 0).all()
    truth = fitted_points(sitter.truth)
    for hand, side in enumerate(("left", "right")):
        shoulder = seen.pose[SHOULDERS[hand], :2] - truth[f"shoulder.{side}"]
        assert np.hypot(*shoulder) < 0.03 * seen.height
        assert np.hypot(*(seen.hands[hand, 0] - truth[f"wrist.{side}"])) < 0.025 * seen.height
    assert np.hypot(*(seen.face[1] - truth["nose"])) < 0.01 * seen.height
    misses = np.linalg.norm(seen.hands - fitted_hand_points(sitter.truth), axis=-1)
    assert misses.mean() < 0.01 * seen.height


def test_the_mask_is_the_person(seen: Perceived, sitter: Sitter) -> None:
    assert seen.mask.shape == sitter.picture.shape[:2]
    assert seen.mask.dtype == np.float32
    x, y = np.round(fitted_points(sitter.truth)["nose"]).astype(int)
    assert seen.mask[y, x] > 0.9
    assert seen.mask[5, 5] < 0.1


def test_in_a_mirror_left_and_right_change_places(perceiver: Perceiver, seen: Perceived, sitter: Sitter) -> None:
    mirrored = perceiver(np.ascontiguousarray(sitter.picture[:, ::-1]))
    for hand in range(2):
        assert np.hypot(*(mirrored.hands[hand, 0] - mirrored.pose[WRISTS[hand], :2])) < 0.04 * seen.height
        back = np.array([seen.width, 0]) - mirrored.hands[1 - hand, 0] * [1, -1]
        assert np.hypot(*(back - seen.hands[hand, 0])) < 0.03 * seen.height


def test_the_same_picture_gives_the_same(perceiver: Perceiver, seen: Perceived, sitter: Sitter) -> None:
    perceiver(landscape())
    again = perceiver(sitter.picture)
    for name in ("pose", "hands", "hand_world", "face", "mask"):
        assert np.array_equal(getattr(again, name), getattr(seen, name), equal_nan=True), name


def test_a_landscape_has_nobody(perceiver: Perceiver) -> None:
    nobody = perceiver(landscape())
    assert (nobody.face_count, nobody.face) == (0, None)
    assert np.isnan(nobody.hands).all()
    assert nobody.hand_scores.tolist() == [0, 0]


def test_tracking_follows_the_frames_of_a_video(sitter: Sitter, seen: Perceived, library: str) -> None:
    with Perceiver(tracking=True, mask=False, by=library) as tracker:
        for _ in range(3):
            found = tracker(sitter.picture)
    assert np.linalg.norm(found.face - seen.face, axis=-1).max() < 0.01 * seen.height
    assert np.nanmean(np.linalg.norm(found.hands - seen.hands, axis=-1)) < 0.02 * seen.height
    assert not found.mask.any()


def test_what_is_no_picture_is_named(perceiver: Perceiver) -> None:
    with pytest.raises(VideoError, match=r"float64 \(4, 4\), but must be uint8"):
        perceiver(np.zeros((4, 4)))


def test_nothing_is_said_on_standard_error(sitter: Sitter, library: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Perceiver(by=library) as quiet:
        quiet(sitter.picture)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("package", ["mediapipe", "ai_edge_litert"])
def test_a_library_that_cannot_be_loaded_is_named_with_its_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *arguments, **options):
        if name.startswith(package):
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return load(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(VideoError, match=r"pip install 'chironomy\[vision\]'"):
        Perceiver(by="mediapipe" if package == "mediapipe" else "litert")


def with_poster(picture: np.ndarray, size: float) -> np.ndarray:
    """The picture with a wall beside it, on which the sitter's face hangs, `size` times as large."""
    height, width = picture.shape[:2]
    face = Image.fromarray(picture[30:200, 180:340])
    poster = np.asarray(face.resize((round(face.width * size), round(face.height * size))))
    wide = np.full((height, width + poster.shape[1] + 40, 3), 190, np.uint8)
    wide[:, :width] = picture
    wide[20 : 20 + poster.shape[0], width + 20 : width + 20 + poster.shape[1]] = poster
    return wide


@pytest.mark.parametrize("size", [0.6, 1.0, 1.8])
def test_the_face_is_that_of_the_person_and_not_of_the_poster_beside(
    perceiver: Perceiver, sitter: Sitter, size: float
) -> None:
    seen = perceiver(with_poster(sitter.picture, size))
    assert seen.face is not None
    assert np.hypot(*(seen.face[1] - fitted_points(sitter.truth)["nose"])) < 0.02 * seen.height
    assert np.abs(seen.face_boxes[0] - [*seen.face.min(axis=0), *seen.face.max(axis=0)]).max() < 1


@pytest.mark.usefixtures("mediapipe")
def test_both_libraries_see_the_same(sitter: Sitter) -> None:
    # tools/bench_perception.py: the worst of all pictures that are well lit is 0.04 % of a hand.
    with Perceiver(by="mediapipe") as one, Perceiver(by="litert") as other:
        for picture in (sitter.picture, np.ascontiguousarray(sitter.picture[:, ::-1])):
            a, b = one(picture), other(picture)
            assert np.linalg.norm(a.face - b.face, axis=-1).max() < 0.001 * np.ptp(a.face, axis=0).max()
            for hand in range(2):
                apart = np.linalg.norm(a.hands[hand] - b.hands[hand], axis=-1)
                assert apart.max() < 0.002 * np.ptp(a.hands[hand], axis=0).max()
            assert np.abs(a.hand_world - b.hand_world).max() < 0.001
            assert np.abs(a.hand_scores - b.hand_scores).max() < 0.01
            visible = a.pose[:, 2] > 0.5
            width = np.linalg.norm(a.pose[SHOULDERS[0], :2] - a.pose[SHOULDERS[1], :2])
            assert np.linalg.norm((a.pose - b.pose)[visible, :2], axis=-1).max() < 0.002 * width
            assert np.abs((a.pose_world - b.pose_world)[visible]).max() < 0.005
            assert np.abs(a.pose[:, 2] - b.pose[:, 2]).max() < 0.01
            assert np.abs(a.face_boxes - b.face_boxes).max() < 0.5
            assert np.abs(a.mask - b.mask).max() < 0.05


@pytest.mark.usefixtures("mediapipe")
def test_both_libraries_follow_a_video_alike(sitter: Sitter) -> None:
    frames = [np.roll(sitter.picture, (2 * step, 5 * step), axis=(0, 1)) for step in (0, 1, 2, 1, 0, -1)]
    with (
        Perceiver(by="mediapipe", tracking=True, mask=False) as one,
        Perceiver(by="litert", tracking=True, mask=False) as other,
    ):
        for frame in frames:
            a, b = one(frame), other(frame)
            assert np.linalg.norm(a.face - b.face, axis=-1).max() < 0.5
            assert np.linalg.norm(a.hands - b.hands, axis=-1).max() < 1.5
            visible = a.pose[:, 2] > 0.5
            assert np.linalg.norm((a.pose - b.pose)[visible, :2], axis=-1).max() < 1
            assert np.abs((a.pose_world - b.pose_world)[visible]).max() < 0.01
            assert np.abs(a.pose[:, 2] - b.pose[:, 2]).max() < 0.02


def test_what_was_lost_is_found_anew(sitter: Sitter, seen: Perceived, library: str) -> None:
    with Perceiver(tracking=True, mask=False, by=library) as tracker:
        tracker(sitter.picture)
        for _ in range(2):
            nobody = tracker(landscape(*sitter.picture.shape[1::-1]))
        again = tracker(sitter.picture)
    assert nobody.hand_scores.tolist() == [0, 0]
    assert (again.hand_scores > 0).all()
    assert np.linalg.norm(again.hands - seen.hands, axis=-1).mean() < 0.02 * seen.height
    assert np.linalg.norm((again.pose - seen.pose)[list(SHOULDERS), :2], axis=-1).max() < 0.02 * seen.height
