# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview of hands alone: no head, no trunk, and the hands near, in the picture in every frame."""

import numpy as np
import pytest

from chironomy.body.figures import hands_only
from chironomy.body.pose import solve_pose
from chironomy.body.skinning import skin
from chironomy.motion.hand_motion import HandMotion
from chironomy.shot.camera import close_up, portrait_camera
from chironomy.shot.errors import VideoError
from chironomy.shot.placement import own_camera
from chironomy.video.engines.previz import PrevizEngine

SIZES = [(256, 352), (320, 180), (180, 320)]


def first_frame(shot, **settings):
    return next(PrevizEngine().render(shot.replaced(settings=settings, frame_stop=1)))


def far_apart(frames=9):
    """Hands that go from below the chest to the sides and above the head."""
    ways = np.linspace(0.0, 1.0, frames)[:, None]
    left = np.array([0.12, -0.3, 0.25]) * (1 - ways) + np.array([0.45, 0.25, 0.2]) * ways
    position = np.stack([left, left * [-1.0, 0.5, 1.0]], axis=1)
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (frames, 2, 16, 1))
    return HandMotion(24.0, position, rotation, np.ones((frames, 2)))


def test_what_is_seen_is_hands_and_sleeves(shot):
    whole = first_frame(shot, backdrop="transparent")
    alone = first_frame(shot, figure="hands", backdrop="transparent")
    covered, before = alone[..., 3] > 0, whole[..., 3] > 0
    # Through the same camera they cover a part of what the whole covers, and nothing of the head.
    assert 0.02 < covered.sum() / before.sum() < 0.35
    assert (covered & ~before).sum() <= 0.01 * covered.sum()
    assert not covered[: round(0.3 * len(covered))].any()
    # The inner pixels of the hands have the light of the whole, but for the shade of what is gone.
    seen = alone[..., 3] == 255
    apart = np.abs(alone[seen][:, :3].astype(int) - whole[seen][:, :3])
    assert np.median(apart) <= 25


@pytest.mark.parametrize("size", SIZES)
def test_the_close_up_holds_every_hand_in_every_frame(rig, size):
    pose = solve_pose(rig, far_apart())
    camera = own_camera(rig, pose, *size, "hands")
    points = skin(hands_only(rig), pose.joint_rotation, pose.joint_position)
    pixels, _ = camera.project(points)
    assert np.isfinite(pixels).all()
    assert (pixels >= 0).all()
    assert (pixels <= size).all()
    # They fill it: to one tenth from side to side, or from top to bottom.
    spans = np.ptp(pixels.reshape(-1, 2), axis=0) / size
    assert spans.max() > 0.85
    assert camera.focal > portrait_camera(rig, *size).focal or size[0] < size[1]


def test_hands_that_hardly_move_are_not_blown_up(rig):
    camera = close_up(np.zeros((5, 3)), np.full(5, 0.03), 300, 300)
    near = camera.project(np.array([[0.0, 0.1, 0.0], [0.0, -0.1, 0.0]]))[0]
    assert np.ptp(near[:, 1]) < 0.6 * 300


def test_the_whole_character_is_seen_as_before(rig, shot):
    from chironomy.body.pose import hand_keypoints

    wanted = portrait_camera(rig, 256, 352).holding(hand_keypoints(rig, shot.pose))
    assert own_camera(rig, shot.pose, 256, 352, "whole").to_dict() == wanted.to_dict()


def test_another_figure_is_refused_in_a_sentence(shot):
    with pytest.raises(VideoError, match="figure is 'feet', but must be one of whole, hands"):
        first_frame(shot, figure="feet")
