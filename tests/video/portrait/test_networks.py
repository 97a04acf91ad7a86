# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies around the networks: anchors, boxes that are averaged, and turned rectangles of a picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.video.portrait.networks.crops import Crop, direction, separate, whole
from chironomy.video.portrait.networks.detector import (
    FAR_FACES,
    NEAR_FACES,
    PALMS,
    PEOPLE,
    DetectorSettings,
    anchors,
    averaged,
)
from chironomy.video.portrait.networks.pose import refined
from chironomy.video.portrait.networks.smoothing import OneEuroFilter


@pytest.mark.parametrize(("settings", "count"), [(PALMS, 2016), (NEAR_FACES, 896), (FAR_FACES, 2304), (PEOPLE, 2254)])
def test_there_are_as_many_anchors_as_the_network_tells_of(settings: DetectorSettings, count: int) -> None:
    places = anchors(settings)
    assert places.shape == (count, 2)
    assert places.min() > 0
    assert places.max() < 1
    # Left to right, then down; those of one place together.
    assert (np.diff(places[: settings.layers[0][1]], axis=0) == 0).all()
    assert places[settings.layers[0][1], 0] > places[0, 0]


def test_boxes_of_one_thing_are_averaged_and_others_stay() -> None:
    boxes = np.array([[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 8], [100, 100, 101, 101]], float)
    scores = np.array([0.9, 0.8, 0.3, 0.1])
    found = averaged(boxes, boxes.reshape(4, 2, 2), scores)
    assert [score for _, _, score in found] == [0.9, 0.8, 0.1]
    assert found[0][0] == pytest.approx([0, 0, 10, 9.5])
    assert found[0][1][1] == pytest.approx([10, 9.5])


def test_nothing_is_averaged_of_nothing() -> None:
    assert averaged(np.zeros((0, 4)), np.zeros((0, 2, 2)), np.zeros(0)) == []


sizes = st.floats(20, 60)


@given(sizes, sizes, st.floats(40, 80), st.floats(40, 80), st.floats(-3, 3))
def test_what_is_cut_out_is_found_where_it_was(x: float, y: float, width: float, height: float, turn: float) -> None:
    rows, columns = np.mgrid[0:80, 0:80]
    picture = np.stack([3 * columns, 3 * rows, 0 * rows], axis=-1).astype(np.uint8)
    crop = Crop(x, y, width, height, turn)
    cut = crop.cut(picture, 16, 12)
    row, column = np.mgrid[0:12, 0:16]
    place = crop.points(np.stack([column / 16, row / 12], axis=-1))
    inside = ((place > 0) & (place < 79)).all(axis=-1)
    assert np.abs(cut[..., :2] / 3 - place)[inside].max(initial=0) < 0.25


def test_beyond_the_edge_there_is_nothing_or_the_edge_goes_on() -> None:
    picture = np.full((10, 20, 3), 200, np.uint8)
    crop = whole(picture)
    assert (crop.cut(picture, 20, 20) == 200).all()
    barred = crop.cut(picture, 20, 20, blank=True)[..., 0]
    assert (barred[:4] == 0).all()
    assert (barred[5:14] == 200).all()
    assert (barred[16:] == 0).all()


def test_a_crop_is_turned_so_that_a_way_in_it_goes_up() -> None:
    start, end = np.array([50.0, 50.0]), np.array([80.0, 20.0])
    turn = direction(start, end, np.pi / 2)
    crop = Crop(50, 50, 100, 100, turn)
    up = crop.points([0.5, 0.0]) - crop.points([0.5, 0.5])
    assert up / np.linalg.norm(up) == pytest.approx((end - start) / np.linalg.norm(end - start))


def test_a_square_moves_along_its_own_height() -> None:
    up = Crop(50, 50, 10, 20).larger(2.0, -0.5)
    assert (up.x, up.y, up.width, up.height) == (50, 40, 40, 40)
    aside = Crop(50, 50, 10, 20, np.pi / 2).larger(2.0, -0.5)
    assert (aside.x, aside.y) == pytest.approx((60, 50))


def test_of_two_squares_about_one_thing_the_later_stays() -> None:
    first, second, other = Crop(50, 50, 20, 20), Crop(52, 50, 20, 20), Crop(90, 50, 20, 20)
    assert separate([first, other, second], (100, 100)) == [other, second]


def test_a_point_moves_to_the_warmest_place_near_it_and_stays_where_all_is_cold() -> None:
    heat = np.full((64, 64, 3), -20, np.float32)
    heat[30, 34, 0] = heat[10, 50, 1] = 5
    points = refined(np.array([[32.5 / 64, 31.5 / 64], [32.5 / 64, 31.5 / 64], [1.5, 0.2]]), heat)
    assert points[0] == pytest.approx([34 / 64, 30 / 64], abs=1e-4)
    assert points[1:].tolist() == [[32.5 / 64, 31.5 / 64], [1.5, 0.2]]


def test_what_trembles_is_made_smooth_and_what_moves_is_followed() -> None:
    trembling, moving = OneEuroFilter(0.05, 80.0), OneEuroFilter(0.05, 80.0)
    tremor = 1e-4 * np.random.default_rng(3).standard_normal(200)
    shown = np.array([trembling(np.array([5.0 + value])) for value in tremor]).ravel()
    assert np.diff(shown).std() < 0.1 * np.diff(tremor).std()
    way = np.linspace(0, 2, 60)
    followed = np.array([moving(np.array([value])) for value in way]).ravel()
    assert np.abs(followed - way).max() < 0.02
    assert followed[0] == way[0]
