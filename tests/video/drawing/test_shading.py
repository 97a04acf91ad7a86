# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a picture around its light, against the same written plainly."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from chironomy.shot.camera import Camera
from chironomy.video.drawing import occlusion, shading
from chironomy.video.drawing.studio import Studio


def one(value: float) -> np.float32:
    return np.float32(value)


@pytest.mark.parametrize("radius", [1, 3])
@pytest.mark.parametrize("shape", [(9, 14), (1, 5), (6, 1)])
def test_blurred_is_two_box_filters(shape, radius):
    source = np.random.default_rng(1).random(shape).astype(np.float32)
    size = 2 * radius + 1
    expected = uniform_filter(uniform_filter(source.astype(float), size, mode="nearest"), size, mode="nearest")
    np.testing.assert_allclose(shading.blurred(source, radius), expected, atol=1e-6)


def test_halved_takes_every_other_pixel():
    source = np.random.default_rng(2).random((5, 8)).astype(np.float32)
    np.testing.assert_array_equal(shading.halved(source), source[::2, ::2])


def test_the_mean_takes_the_backdrop_where_nothing_is():
    inverse = np.random.default_rng(3).random((4, 6, 4)).astype(np.float32)
    inverse[np.random.default_rng(4).random(inverse.shape) < 0.4] = 0
    uncovered = np.empty((4, 6), np.float32)
    mean = shading.mean_inverse_depth(inverse, one(0.3), uncovered)
    np.testing.assert_allclose(mean, np.where(inverse > 0, inverse, 0.3).mean(-1), rtol=1e-6)
    np.testing.assert_array_equal(uncovered, (inverse == 0).mean(-1))


def test_lines_and_halos_darken_what_is_behind():
    rng = np.random.default_rng(5)
    depth = rng.uniform(1.0, 3.0, (6, 8))
    inverse, near = (
        (1 / depth).astype(np.float32),
        (1 / depth + rng.uniform(-0.05, 0.05, depth.shape)).astype(np.float32),
    )
    far = rng.uniform(0.2, 1.0, (3, 4)).astype(np.float32)
    uncovered = rng.choice([0.0, 0.5, 1.0], depth.shape).astype(np.float32)
    before = rng.random((6, 8, 3)).astype(np.float32)
    image, untouched = before.copy(), np.empty(depth.shape, bool)
    shading.set_off(image, inverse, near, far, uncovered, one(0.6), one(0.3), one(0.4), untouched)
    gap = np.maximum(near.astype(float) - inverse, 0) * depth**2
    step = np.maximum(np.repeat(np.repeat(far, 2, 0), 2, 1) - inverse.astype(float), 0) * depth**2
    light = (1 - 0.6 * gap / (gap + 0.010)) * (1 - 0.3 * step / (step + 0.04))
    light = np.where(uncovered == 0, light, 1 - 0.4 * uncovered * np.minimum(gap / 0.5, 1))
    assert (untouched == ((uncovered == 1) & (gap < 0.002))).all()
    light[untouched] = 1
    np.testing.assert_allclose(image, before * light[..., None], rtol=2e-5)


def test_openness_is_the_equation_of_scalable_ambient_obscurance():
    """Two walls at a right angle: every point against the sum over its points of the spiral."""
    rng = np.random.default_rng(6)
    seen = np.zeros((13, 18, 6), np.float32)
    x, y = np.meshgrid(np.arange(18) - 9, np.arange(13) - 6)
    seen[..., 0], seen[..., 1], seen[..., 2] = x * 0.02, y * 0.02, 2 - 0.03 * np.maximum(x, 0)
    seen[..., 3:] = rng.normal(0, 0.2, (13, 18, 3)) + np.array([0, 0, -1])
    seen[..., 3:] /= np.linalg.norm(seen[..., 3:], axis=-1, keepdims=True)
    seen[2:4, 5:9, 2] = 0
    pattern, focal = occlusion.spiral(), 200.0
    rough = np.empty((13, 18), np.float32)
    occlusion.obscure(seen, pattern, focal, rough)
    expected = np.ones((13, 18))
    for row, column in np.ndindex(13, 18):
        own, normal = seen[row, column, :3].astype(float), seen[row, column, 3:].astype(float)
        if own[2] == 0:
            continue
        total = 0.0
        for point in pattern[(row % 4) * 4 + column % 4]:
            at = np.array([column, row]) + 0.5 + point * (occlusion.RADIUS * focal / occlusion.STEP / own[2])
            at = np.trunc(at).astype(int)
            if (at < 0).any() or at[0] >= 18 or at[1] >= 13 or seen[at[1], at[0], 2] == 0:
                continue
            away = seen[at[1], at[0], :3] - own
            near, above = occlusion.RADIUS**2 - away @ away, away @ normal - 0.004
            total += max(near, 0) ** 3 * max(above, 0) / (away @ away + 0.0016)
        expected[row, column] = max(0, 1 - 6 * 0.16 * total / (occlusion.RADIUS**6 * pattern.shape[1]))
    assert expected.std() > 0.1
    np.testing.assert_allclose(rough, expected, atol=2e-4)

    soft = np.empty((13, 18, 2), np.float32)
    occlusion.settle(rough, seen, soft)
    np.testing.assert_array_equal(soft[..., 0], seen[..., 2])
    for row, column in np.ndindex(13, 18):
        window = np.s_[max(row - 2, 0) : row + 2, max(column - 2, 0) : column + 2]
        depth = seen[..., 2][window]
        same = (depth > 0) & (np.abs(depth - seen[row, column, 2]) < 0.03)
        mean = rough[window][same].mean() if seen[row, column, 2] else 1
        assert soft[row, column, 1] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 7), (65, 91)])
def test_pictures_of_any_size_are_drawn(rig, size):
    width, height = size
    camera = Camera(width, height, 1.4 * height, np.array([0.0, -0.1, 2.8]), np.array([1.0, 0.0, 0.0, 0.0]))
    frame = Studio(rig, camera).draw(rig.vertices)
    assert frame.shape == (height, width, 3)
    alpha = Studio(rig, camera, backdrop="transparent").draw(rig.vertices)[..., 3]
    # The body may be between the four points of the only pixel.
    assert height == 1 or alpha[height // 2, width // 2] > 100
