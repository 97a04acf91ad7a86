# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview engine: the picture is the pose, and only what was edited changes."""

import itertools

import numpy as np
import pytest

from chironomy.body.pose import solve_pose
from chironomy.body.skinning import skin
from chironomy.motion import FaceTrack
from chironomy.motion.edit import offset_wrist
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import Camera
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.drawing.studio import Buffers, Mouth, Studio
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.engines.registry import engine_names, get_engine
from chironomy.work import Work


@pytest.fixture(scope="module")
def studio(rig, shot):
    return Studio(rig, shot.camera)


def drawn(shot, **fields):
    return list(PrevizEngine().render(shot.replaced(**fields)))


def points_of(shot, rig, frame, vertices):
    points = skin(rig, shot.pose.joint_rotation[frame], shot.pose.joint_position[frame], shot.face.values[frame])
    return shot.camera.project(points[vertices])[0]


def near_points(shape, points, radius):
    """Which pixels lie within `radius` of one of the points."""
    mask = np.zeros(shape, bool)
    for x, y in np.unique(np.floor(points), axis=0).astype(int):
        top, left = max(y - radius, 0), max(x - radius, 0)
        mask[top : y + radius + 1, left : x + radius + 1] = True
    return mask


def test_frames_are_pictures_of_the_asked_size(shot):
    frames = drawn(shot)
    assert len(frames) == 6
    for frame in frames:
        assert frame.shape == (352, 256, 3)
        assert frame.dtype == np.uint8
        assert 60 < frame.mean() < 190


def test_the_same_shot_gives_the_same_pixels_whatever_the_threads(shot):
    one, three = drawn(shot, settings={"threads": 1}), drawn(shot, settings={"threads": 3})
    assert all(np.array_equal(a, b) for a, b in zip(one, three, strict=True))


def test_drawing_uses_nothing_of_the_frame_before(shot, studio, rig):
    points = [skin(rig, shot.pose.joint_rotation[f], shot.pose.joint_position[f]) for f in (0, 5)]
    used = Buffers(shot.camera)
    studio.draw(points[1], used)
    assert np.array_equal(studio.draw(points[0], used), studio.draw(points[0]))


def test_an_open_mouth_changes_the_face_only(shot, rig):
    values = np.zeros((1, len(FACE_ACTIONS)))
    values[0, FACE_ACTIONS.index("jawOpen")] = 0.6
    one = shot.replaced(frame_stop=1)
    shut = drawn(one)[0].astype(int)
    spoken = shot.replaced(face=FaceTrack(shot.fps, np.repeat(values, 6, axis=0)), frame_stop=1)
    changed = np.abs(drawn(spoken)[0] - shut).max(axis=-1)
    vertices, _ = rig.action_offsets("jawOpen")
    jaw = near_points(changed.shape, points_of(spoken, rig, 0, vertices), 10)
    assert changed[jaw].max() > 60
    assert changed[~jaw].max() <= 12


def test_lips_that_close_hide_the_mouth(shot, rig, studio):
    """Dark red of the open mouth is seen between the lips, and is gone when they shut."""
    counts = []
    for opening in (0.0, 0.3, 0.6):
        values = np.zeros(len(FACE_ACTIONS))
        values[FACE_ACTIONS.index("jawOpen")] = opening
        points = skin(rig, shot.pose.joint_rotation[0], shot.pose.joint_position[0], values)
        inside = np.isin(studio.visible_faces(points), rig.region_faces("mouth", "teeth", "tongue", "gums"))
        counts.append(inside.sum())
    assert counts[0] < counts[1] < counts[2]
    assert counts[2] > 20 * max(counts[0], 1)


def close_up(rig, joint, down, width=0.06):
    """A camera a metre before a part of the face, level with it."""
    place = rig.joint_position[rig.index(joint)] - [0, down, 0]
    return Camera(200, 200, 200 / width, place + np.array([0, 0, 1]))


