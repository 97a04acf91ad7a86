# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk through a window, where there is none; with one it is its own test."""

from pathlib import Path

import pytest

import walk_window
from window_walk import machine, steps


def test_a_machine_without_a_window_is_told_in_a_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["walk", "x.zip", "--blender", "no-such-blender", "--cache", str(tmp_path)])
    assert walk_window.main() == walk_window.NO_WINDOW == 77
    assert "no-such-blender" in capsys.readouterr().err


def test_a_root_folder_without_blender_is_no_window(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 0, raising=False)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(machine.NoWindowError, match="usr/bin/blender"):
        machine.machine_of(None, tmp_path, tmp_path / "cache")


def test_paths_are_told_as_blender_sees_them(tmp_path):
    there = machine.Machine(tmp_path, "blender", tmp_path / "walk")
    assert there.inner(tmp_path / "walk" / "box") == "/walk/box"
    here = machine.Machine(None, "blender", tmp_path)
    assert Path(here.inner(tmp_path / "box")) == tmp_path / "box"


def test_every_step_has_a_picture_of_its_own():
    names = [name for name, _ in steps.STEPS]
    assert len(set(names)) == len(names)
    assert names == sorted(names)
