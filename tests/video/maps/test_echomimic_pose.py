# SPDX-License-Identifier: GPL-3.0-or-later
"""EchoMimicV2's pose folder: what we write is of the form that its own files have, and both draw by one function."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from chironomy.body.pose import solve_pose
from chironomy.shot.errors import VideoError
from chironomy.video.maps import draw_hands, echomimic_map, pose_picture, read_pose, skeleton, write_pose_folder
from chironomy.video.maps.echomimic_pose import draw_pose_params, pack_pose, pose_fields

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def their_poses():
    """Pose files of EchoMimicV2's own; tests that need them are skipped without them."""
    folder = Path(os.environ.get("CHIRONOMY_POSES", REPOSITORY.parent / "shared" / "echomimic_v2_pose"))
    if not folder.is_dir():
        pytest.skip("no folder of EchoMimicV2's pose files beside the checkout")
    return [read_pose(path) for path in sorted(folder.glob("*.npy"))]


@pytest.fixture
def folder(shot, tmp_path):
    assert write_pose_folder(shot, tmp_path / "pose") == 6
    return tmp_path / "pose"


def form(value):
    """Keys, types, shapes and number types, all the way down."""
    if isinstance(value, dict):
        return {key: form(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [form(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str)
    return type(value).__name__


FORM = {
    "bodies": {"candidate": ((18, 2), "<f8"), "score": ((1, 18), "<f8"), "subset": ((1, 18), "<f8")},
    "draw_pose_params": ["int"] * 6,
    "faces": ((1, 68, 2), "<f8"),
    "faces_score": ((1, 68), "<f8"),
    "hands": ((2, 21, 2), "<f8"),
    "hands_score": ((2, 21), "<f8"),
    "num": "int",
}
"""Of each of EchoMimicV2's own files."""


def test_our_files_have_the_form_of_theirs(shot, folder):
    for number in range(6):
        ours = read_pose(folder / f"{number}.npy")
        assert form(ours) == FORM
        assert ours["num"] == number


def test_their_files_have_that_form(their_poses):
    assert [form(pose) for pose in their_poses] == [FORM] * len(their_poses)


def test_our_values_are_in_the_range_of_theirs(shot, folder, their_poses):
    ours = read_pose(folder / "0.npy")
    for name in ("hands", "faces"):
        assert 0 < ours[name].min() < ours[name].max() < 1
    for name in ("hands_score", "faces_score"):
        assert ours[name].min() > 0.8
        assert abs(ours[name].max() - np.median([pose[name].max() for pose in their_poses])) < 0.15
    for pose in (ours, *their_poses):
        body = pose["bodies"]
        np.testing.assert_array_equal(body["subset"], np.where(body["score"] > 0.3, np.arange(18), -1))


def test_their_hands_and_ours_are_the_same_way_round(folder, their_poses):
    for pose in (read_pose(folder / "0.npy"), their_poses[0]):
        left_wrist, right_wrist = pose["bodies"]["candidate"][[7, 4]]
        assert np.abs(pose["hands"][0, 0] - left_wrist).max() < 0.02
        assert np.abs(pose["hands"][1, 0] - right_wrist).max() < 0.03
        assert pose["faces"][0, 0, 0] < pose["faces"][0, 16, 0]
        assert pose["faces"][0, 8, 1] == pose["faces"][0, :, 1].max()


def test_their_project_can_read_our_files_with_plain_numpy(folder):
    fields = np.load(folder / "3.npy", allow_pickle=True).tolist()
    assert fields["draw_pose_params"] == [768, 559, 0, 768, 105, 664]


def test_points_are_parts_of_the_picture(shot):
    fields, seen = pose_fields(shot, 2, 0), skeleton(shot, 2)
    np.testing.assert_allclose(fields["hands"] * [shot.width, shot.height], seen.hands)
    np.testing.assert_allclose(fields["faces"][0] * [shot.width, shot.height], seen.face)


def test_a_hand_that_is_not_wanted_has_its_confidence_as_its_score(shot):
    hands = shot.hands.replaced(confidence=np.tile([0.25, 0.75], (6, 1)))
    fields = pose_fields(shot.replaced(hands=hands), 0, 0)
    assert set(fields["hands_score"][0]) == {0.25}
    assert set(fields["hands_score"][1]) == {0.75}
    assert fields["bodies"]["subset"][0, [7, 4]].tolist() == [-1, 4]


def test_one_edited_frame_changes_its_file_only(shot, rig, folder, tmp_path):
    rotation = shot.hands.rotation.copy()
    rotation[4, 1] = rotation[0, 0]
    hands = shot.hands.replaced(rotation=rotation)
    write_pose_folder(shot.replaced(hands=hands, pose=solve_pose(rig, hands)), tmp_path / "edited")
    changed = [
        number
        for number in range(6)
        if (folder / f"{number}.npy").read_bytes() != (tmp_path / "edited" / f"{number}.npy").read_bytes()
    ]
    assert changed == [4]


def test_frames_count_from_nought_where_the_shot_begins_later(shot, tmp_path):
    write_pose_folder(shot.replaced(frame_start=4), tmp_path / "pose")
    assert sorted(path.name for path in (tmp_path / "pose").iterdir()) == ["0.npy", "1.npy"]
    np.testing.assert_array_equal(read_pose(tmp_path / "pose" / "0.npy")["hands"], pose_fields(shot, 4, 0)["hands"])


@pytest.mark.parametrize(
    ("width", "height", "params"),
    [
        (768, 768, [768, 768, 0, 768, 0, 768]),
        (512, 704, [768, 559, 0, 768, 105, 664]),
        (704, 512, [559, 768, 105, 664, 0, 768]),
    ],
)
def test_a_picture_goes_into_the_middle_of_the_square(width, height, params):
    assert draw_pose_params(width, height) == params


def test_their_points_are_drawn_red_where_they_are(their_poses):
    pose = their_poses[0]
    image = draw_hands(pose["hands"], pose["hands_score"], 768, 768)
    for place in pose["hands"][1]:  # the hand that is drawn over the other
        column, row = np.floor(place * 768).astype(int)
        red, green, blue = image[row, column]
        assert red > 200
        assert max(green, blue) < 10


def test_the_same_points_from_a_file_and_from_the_tracks_make_the_same_map(shot, folder):
    pose = read_pose(folder / "5.npy")
    drawn = draw_hands(pose["hands"], pose["hands_score"], shot.width, shot.height)
    np.testing.assert_array_equal(drawn, echomimic_map(shot, 5))


def test_a_pose_file_is_drawn_into_the_models_square(shot, folder):
    fields = read_pose(folder / "0.npy")
    square = pose_picture(fields)
    assert square.shape == (768, 768, 3)
    _, _, top, bottom, left, right = fields["draw_pose_params"]
    inside = draw_hands(fields["hands"], fields["hands_score"], right - left, bottom - top)
    np.testing.assert_array_equal(square[top:bottom, left:right], inside)
    assert not square[:, :left].any()
    wrist = fields["hands"][1, 0] * [right - left, bottom - top] + [left, top]
    column, row = np.floor(wrist).astype(int)
    assert tuple(square[row, column]) == (255, 0, 0)


@pytest.mark.parametrize("params", [[768, 768, 0, 768, 0], [768, 800, 0, 768, 0, 800], [768, 768, 0, 700, 0, 768]])
def test_a_place_outside_the_square_is_refused(shot, params):
    fields = {**pose_fields(shot, 0, 0), "draw_pose_params": params}
    with pytest.raises(VideoError, match="draw_pose_params is"):
        pose_picture(fields)


def test_bones_are_as_bright_as_both_their_points_are_sure():
    points = np.full((1, 21, 2), -1.0)
    points[0, 0], points[0, 1] = [0.25, 0.5], [0.75, 0.5]
    scores = np.ones((1, 21))
    scores[0, 0], scores[0, 1] = 0.5, 0.8
    image = draw_hands(points, scores, 800, 800)
    assert tuple(image[400, 400]) == (0, 0, 102), "the first hue is red, which is blue once BGR is read as RGB"
    assert tuple(image[400, 200]) == (128, 0, 0)
    assert tuple(image[400, 600]) == (204, 0, 0)


def test_points_beyond_the_first_column_are_left_out_with_their_bones():
    points = np.full((1, 21, 2), -1.0)
    points[0, 0], points[0, 1] = [0.5, 0.5], [0.0005, 0.5]
    image = draw_hands(points, np.ones((1, 21)), 800, 800)
    columns = np.nonzero(image.any(axis=(0, 2)))[0]
    assert (columns.min(), columns.max()) == (396, 403)


@pytest.mark.parametrize(("points", "scores"), [((2, 20, 2), (2, 20)), ((2, 21, 2), (2, 20)), ((21, 2), (21,))])
def test_hands_of_another_shape_are_refused(points, scores):
    with pytest.raises(VideoError, match="but must be"):
        draw_hands(np.zeros(points), np.zeros(scores), 64, 64)


class _Runs:
    """Unpickles by running a command."""

    def __reduce__(self):
        return os.system, ("echo unpickled",)


@pytest.mark.parametrize("content", [{"hands": _Runs()}, {"hands": 1}, [1]])
def test_only_arrays_are_unpickled(tmp_path, capfd, content):
    path = tmp_path / "0.npy"
    path.write_bytes(pack_pose(content))
    with pytest.raises(VideoError, match=r"0\.npy is not a pose file of EchoMimicV2"):
        read_pose(path)
    assert "unpickled" not in capfd.readouterr().out


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "0.npy").write_bytes(pickle.dumps({"hands": 1}))
    with pytest.raises(VideoError, match="is not a pose file"):
        read_pose(tmp_path / "0.npy")
    with pytest.raises(VideoError, match="cannot be read"):
        read_pose(tmp_path / "1.npy")


def test_a_folder_with_files_in_it_is_left_alone(shot, folder):
    with pytest.raises(VideoError, match="is not empty"):
        write_pose_folder(shot, folder)
