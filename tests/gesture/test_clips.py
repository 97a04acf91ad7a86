# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest

from chironomy.gesture import GestureError
from chironomy.gesture.clips import Clip, load_clips, one_hot, shard_path, write_description, write_shard

DESCRIPTION = {"shards": 2, "style_names": ["calm", "lively"], "fps": 24.0, "trained_on": "a test"}


def clip(frames: int, style: int = 0, *, hidden: bool = False) -> Clip:
    random = np.random.default_rng(frames)
    confidence = np.zeros((frames, 2), np.float32) if hidden else None
    motion = random.normal(size=(frames, 198)).astype(np.float32)
    return Clip(random.normal(size=(frames, 5)).astype(np.float32), motion, one_hot(style, 2), confidence=confidence)


def test_clips_are_read_back_in_order(tmp_path: Path) -> None:
    clips = [clip(30), clip(50, 1, hidden=True), clip(40)]
    write_description(tmp_path, DESCRIPTION)
    write_shard(shard_path(tmp_path, 0), clips[:2])
    write_shard(shard_path(tmp_path, 1), clips[2:])
    found, description = load_clips(tmp_path)
    assert description["style_names"] == ["calm", "lively"]
    for wanted, got in zip(clips, found, strict=True):
        assert np.array_equal(wanted.motion, got.motion)
        assert np.array_equal(wanted.style, got.style)
        assert np.array_equal(wanted.seen(), got.seen())
        np.testing.assert_allclose(wanted.audio, got.audio, atol=2e-3)


def test_a_part_of_the_clips_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    write_description(tmp_path, DESCRIPTION)
    write_shard(shard_path(tmp_path, 0), [clip(30)])
    with pytest.raises(GestureError, match=r"1 of the 2 shards that clips\.json tells of"):
        load_clips(tmp_path)


def test_clips_of_other_settings_are_not_mixed_in(tmp_path: Path) -> None:
    write_description(tmp_path, DESCRIPTION)
    write_description(tmp_path, DESCRIPTION)
    with pytest.raises(GestureError, match="other settings"):
        write_description(tmp_path, {**DESCRIPTION, "fps": 30.0})


def test_a_folder_without_clips_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(GestureError, match="make some with"):
        load_clips(tmp_path)


def test_parts_are_read_apart(tmp_path: Path) -> None:
    write_description(tmp_path, {**DESCRIPTION, "parts": {"train": [0, 1], "validation": [1, 2], "test": [2, 2]}})
    write_shard(shard_path(tmp_path, 0), [clip(30), clip(40)])
    write_shard(shard_path(tmp_path, 1), [clip(50)])
    lengths = [[len(each.motion) for each in load_clips(tmp_path, part)[0]] for part in ("train", "validation", "test")]
    assert lengths == [[30, 40], [50], []]


def test_wide_features_are_left_on_disk(tmp_path: Path) -> None:
    wide = Clip(np.random.default_rng(0).normal(size=(30, 300)), clip(30).motion, one_hot(0, 2))
    write_description(tmp_path, {**DESCRIPTION, "shards": 1})
    write_shard(shard_path(tmp_path, 0), [wide, wide])
    clips, _ = load_clips(tmp_path)
    assert all(isinstance(each.audio, np.memmap) for each in clips)
    np.testing.assert_allclose(clips[1].audio, wide.audio, atol=2e-3)
