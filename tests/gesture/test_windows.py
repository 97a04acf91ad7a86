# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import torch
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
    timeline = torch.randn(layout.padded_frames, 3)
    blend = Blend(layout, 3, torch.device("cpu"))
    for first in range(0, layout.count, 2):
        last = min(first + 2, layout.count)
        blend.add(first, timeline[layout.rows(first, last)])
    assert torch.allclose(blend.timeline(), timeline, atol=1e-6)


def test_windows_that_disagree_fade_into_each_other() -> None:
    layout = Layout(84, 48, 12)
    blend = Blend(layout, 1, torch.device("cpu"))
    blend.add(0, torch.stack([torch.zeros(48, 1), torch.ones(48, 1)]))
    steps = blend.timeline().diff(dim=0)
    assert steps.min() >= -1e-6
    assert steps.max() == pytest.approx(1 / 13, abs=1e-3)
