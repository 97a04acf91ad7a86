# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures of the proof on drawn people, where it is known what they must say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation, gaussian_filter

from video_proof.lesson import small_pipeline
from video_proof.measures import (
    Interval,
    found_hands,
    hand_agreement,
    hand_mask,
    hand_sharpness,
    hands_can_be_told,
    lip_correlation,
    region_colours,
)
from video_proof.rendering import Asked, made_pictures, shortened
from video_proof.scenes import HEIGHT, REGIONS, WIDTH, Scene, SceneSettings, make_scene

SETTINGS = SceneSettings(people=3, held_out=0, frames=8)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """People whose hands are in the picture and of another colour than their clothes."""
    made = [make_scene(SETTINGS, number) for number in range(3)]
    return [scene for scene in made if hands_can_be_told(scene)]


def test_a_person_is_the_same_whenever_drawn(scenes: list[Scene]) -> None:
    again = make_scene(SETTINGS, 0)
    first = make_scene(SETTINGS, 0)
    assert np.array_equal(first.item.frames, again.item.frames)
    assert np.array_equal(first.item.audio, again.item.audio)
    assert first.sharp.shape == (8, HEIGHT, WIDTH, 3)


def test_hands_are_found_where_they_were_drawn(scenes: list[Scene]) -> None:
    assert scenes
    for scene in scenes:
        agreed = hand_agreement(scene.sharp, scene)
        assert agreed is not None
        assert agreed.found > 0.97
        assert agreed.right > 0.85
        assert agreed.distance < 5


def test_hands_that_are_painted_over_are_not_found(scenes: list[Scene]) -> None:
    scene = scenes[0]
    hands = hand_mask(scene)
    pictures = scene.sharp.copy()
    pictures[binary_dilation(hands, np.ones((1, 5, 5)))] = np.median(
        scene.sharp[(scene.regions == REGIONS.index("top") + 1) & ~hands], axis=0
    )
    agreed = hand_agreement(pictures, scene)
    assert agreed is not None
    assert agreed.found < 0.3


def test_colours_are_the_persons_own(scenes: list[Scene]) -> None:
    scene = scenes[0]
    assert np.nanmax(np.abs(region_colours(scene.sharp, scene) - region_colours(scene.sharp, scene))) == 0
    redder = scene.sharp.astype(int) + np.array([40, 0, 0])
    change = region_colours(np.clip(redder, 0, 255).astype(np.uint8), scene) - region_colours(scene.sharp, scene)
    assert np.nanmean(change[:, 0]) > 20
    assert np.nanmax(np.abs(change[:, 1:])) == 0


def test_a_mouth_that_darkens_as_lips_open_follows_the_speech(scenes: list[Scene]) -> None:
    scene = scenes[0]
    opening = np.linspace(0, 1, 8).astype(np.float32)
    pictures = np.full_like(scene.sharp, 200)
    pictures -= (100 * opening).astype(np.uint8)[:, None, None, None]
    assert lip_correlation(pictures, replace(scene, opening=opening)) > 0.99
    assert lip_correlation(pictures, replace(scene, opening=opening[::-1])) < -0.99
    assert lip_correlation(np.full_like(scene.sharp, 9), replace(scene, opening=opening)) == 0


def test_blurred_hands_are_less_sharp(scenes: list[Scene]) -> None:
    for scene in scenes:
        soft = gaussian_filter(scene.sharp, (0, 2, 2, 0))
        assert hand_sharpness(soft, scene) < 0.5 * hand_sharpness(scene.sharp, scene)


def test_what_looks_like_hands_lies_below_the_face(scenes: list[Scene]) -> None:
    scene = scenes[0]
    assert not found_hands(scene.sharp, scene)[:, : int(scene.item.face[:, 3].max())].any()
    assert hand_mask(scene).any()


def test_an_interval_holds_the_mean() -> None:
    interval = Interval.of([1.0, 2.0, 3.0, float("nan")])
    assert interval.low <= interval.mean == 2.0 <= interval.high
    assert Interval.of([1.0, 2.0, 3.0]) == interval


def test_one_condition_is_anothers_and_the_noise_stays(scenes: list[Scene]) -> None:
    torch.manual_seed(0)
    pipeline = small_pipeline()
    pair = [shortened(scene, 3) for scene in (scenes[0], scenes[-1])]
    same, again = (made_pictures(pipeline, pair, Asked(), 3, 1) for _ in range(2))
    other = made_pictures(pipeline, pair, Asked(reference=1), 3, 1)
    assert same[0].shape == (3, HEIGHT, WIDTH, 3)
    assert np.array_equal(same[0], again[0])
    assert len(scenes) == 1 or not np.array_equal(same[0], other[0])
