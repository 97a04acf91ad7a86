# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps follow the tracks: an edit reaches its frame and no other, and a hand is drawn where it is."""

import numpy as np
import pytest

from chironomy.body.pose import solve_pose
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.video.maps import (
    HAND_EDGES,
    MAPS,
    OPENPOSE_ORDER,
    PART_COLOURS,
    WRIST_COLOURS,
    get_map,
    keypoint_map,
    keypoints,
    mano_map,
    write_maps,
)
from chironomy.work import Work


def with_hands(shot, rig, **fields):
    """The shot after an edit of its hands."""
    hands = shot.hands.replaced(**fields)
    return shot.replaced(hands=hands, pose=solve_pose(rig, hands))


def moved(shot, rig, hand, frame, offset):
    position = shot.hands.wrist_position.copy()
    position[frame, hand] += offset
    return with_hands(shot, rig, wrist_position=position)


def centre(mask):
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


def of_hand(image, hand):
    """Which pixels of a MANO map are purely in a colour of that hand."""
    return (image[:, :, None] == PART_COLOURS[hand]).all(axis=-1).any(axis=-1)


def test_openpose_order_names_every_point_once():
    assert sorted(OPENPOSE_ORDER) == list(range(21))
    assert len(HAND_EDGES) == 20
    assert HAND_EDGES[4:6] == ((0, 5), (5, 6))


def test_each_part_of_each_hand_has_its_own_colour():
    assert len(np.unique(PART_COLOURS.reshape(-1, 3), axis=0)) == 32


def test_both_hands_are_in_the_mano_map_on_their_sides(shot, rig):
    image = mano_map(shot, 0, rig)
    assert image.dtype == np.uint8
    assert image.shape == (352, 256, 3)
    assert centre(of_hand(image, 0))[0] > 128 > centre(of_hand(image, 1))[0]


WITHOUT_FINGERS = ("vace_pose", "face")


@pytest.mark.parametrize("name", [name for name in MAPS if name != "face"])
def test_one_edited_frame_changes_that_frames_map_only(shot, rig, name):
    draw = get_map(name).draw
    edited = moved(shot, rig, 1, 2, [0, 0.1, 0])
    changed = [frame for frame in range(6) if (draw(shot, frame) != draw(edited, frame)).any()]
    assert changed == [2]


# A finger before the belly is no part of the person's outline.
@pytest.mark.parametrize("name", [name for name in MAPS if name != "mask"])
def test_a_bent_finger_is_seen_where_fingers_are_shown(shot, rig, name):
    rotation = shot.hands.rotation.copy()
    rotation[1, 0, 2] = [np.cos(0.4), 0, 0, -np.sin(0.4)]
    bent = with_hands(shot, rig, rotation=rotation)
    changed = (get_map(name).draw(shot, 1) != get_map(name).draw(bent, 1)).any()
    assert changed == (name not in WITHOUT_FINGERS)


@pytest.mark.parametrize("name", MAPS)
def test_every_map_is_a_picture_of_the_shots_size_and_the_same_each_time(shot, name):
    first, second = get_map(name).draw(shot, 0), get_map(name).draw(shot, 0)
    assert first.dtype == np.uint8
    assert first.shape == (352, 256, 3)
    assert first.any()
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("name", "colour", "radius"),
    [
        ("echomimic", (255, 0, 0), 5),
        ("dwpose", (0, 0, 255), 9),
        ("vace_pose_hands", (255, 0, 0), 5),
        ("animate_pose", (0, 0, 255), 3),
    ],
)
@pytest.mark.parametrize("hand", [0, 1])
def test_skeletons_have_the_wrist_within_a_pixel_of_where_it_is(shot, rig, name, colour, radius, hand):
    edited = moved(shot, rig, hand, 3, [0.02, 0.11, 0.03])
    large = edited.replaced(camera=edited.camera.resized(1024, 1408))
    wanted, _ = large.camera.project(large.hands.wrist_position[3, hand])
    rows, columns = np.nonzero(np.abs(get_map(name).draw(large, 3).astype(int) - colour).max(axis=-1) < 8)
    disc = np.hypot(columns + 0.5 - wanted[0], rows + 0.5 - wanted[1]) < 2 * radius
    assert disc.sum() > radius**2
    assert np.abs(np.array([columns[disc].mean(), rows[disc].mean()]) + 0.5 - wanted).max() <= 1


def test_a_bent_finger_changes_only_its_own_hand(shot, rig):
    rotation = shot.hands.rotation.copy()
    rotation[1, 0, 2] = [np.cos(0.4), 0, 0, -np.sin(0.4)]
    before, after = mano_map(shot, 1, rig), mano_map(with_hands(shot, rig, rotation=rotation), 1, rig)
    columns = np.nonzero((before != after).any(axis=(0, 2)))[0]
    assert len(columns) > 0
    assert columns.min() > 128


