# SPDX-License-Identifier: GPL-3.0-or-later
"""The pinhole camera, in numbers that can be checked by hand."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.motion import rotation as quaternion
from chironomy.shot.camera import Camera, portrait_camera
from chironomy.shot.errors import VideoError


def camera(**fields) -> Camera:
    return Camera(**{"width": 200, "height": 100, "focal": 500.0, "position": [0, 0, 2]} | fields)


def test_a_point_on_the_optical_axis_falls_in_the_middle():
    pixels, depth = camera().project([0, 0, 0.5])
    assert pixels.tolist() == [100, 50]
    assert depth == 1.5


def test_the_persons_left_is_on_the_pictures_right_and_up_is_up():
    pixels, _ = camera().project([[0.1, 0, 0], [0, 0.1, 0]])
    assert pixels.tolist() == [[125, 50], [100, 25]]


def test_a_turned_camera_looks_where_it_is_turned():
    # Standing at the person's left and turned by 90 degrees about y it looks along -x; their front is on the left.
    turned = camera(position=[2, 0, 0], rotation=quaternion.from_rotation_vector([0, np.pi / 2, 0]))
    pixels, depth = turned.project([[0, 0, 0], [0, 0, 0.1]])
    np.testing.assert_allclose(pixels, [[100, 50], [75, 50]], atol=1e-9)
    np.testing.assert_allclose(depth, 2)


def test_a_point_behind_the_lens_has_no_pixel():
    pixels, depth = camera().project([[0, 0, 3], [0, 0, 0]])
    assert np.isnan(pixels[0]).all()
    assert depth[0] == -1
    assert np.isfinite(pixels[1]).all()


@given(
    st.tuples(*[st.floats(-0.4, 0.4)] * 3),
    st.tuples(*[st.floats(-1, 1)] * 3),
    st.floats(0.5, 3),
)
def test_a_viewing_ray_goes_through_its_pixel(point, turn, scale):
    seen = camera(rotation=quaternion.from_rotation_vector(np.multiply(turn, 0.3)))
    along = seen.position + scale * (np.asarray(point) - seen.position)
    pixels, _ = seen.project([point, along])
    np.testing.assert_allclose(pixels[0], pixels[1], atol=1e-8)


def test_a_camera_survives_json_exactly():
    before = camera(rotation=quaternion.from_rotation_vector([0.1, 0.2, 0.3]), principal_point=[90.25, 51.5])
    after = Camera.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after.to_dict() == before.to_dict()


def test_twice_the_size_is_the_same_view():
    point = [0.13, -0.07, 0.4]
    small, large = camera(), camera().resized(400, 200)
    np.testing.assert_allclose(2 * small.project(point)[0], large.project(point)[0])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"width": 0}, "width is 0"),
        ({"height": 20000}, "height is 20000"),
        ({"focal": -1}, "focal is -1"),
        ({"position": [0, 0]}, "position"),
        ({"position": [0, 0, float("nan")]}, "position"),
        ({"rotation": [1, 1, 0, 0]}, "rotation has length 1.41"),
        ({"near": 0}, "near is 0"),
    ],
)
def test_a_field_out_of_range_is_named(fields, named):
    with pytest.raises(VideoError, match=named):
        camera(**fields)


@pytest.mark.parametrize(
    ("change", "named"),
    [({"focal": None}, "focal"), ({"lens": 50}, "unknown field 'lens'"), ({"position": "here"}, "camera")],
)
def test_a_damaged_description_is_refused(change, named):
    with pytest.raises(VideoError, match=named):
        Camera.from_dict(camera().to_dict() | change)


@pytest.mark.parametrize("size", [(512, 704), (1280, 720), (720, 720)])
def test_the_portrait_holds_head_thighs_and_the_hands_space(rig, size):
    portrait = portrait_camera(rig, *size)
    top = [0, rig.vertices[:, 1].max(), 0]
    thigh = rig.joint_position[[rig.index("upper_leg.L"), rig.index("lower_leg.L")]].mean(axis=0)
    hands = [[x, y, 0.15] for x in (-0.36, 0.36) for y in (-0.4, 0.2)]
    pixels, depth = portrait.project([top, thigh * [0, 1, 0], *hands])
    assert (pixels >= 0).all()
    assert (pixels <= size).all()
    assert 0.02 * size[1] < pixels[0, 1] < 0.15 * size[1]
    assert 2.5 <= depth[0] <= 3


def test_a_lens_is_chosen_that_shows_the_hands(rig):
    portrait = portrait_camera(rig, 512, 704)
    inside, outside = [[0.2, -0.3, 0.2], [-0.2, 0.1, 0.2]], [[0.55, -0.2, 0.3], [-0.3, 0.3, 0.2]]
    assert portrait.holding(inside).to_dict() == portrait.to_dict()
    wider = portrait.holding([*inside, *outside])
    pixels, _ = wider.project(outside)
    assert (pixels > 5).all()
    assert (pixels < [507, 699]).all()
    np.testing.assert_array_equal(wider.position, portrait.position)
    # Somebody who stretches out both arms stays a person of some size, and what lies behind the lens is not seen.
    assert portrait.holding([[3.0, 0.0, 0.0]]).focal == pytest.approx(portrait.focal / 1.6)
    assert portrait.holding([[0.0, 0.0, 9.0]]).focal == portrait.focal
