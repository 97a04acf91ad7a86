# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.gesture.windows import Blend, Layout


@given(st.integers(1, 1000), st.integers(2, 60), st.data())
def test_windows_cover_every_frame(frames: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size // 2))
    layout = Layout(frames, size, overlap)
    rows = layout.rows(0, layout.count)
    assert layout.padded_frames >= frames
    assert sorted(set(rows.flatten().tolist())) == list(range(layout.padded_frames))
    assert layout.padded_frames - frames < size


def test_windows_that_agree_blend_to_what_they_agree_on() -> None:
    layout = Layout(200, 48, 12)
    timeline = np.random.default_rng(0).normal(size=(layout.padded_frames, 3)).astype(np.float32)
    blend = Blend(layout, 3)
    for first in range(0, layout.count, 2):
        last = min(first + 2, layout.count)
        blend.add(first, timeline[layout.rows(first, last)])
    assert np.allclose(blend.timeline(), timeline, atol=1e-6)


def test_windows_that_disagree_fade_into_each_other() -> None:
    layout = Layout(84, 48, 12)
    blend = Blend(layout, 1)
    blend.add(0, np.stack([np.zeros((48, 1), np.float32), np.ones((48, 1), np.float32)]))
    steps = np.diff(blend.timeline(), axis=0)
    assert steps.min() >= -1e-6
    assert steps.max() == pytest.approx(1 / 13, abs=1e-3)