def region_seen(rig, camera, face, *regions):
    """How many pixels show one of some regions of the character, with some face actions at some values."""
    values = np.zeros(len(FACE_ACTIONS))
    for action, value in face.items():
        values[FACE_ACTIONS.index(action)] = value
    pose = np.tile([1.0, 0.0, 0.0, 0.0], (rig.joint_count, 1))
    seen = Studio(rig, camera).visible_faces(skin(rig, pose, rig.joint_position, values))
    return int(np.isin(seen, rig.region_faces(*regions)).sum())


@pytest.mark.parametrize(("eye", "action"), [("eye.L", "eyeBlinkLeft"), ("eye.R", "eyeBlinkRight")])
def test_a_whole_blink_just_hides_the_eye(rig, eye, action):
    camera, ball = close_up(rig, eye, 0), ("eye_white", "iris", "pupil")
    seen = [region_seen(rig, camera, {action: value}, *ball) for value in (0, 0.5, 0.8, 1)]
    assert seen[0] > seen[1] > seen[2] > 0
    assert seen[3] <= 0.01 * seen[0]


def test_closed_lips_show_no_teeth(rig):
    assert region_seen(rig, close_up(rig, "head", 0.027), {}, "teeth", "tongue", "mouth") <= 5


def test_it_is_darker_in_the_mouth_than_outside(rig):
    exposure = Mouth(rig).exposure(rig.vertices.astype(float))
    tongue, face = (np.unique(rig.faces[rig.region_faces(name)]) for name in ("tongue", "skin"))
    assert exposure[tongue].max() < 0.5
    assert exposure[face].min() == 1


def test_a_raised_right_wrist_changes_the_picture_around_the_right_arm_only(shot, rig):
    raised = offset_wrist(shot.hands, "right", 3 / shot.fps, 1.5 / shot.fps, [0, 0.1, 0])
    edited = shot.replaced(hands=raised, pose=solve_pose(rig, raised))
    before, after = drawn(shot), drawn(edited)
    assert np.array_equal(before[0], after[0])
    changed = np.abs(before[3].astype(int) - after[3]).max(axis=-1)
    arm = np.isin(rig.weight_joint, [*rig.arm_joints("right"), *rig.hand_joints("right")])
    vertices = np.flatnonzero((arm * rig.weight).sum(axis=1) > 0.05)
    places = np.concatenate([points_of(take, rig, 3, vertices) for take in (shot, edited)])
    around = near_points(changed.shape, places, 12)
    assert (changed[around] > 40).sum() > 500
    # Beyond the arm there is at most the faint shadow that it casts.
    assert changed[~around].max() <= 40
    assert (changed[~around] > 12).mean() < 0.02


def test_hands_stand_out_from_the_clothes_behind_them(shot, rig, studio):
    points = skin(rig, shot.pose.joint_rotation[0], shot.pose.joint_position[0])
    picture, faces = studio.draw(points).astype(float), studio.visible_faces(points)
    hand = rig.weight_joint[:, 0][rig.faces[:, 0]]
    skin_faces = np.isin(hand, rig.hand_joints("right")) & np.isin(np.arange(len(rig.faces)), rig.region_faces("skin"))
    on_hand = np.isin(faces, np.flatnonzero(skin_faces))
    on_top = np.isin(faces, rig.region_faces("top"))
    assert np.linalg.norm(picture[on_hand].mean(axis=0) - picture[on_top].mean(axis=0)) > 80


def test_frames_come_one_by_one_and_progress_with_them(shot):
    progress = []
    frames = PrevizEngine().render(shot, Work(lambda done, *_: progress.append(done)))
    assert progress == []
    next(frames)
    frames.close()
    list(PrevizEngine().render(shot, Work(lambda done, *_: progress.append(done))))
    assert progress[-1] == 1
    assert progress == sorted(progress)


