# SPDX-License-Identifier: GPL-3.0-or-later
"""The field Script takes a file or the words themselves, and tells at once which of them it took."""

import pytest
from desk import generate

bpy = pytest.importorskip("bpy")

WORDS = "if what is said is written down somewhere, give it as Script"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WORDS, True),
        ("Hello and/or goodbye.", True),
        ("We say it in 3.5 words", True),
        ("", False),
        ("script", False),
        ("my script.txt", False),
        ("//my folder/what is said", False),
        ("/home/me/what is said", False),
        ("C:\\my folder\\what is said", False),
        ("captions of today.SRT", False),
    ],
)
def test_words_are_told_from_the_path_of_a_file(addon, text, words):
    assert addon["scene.script"].is_words(text) is words


class Sheet:
    """A layout that keeps what its labels say, and whether in red."""

    alert = False

    def __init__(self):
        self.said = []

    def row(self):
        return self

    def label(self, text, icon):
        self.said.append((text, self.alert))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WORDS, [("These words are the script", False)]),
        ("nowhere.txt", [("nowhere.txt is no file: choose one, or write the words", True)]),
        ("", []),
    ],
)
def test_the_panel_tells_at_once_what_it_took(addon, text, said):
    sheet = Sheet()
    bpy.context.scene.chironomy.script = text
    addon["panels"]._draw_script(sheet, bpy.context)
    bpy.context.scene.chironomy.script = ""
    assert sheet.said == said


def test_generate_goes_by_the_words(addon, desk, monkeypatch):
    performance, heard = addon["scene.performance"], []

    def stop(inputs, wanted, work):
        from chironomy.errors import ChironomyError

        heard.append(inputs["script"].read_text(encoding="utf-8"))
        raise ChironomyError("that was all")

    monkeypatch.setattr(performance, "_made_here", stop)
    desk.chironomy.script = WORDS
    with pytest.raises(RuntimeError, match="That was all"):
        generate(desk, 1)
    assert heard == [WORDS]
