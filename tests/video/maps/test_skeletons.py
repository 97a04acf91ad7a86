# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole-body skeletons: every point is where that part of the character is, in each tool's colours and widths."""

from dataclasses import replace

import numpy as np
import pytest

from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError
from chironomy.video.engines.previz import Studio
from chironomy.video.maps import animate_pose_map, dwpose_map, skeleton, vace_pose_map
from chironomy.video.maps.frame import vertices_at
from chironomy.video.maps.landmarks import EAR_VERTICES, FACE_VERTICES
from chironomy.video.maps.skeleton import BODY_NAMES

POINT = {name: index for index, name in enumerate(BODY_NAMES)}

BEHIND = np.array([0.0, 0.0, 1.0, 0.0])
"""Half a turn about the vertical."""


def acting(shot, **actions):
    """The shot with face actions held throughout."""
    values = np.zeros((shot.hands.frame_count, len(FACE_ACTIONS)))
    for name, value in actions.items():
        values[:, FACE_ACTIONS.index(name)] = value
    return shot.replaced(face=FaceTrack(shot.fps, values))


def seen_by(shot, camera):
    return shot.replaced(camera=camera)


def whole_body(shot):
    return seen_by(shot, Camera(600, 900, 1300.0, np.array([0.0, -0.5, 3.2])))


def at(image, point):
    column, row = np.floor(point).astype(int)
    return tuple(image[row, column])


def unsure(shot, left, right):
    confidence = np.tile([left, right], (shot.hands.frame_count, 1))
    return shot.replaced(hands=shot.hands.replaced(confidence=confidence))


@pytest.mark.parametrize("part", ["shoulder", "elbow", "wrist", "hip", "eye", "ear"])
def test_the_persons_left_is_on_the_pictures_right(shot, part):
    body = skeleton(shot, 0).body
    assert body[POINT[f"left_{part}"], 0] > shot.width / 2 > body[POINT[f"right_{part}"], 0]


def test_the_body_is_in_its_order_from_top_to_bottom(shot):
    seen = skeleton(whole_body(shot), 0)
    rows = [seen.body[POINT[name], 1] for name in ("left_eye", "nose", "neck", "left_hip", "left_knee", "left_ankle")]
    assert rows == sorted(rows)
    assert seen.toes[0, 1] > rows[-1]
    assert seen.body_score.min() == seen.toes_score.min() == 1


def test_the_neck_is_midway_between_the_shoulders(shot):
    body = skeleton(shot, 0).body
    middle = (body[POINT["left_shoulder"]] + body[POINT["right_shoulder"]]) / 2
    np.testing.assert_allclose(body[POINT["neck"]], middle)


def test_the_wrists_of_body_and_hands_are_one(shot):
    seen = skeleton(shot, 0)
    for hand, name in enumerate(("left_wrist", "right_wrist")):
        np.testing.assert_allclose(seen.body[POINT[name]], seen.hands[hand, 0], atol=1e-9)


def test_points_far_outside_the_picture_are_not_reported(shot):
    seen = skeleton(shot, 0)
    assert seen.body[POINT["left_ankle"], 1] > 1.1 * shot.height
    assert seen.body_score[POINT["left_ankle"]] == 0


def test_face_points_lie_on_the_parts_they_are_named_after(rig):
    regions = {name: set(np.unique(rig.faces[rig.region_faces(name)])) for name in ("lips", "brows", "skin")}
    assert set(FACE_VERTICES[17:27]) <= regions["brows"]
    assert set(FACE_VERTICES[48:68]) <= regions["lips"]
    assert set(FACE_VERTICES[:17] + FACE_VERTICES[27:48] + EAR_VERTICES) <= regions["skin"]
    points = rig.vertices[list(FACE_VERTICES)].astype(float)
    skin = rig.vertices[sorted(regions["skin"])]
    nose = skin[(np.abs(skin[:, 0]) < 0.03) & (skin[:, 1] > 0.18) & (skin[:, 1] < 0.24)]
    assert points[30, 2] == pytest.approx(nose[:, 2].max(), abs=1e-4)
    for eye, lids in (("eye.R", slice(36, 42)), ("eye.L", slice(42, 48))):
        away = np.linalg.norm(points[lids] - rig.joint_position[rig.index(eye)], axis=1)
        assert away.max() < 0.022, "the lids are on the eyeball, whose radius is 16 mm"
        assert points[lids, 1].max() > rig.joint_position[rig.index(eye), 1] > points[lids, 1].min()


def test_face_points_are_mirrored(rig):
    points = rig.vertices[list(FACE_VERTICES)].astype(float)
    twins = [
        *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1),
        45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
        *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65,
    ]  # fmt: skip
    np.testing.assert_allclose(points[twins] * [-1, 1, 1], points, atol=0.002)


def test_the_jaw_runs_round_the_face_from_ear_to_ear(rig):
    points = rig.vertices[list(FACE_VERTICES[:17])].astype(float)
    assert (np.diff(points[:, 0])[2:-2] > 0).all()
    assert points[8, 1] == points[:, 1].min()
    ears = rig.vertices[list(EAR_VERTICES)]
    assert ears[0, 0] < points[:, 0].min() < points[:, 0].max() < ears[1, 0]


def test_lips_part_and_the_chin_falls_as_the_jaw_opens(shot):
    shut, wide = skeleton(shot, 0).face, skeleton(acting(shot, jawOpen=0.6), 0).face
    gap = [face[66, 1] - face[62, 1] for face in (shut, wide)]
    assert abs(gap[0]) < 0.75
    assert gap[1] > 4
    assert wide[8, 1] - shut[8, 1] > 3
    np.testing.assert_allclose(wide[27], shut[27], atol=0.3)