def test_a_render_stops_between_frames(shot):
    answers = iter([False, False, False, True, True, True, True])
    frames = PrevizEngine().render(shot.replaced(settings={"threads": 1}), Work(cancelled=lambda: next(answers)))
    with pytest.raises(RenderCancelled):
        list(frames)


def test_only_the_asked_range_is_rendered(shot):
    whole, part = drawn(shot), drawn(shot, frame_start=2, frame_stop=4)
    assert len(part) == 2
    assert np.array_equal(part[0], whole[2])


def test_an_engine_says_what_it_needs(shot):
    engine = get_engine("previz")
    needs = engine.requirements(shot)
    assert engine.name == "previz"
    assert needs.weights == ()
    assert needs.device == "cpu"
    assert 1 << 26 < needs.memory_bytes < 1 << 30
    assert "GPL-3.0" in needs.licence


def test_an_unknown_engine_is_refused_with_the_known_ones():
    assert engine_names()[0] == "previz"
    with pytest.raises(VideoError, match="no engine 'vhs'; choose one of previz"):
        get_engine("vhs")


def test_a_wrong_setting_is_named(shot):
    with pytest.raises(VideoError, match="threads is 0"):
        drawn(shot, settings={"threads": 0})


def test_a_hand_near_the_body_darkens_it(shot, rig):
    """Ambient occlusion: the same patch of cloth is darker under a hand that comes close."""
    camera = shot.camera
    studio = Studio(rig, camera)
    brightness = []
    for away in (0.30, 0.17):
        hands = shot.hands.replaced(wrist_position=np.tile([[0.02, -0.3, away], [-0.3, -0.4, 0.1]], (6, 1, 1)))
        pose = solve_pose(rig, hands)
        buffers = Buffers(camera)
        points = skin(rig, pose.joint_rotation[0], pose.joint_position[0])
        studio.draw(points, buffers)
        top = np.isin(studio.visible_faces(points), rig.region_faces("top"))[::2, ::2]
        middle = camera.project([0.0, -0.3, 0.1])[0] / 2
        rows, columns = np.indices(top.shape)
        around = top & (np.hypot(columns - middle[0], rows - middle[1]) < 0.12 * camera.focal / 2.8 / 2)
        brightness.append(buffers.soft[..., 1][around].mean())
    assert brightness[1] < brightness[0] - 0.03
    assert brightness[0] < 1


def test_occlusion_lies_between_dark_and_open_and_has_no_grain(shot, rig, studio):
    buffers = Buffers(shot.camera)
    points = skin(rig, shot.pose.joint_rotation[0], shot.pose.joint_position[0])
    studio.draw(points, buffers)
    room = buffers.soft[..., 1]
    assert room.min() >= 0
    assert room.max() == 1
    # On the breast, which is smooth, neighbours differ by less than the eye sees.
    x, y = (shot.camera.project([0.0, -0.12, 0.1])[0] / 2).astype(int)
    patch = room[y - 6 : y + 6, x - 6 : x + 6]
    assert np.abs(np.diff(patch, axis=0)).max() < 0.02
    assert np.abs(np.diff(patch, axis=1)).max() < 0.02


def test_what_does_not_move_does_not_flicker(shot, rig, studio):
    """Only what the moving hand covers, shades or touches changes from frame to frame."""
    frames = [
        studio.draw(skin(rig, shot.pose.joint_rotation[f], shot.pose.joint_position[f])).astype(int) for f in range(4)
    ]
    still = shot.camera.project(rig.joint_position[rig.index("head")])[0].astype(int)
    around = (slice(still[1] - 40, still[1] + 10), slice(still[0] - 25, still[0] + 25))
    for before, after in itertools.pairwise(frames):
        assert np.abs(after - before)[around].max() <= 1


def test_highlights_do_not_burn_out(shot):
    frame = drawn(shot)[0]
    assert (frame.min(axis=-1) >= 250).mean() < 0.001
