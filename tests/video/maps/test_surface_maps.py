# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth, normals and mask are those of the surface that the camera sees."""

from dataclasses import replace

import numpy as np
import pytest

from chironomy.video.drawing.raster import rasterise
from chironomy.video.maps import depth_map, depth_range, mask_map, normal_map, skeleton
from chironomy.video.maps.frame import vertices_at


def test_grey_is_inverse_depth_between_the_two_depths_of_the_shot(shot, rig):
    near, far = depth_range(shot.camera)
    seen = rasterise(shot.camera, vertices_at(shot, 0, rig), rig.faces, 4)
    inside = (seen.face >= 0).all(axis=2)
    inverse = seen.inverse_depth.mean(axis=2)
    wanted = 255 * (inverse - 1 / far) / (1 / near - 1 / far)
    assert np.abs(depth_map(shot, 0)[:, :, 0][inside] - wanted[inside]).max() <= 0.51


def test_hands_before_the_body_are_brighter_and_what_is_not_the_person_is_black(shot):
    image, points = depth_map(shot, 0)[:, :, 0].astype(int), skeleton(shot, 0)
    column, row = points.hands[0, 9].astype(int)
    chest_column, chest_row = (points.body[1] + [0, 30]).astype(int)
    assert image[row, column] > image[chest_row, chest_column] + 20
    assert image[chest_row, chest_column] > 30
    assert image[0, 0] == 0


def test_the_depths_of_a_shot_are_the_cameras_alone(shot):
    near, far = depth_range(shot.camera)
    assert (near, far) == pytest.approx((2.2, 3.1))
    closer = replace(shot.camera, position=shot.camera.position - [0, 0, 0.5])
    assert depth_range(closer) == pytest.approx((1.7, 2.6))


def test_a_camera_within_reach_of_the_hands_has_a_depth_range_too(shot):
    inside = replace(shot.camera, position=np.array([0.0, -0.2, 0.4]))
    near, far = depth_range(inside)
    assert 0 < near < far


def test_normals_are_units_that_face_the_camera(shot):
    image = normal_map(shot, 0)
    vectors = image / 127.5 - 1
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=0.012)
    assert (vectors[:, :, 2] > -0.3).all()
    assert tuple(image[0, 0]) == (128, 128, 255)


def test_red_is_left_green_is_up_blue_is_front(shot):
    image, points = normal_map(shot, 0).astype(int), skeleton(shot, 0)
    mask = mask_map(shot, 0)[:, :, 0] == 255
    row = int(points.face[28, 1])
    columns = np.flatnonzero(mask[row])
    assert image[row, columns[1], 0] > 180, "the cheek at the picture's left faces left"
    assert image[row, columns[-2], 0] < 75
    middle = np.flatnonzero(mask[:, int(points.face[28, 0])])
    assert image[middle[1], int(points.face[28, 0]), 1] > 180, "the crown faces up"
    forehead = (points.face[27] - [0, 8]).astype(int)
    assert image[forehead[1], forehead[0], 2] > 220


def test_normals_turn_with_the_camera(shot, rig):
    # From the person's left the shoulder faces the lens that from the front faces to the picture's right.
    quarter = np.array([np.cos(np.pi / 4), 0.0, np.sin(np.pi / 4), 0.0])
    side = shot.replaced(camera=replace(shot.camera, position=np.array([2.8, -0.19, 0.0]), rotation=quarter))
    points = skeleton(side, 0)
    column, row = points.body[5].astype(int)
    assert normal_map(side, 0)[row, column, 2] > 220


def test_the_mask_is_where_the_rasteriser_sees_the_person(shot, rig):
    seen = rasterise(shot.camera, vertices_at(shot, 0, rig), rig.faces, 4).face >= 0
    image = mask_map(shot, 0)[:, :, 0]
    assert ((image == 255) == seen.all(axis=2)).all()
    assert ((image == 0) == ~seen.any(axis=2)).all()
    assert ((image > 0) & (image < 255)).any()