def test_a_face_detector_finds_the_points_where_they_are(shot, rig):
    mediapipe = pytest.importorskip("mediapipe", reason="mediapipe is not installed: pip install 'chironomy[vision]'")
    close = seen_by(acting(shot, jawOpen=0.25), Camera(512, 512, 2000.0, np.array([0.0, 0.225, 1.4])))
    picture = Studio(rig, close.camera).draw(vertices_at(close, 0, rig))
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        found = mesh.process(picture).multi_face_landmarks[0].landmark
    # Points of the face mesh that have a counterpart of ours: corners of eyes and lips, lips' middles, nose tip, chin.
    pairs = {36: 33, 39: 133, 42: 362, 45: 263, 48: 61, 54: 291, 51: 0, 57: 17, 62: 13, 66: 14, 30: 4, 8: 152, 33: 2}
    ours = skeleton(close, 0).face[list(pairs)]
    theirs = np.array([[found[index].x * 512, found[index].y * 512] for index in pairs.values()])
    face_height = 512 * (found[152].y - found[10].y)
    assert np.linalg.norm(ours - theirs, axis=1).max() < 0.04 * face_height


def test_no_face_is_seen_from_behind(shot):
    back = skeleton(seen_by(shot, replace(shot.camera, position=np.array([0.0, -0.19, -2.8]), rotation=BEHIND)), 0)
    assert back.face_score.max() == 0
    assert back.body_score[[POINT["nose"], POINT["left_eye"]]].max() == 0
    assert back.body_score[[POINT["left_ear"], POINT["left_shoulder"]]].min() == 1
    assert back.body[POINT["left_shoulder"], 0] < shot.width / 2


def test_the_far_ear_is_hidden_in_a_view_from_the_side(shot):
    quarter = np.array([np.cos(np.pi / 4), 0.0, np.sin(np.pi / 4), 0.0])
    side = seen_by(shot, replace(shot.camera, position=np.array([2.8, -0.19, 0.0]), rotation=quarter))
    seen = skeleton(side, 0)
    assert seen.body_score[POINT["left_ear"]] == 1
    assert seen.body_score[POINT["right_ear"]] == 0


def test_vace_has_controlnets_colours_with_red_and_blue_exchanged(shot):
    large = shot.replaced(camera=shot.camera.resized(512, 704))
    shoulder = skeleton(large, 0).body[POINT["left_shoulder"]]
    assert at(dwpose_map(large, 0), shoulder) == (85, 255, 0)
    assert at(animate_pose_map(large, 0), shoulder) == (85, 255, 0)
    assert at(vace_pose_map(large, 0), shoulder) == (0, 255, 85)


def test_vace_draws_hands_when_asked(shot):
    tips = skeleton(shot, 0).hands[:, 8]
    for tip in tips:
        assert at(vace_pose_map(shot, 0), tip) == (0, 0, 0)
        assert at(vace_pose_map(shot, 0, hands=True), tip)[0] > 150


def test_wan_animate_draws_feet_and_no_face(shot):
    standing = whole_body(shot)
    seen, image = skeleton(standing, 0), animate_pose_map(standing, 0)
    assert at(image, seen.toes[0]) == (200, 200, 0)
    assert at(image, seen.toes[1]) == (100, 100, 0)
    assert image[:, :, 0][np.floor(seen.face[8, 1]).astype(int), np.floor(seen.face[8, 0]).astype(int)] == 0
    assert at(dwpose_map(standing, 0), seen.face[8]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("draw", "size", "across"), [(dwpose_map, 512, 9), (vace_pose_map, 1024, 9), (animate_pose_map, 1024, 9)]
)
def test_limbs_are_as_wide_as_each_tool_draws_them(shot, draw, size, across):
    large = shot.replaced(camera=shot.camera.resized(size, size * 11 // 8))
    seen = skeleton(large, 0).body
    start, end = seen[POINT["left_shoulder"]], seen[POINT["neck"]]
    column = int((start[0] + end[0]) / 2)
    row = int((start[1] + end[1]) / 2)
    lit = draw(large, 0)[row - 20 : row + 20, column].max(axis=-1) / 153
    assert lit.sum() == pytest.approx(across, abs=0.6)


def test_a_hand_below_the_threshold_is_not_drawn_nor_is_its_forearm(shot):
    seen = skeleton(unsure(shot, 0.4, 1.0), 0)
    tip, forearm = seen.hands[0, 12], seen.body[[POINT["left_elbow"], POINT["left_wrist"]]].mean(axis=0)
    dimmed = unsure(shot, 0.4, 1.0)
    assert any(at(dwpose_map(dimmed, 0), tip)), "ControlNet draws from 0.3"
    assert not any(at(animate_pose_map(dimmed, 0), tip)), "Wan-Animate draws from 0.5"
    gone = unsure(shot, 0.0, 1.0)
    assert any(at(animate_pose_map(shot, 0), forearm))
    assert not any(at(animate_pose_map(gone, 0), forearm))
    assert any(at(dwpose_map(gone, 0), seen.hands[1, 12]))


def test_another_mesh_is_refused(shot, rig):
    smaller = replace(rig, vertices=rig.vertices[:-1])
    with pytest.raises(VideoError, match="26630 vertices"):
        skeleton(shot, 0, smaller)
