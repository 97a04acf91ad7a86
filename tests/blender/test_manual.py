# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from Blender to the manual that came with the extension."""

import fnmatch
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

bpy = pytest.importorskip("bpy")

from words_shown import classes  # noqa: E402


def file_of(address):
    return Path(url2pathname(urlsplit(address).path))


@pytest.fixture
def opened(monkeypatch):
    """The addresses that are opened in a browser."""
    found = []
    monkeypatch.setattr("webbrowser.open", lambda address, *_, **__: found.append(address) or True)
    return found


def test_the_button_opens_the_tutorial(addon, opened):
    assert bpy.ops.chironomy.open_manual() == {"FINISHED"}
    (address,) = opened
    assert "Five minutes with Chironomy" in file_of(address).read_text(encoding="utf-8")


def test_blender_knows_a_page_for_every_button_and_setting(addon, opened):
    assert addon["manual"].pages in bpy.utils._manual_map
    begin, ends = addon["manual"].pages()
    pages = {
        cls.bl_idname: next(end for pattern, end in ends if fnmatch.fnmatchcase(f"bpy.ops.{cls.bl_idname}", pattern))
        for cls in classes()
        if issubclass(cls, bpy.types.Operator)
    }
    assert pages["chironomy.move_pose"] == "editing.html"
    assert pages["chironomy.mirror_motion"] == "editing.html"
    assert pages["chironomy.apply_hand_pose"] == "hand-poses.html"
    assert pages["chironomy.add_character"] == "tutorial.html"
    assert all(file_of(begin + end).is_file() for _, end in ends)
    bpy.ops.wm.doc_view_manual(doc_id="chironomy.move_pose")
    assert file_of(opened[-1]).name == "editing.html"


def test_every_pattern_tells_of_a_button_that_there_is(addon):
    names = [f"bpy.ops.{cls.bl_idname}" for cls in classes() if issubclass(cls, bpy.types.Operator)]
    patterns = [pattern for pattern, _ in addon["manual"].pages()[1] if ".ops." in pattern]
    assert [pattern for pattern in patterns if not fnmatch.filter(names, pattern)] == []


def test_a_manual_that_is_missing_is_told(addon, monkeypatch, tmp_path):
    monkeypatch.setattr(addon["manual"], "FOLDER", tmp_path)
    assert not bpy.ops.chironomy.open_manual.poll()
