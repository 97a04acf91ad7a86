# SPDX-License-Identifier: GPL-3.0-or-later
"""Bombs, lying headers, polyglots and pickles, given to a real backend: each is one true sentence, and none is run."""

from pathlib import Path

from hostile import CORPUS, give


def test_hostile_files_are_sentences_and_nothing_else(tmp_path: Path) -> None:
    told = give(tmp_path, everywhere=False)
    assert told.wrong == []
    assert told.jobs > 2 * len(CORPUS)
    assert told.sentences > 0.9 * told.jobs
    assert told.memory[0] < 200 * 10**6, told.memory[1]
