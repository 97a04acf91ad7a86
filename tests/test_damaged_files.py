# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reader answers every damaged file in one sentence of the project's own, or reads it."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from chironomy.errors import ChironomyError
from chironomy.motion import load_hands, save_hands
from chironomy.shot.fit import Fit
from chironomy.shot.shot import Shot
from damage import answer
from hostile import zip_bomb
from readers import READERS, tell
from shots import rig, shot, speaking_shot
from takes import hands_before_the_chest

__all__ = ["rig", "shot", "speaking_shot"]


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_damaged_file_is_read_or_answered_in_one_sentence(kind: str, speaking_shot: Shot, tmp_path: Path) -> None:
    reader = READERS[kind]
    assert tell(reader, speaking_shot, tmp_path, reader.count, seed=7).wrong == []


def test_a_long_and_deep_text_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    for text in (
        "[" * 100_000,
        '{"a":' * 300 + "1" + "}" * 300,
        "1" * 5000,
        " " * (2 << 20),
        json.dumps({"format": 3}),
    ):
        path.write_text(text)
        assert answer(lambda: Fit.load(path), "fit.json") == "sentence"


def test_members_without_end_are_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", **{f"m{number}": np.zeros(1) for number in range(2001)})
    with pytest.raises(ChironomyError, match="holds 2001 members, and 2000 are the most"):
        load_hands(tmp_path / "many.npz")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("code", [0x110000, 0xFFFFFFFF, 0xD800])
def test_numbers_that_are_no_characters_are_no_text(tmp_path: Path, order: str, code: int) -> None:
    path = tmp_path / "motion.npz"
    save_hands(hands_before_the_chest(5), path)
    with np.load(path) as loaded:
        fields = dict(loaded)
    text = np.array([ord("{"), code], f"{order}u4").view(f"{order}U2")[0:1].reshape(())
    np.savez(path, **{**fields, "source": text})
    with pytest.raises(ChironomyError, match="source is no text"):
        load_hands(path)


def test_text_of_the_other_byte_order_is_read(tmp_path: Path) -> None:
    path = tmp_path / "motion.npz"
    save_hands(hands_before_the_chest(5), path)
    with np.load(path) as loaded:
        fields = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in loaded.items()}
    np.savez(path, **fields)
    assert load_hands(path).frame_count == 5


@pytest.mark.parametrize(
    ("megabytes", "fault"), [(3000, r"2\.0 GiB are the most"), (500, "which is made to fill memory")]
)
def test_a_bomb_is_a_sentence_before_anything_is_unpacked(tmp_path: Path, megabytes: int, fault: str) -> None:
    path = tmp_path / "bomb.npz"
    path.write_bytes(zip_bomb("rotation.npy", megabytes))
    tracemalloc.start()
    try:
        with pytest.raises(ChironomyError, match=fault):
            load_hands(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