@pytest.mark.parametrize("hand", [0, 1])
def test_the_wrist_is_drawn_within_a_pixel_of_where_it_is(shot, rig, hand):
    edited = moved(shot, rig, hand, 3, [0.02, 0.11, 0.03])
    wanted, _ = edited.camera.project(edited.hands.wrist_position[3, hand])
    image = keypoint_map(edited, 3, rig).astype(int)
    near = np.abs(image - WRIST_COLOURS[hand]).max(axis=-1) < 8
    rows, columns = np.nonzero(near)
    disc = np.hypot(columns + 0.5 - wanted[0], rows + 0.5 - wanted[1]) < 4
    assert disc.sum() >= 4
    assert np.abs(np.array([columns[disc].mean(), rows[disc].mean()]) + 0.5 - wanted).max() <= 1


def test_the_mano_map_moves_with_the_wrist(shot, rig):
    # A step along the picture's plane moves every point of the hand alike, to first order.
    step = [0.0, 0.06, 0.0]
    edited = moved(shot, rig, 1, 0, step)
    start, _ = shot.camera.project(shot.hands.wrist_position[0, 1])
    end, _ = shot.camera.project(edited.hands.wrist_position[0, 1])
    shift = centre(of_hand(mano_map(edited, 0, rig), 1)) - centre(of_hand(mano_map(shot, 0, rig), 1))
    np.testing.assert_allclose(shift, end - start, atol=1)


def test_the_nearer_hand_hides_the_other(shot, rig):
    position = shot.hands.wrist_position.copy()
    position[0, 0], position[0, 1] = [0.06, -0.2, 0.1], [-0.02, -0.2, 0.42]
    in_front = with_hands(shot, rig, wrist_position=position)
    alone = position.copy()
    alone[0, 0] += [0.3, 0, 0]
    right_alone = mano_map(with_hands(shot, rig, wrist_position=alone), 0, rig)
    both = mano_map(in_front, 0, rig)
    right = of_hand(right_alone, 1)
    assert (both[right] == right_alone[right]).all(axis=-1).mean() > 0.99
    assert of_hand(both, 0).sum() < of_hand(mano_map(shot, 0, rig), 0).sum()


def test_the_body_can_hide_the_hands(shot, rig):
    position = shot.hands.wrist_position.copy()
    position[0, 0] = [0.18, -0.4, -0.25]
    behind = with_hands(shot, rig, wrist_position=position)
    free, hidden = mano_map(behind, 0, rig), mano_map(behind, 0, rig, body_occludes=True)
    assert of_hand(hidden, 0).sum() < of_hand(free, 0).sum()


def test_a_hand_without_confidence_is_not_drawn(shot, rig):
    confidence = np.ones((6, 2))
    confidence[:, 0] = 0
    image = keypoint_map(with_hands(shot, rig, confidence=confidence), 0, rig).astype(int)
    assert not (np.abs(image - WRIST_COLOURS[0]).max(axis=-1) < 8).any()
    assert (np.abs(image - WRIST_COLOURS[1]).max(axis=-1) < 8).any()


def test_points_are_those_of_the_evaluated_rig(shot, rig):
    body, hands = keypoints(shot, 0, rig)
    assert body.shape == (12, 2)
    wanted, _ = shot.camera.project(shot.hands.wrist_position[0])
    np.testing.assert_allclose(hands[:, 0], wanted, atol=1e-6)


def test_a_frame_that_is_not_there_is_refused(shot, rig):
    with pytest.raises(VideoError, match="frame 6 was asked for"):
        mano_map(shot, 6, rig)


def test_an_unknown_map_lists_those_there_are():
    with pytest.raises(VideoError, match="there is no map 'dreams'; choose from mano, keypoints"):
        get_map("dreams")


@pytest.mark.parametrize("name", ["dwpose", "normal"])
def test_a_map_comes_back_from_its_video_to_the_bit(shot, tmp_path, name):
    write_maps(shot, tmp_path / "maps", [name])
    assert probe(tmp_path / "maps" / f"{name}.mp4").frame_count == 6
    for frame, read in enumerate(read_video_frames(tmp_path / "maps" / f"{name}.mp4")):
        np.testing.assert_array_equal(read, get_map(name).draw(shot, frame))


def test_a_render_that_is_stopped_leaves_no_description(shot, tmp_path):
    with pytest.raises(RenderCancelled):
        write_maps(shot, tmp_path / "maps", ["mask"], work=Work(cancelled=lambda: True))
    assert list((tmp_path / "maps").iterdir()) == []


def test_a_folder_with_maps_is_not_written_over(shot, tmp_path):
    write_maps(shot, tmp_path, ["mask"], "png")
    with pytest.raises(VideoError, match="mask is there already"):
        write_maps(shot, tmp_path, ["mask"], "png")


def test_a_shot_gives_the_same_files_again(shot, tmp_path):
    for folder in ("one", "two"):
        write_maps(shot.replaced(frame_stop=2), tmp_path / folder, ["mano", "echomimic_pose"])
    for name in ("mano.mp4", "echomimic_pose/0.npy", "echomimic_pose/1.npy", "maps.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
