# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on writes as Blender does: names in title case, sentences with a capital and without a stop."""

import ast
import re

import pytest

bpy = pytest.importorskip("bpy")

from words_shown import OPERATOR, classes, of_buttons, of_layouts, own_properties, type_of  # noqa: E402

SMALL = {"a", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
"""Words that a name has in small letters, but at its begin; Blender itself writes From and With either way."""

AS_THEY_ARE = {"glTF"}


def in_title_case(name):
    words = re.findall(r"(?<![\w.'’])[A-Za-z][\w.'’]*", name)
    return all(
        word[0].isupper() or (place and word in SMALL) or word in AS_THEY_ARE for place, word in enumerate(words)
    )


def test_what_title_case_is():
    assert all(
        map(in_title_case, ("Point Out", "Push to NLA", "Bring In From Take", "Glove (Left)", "9:16", "Fall-Off"))
    )
    assert not any(map(in_title_case, ("Point out", "thumb", "Rate (not learned)", "to NLA")))


def test_names_of_buttons_menus_and_settings_are_in_title_case(addon, repository):
    named = {}
    for cls in classes():
        if issubclass(cls, (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu)):
            named[cls.bl_label] = cls.__name__
        for item in own_properties(cls):
            named[item.name] = f"{cls.__name__}.{item.identifier}"
            for each in item.enum_items if item.type == "ENUM" else ():
                named[each.name] = f"{cls.__name__}.{item.identifier}.{each.identifier}"
    named |= {label: "hand_pictures" for _, label, *_ in addon["hand_pictures"].items()}
    named |= {each.text: each.where for each in of_buttons(addon)}
    named |= {each.text: each.where for each in of_layouts(repository / "blender_addon") if each.context == OPERATOR}
    assert len(named) > 200
    assert {name: where for name, where in named.items() if not in_title_case(name)} == {}


def test_the_kinds_are_in_title_case_wherever_they_are_named(addon):
    kinds = {
        each.name
        for cls, name in (
            (addon["entries"].ChironomyPhrase, "kind"),
            (addon["operators.score"].CHIRONOMY_OT_add_phrase, "kind"),
        )
        for each in type_of(cls).properties[name].enum_items
    }
    assert {"Point Out", "Thumb Up", "Rest"} <= kinds
    assert addon["score_panels"]._name("point_out") == "Point Out"


def test_every_report_has_its_capital_and_no_stop(addon, repository):
    reports = 0
    for path in sorted((repository / "blender_addon").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "report":
                reports += 1
                said = call.args[1]
                where = f"{path.name}:{call.lineno}"
                assert isinstance(said, ast.Call), where
                assert getattr(said.func, "id", "") == "sentence", where
    assert reports > 20
    assert not [text for _, text in addon["locale.ko"].KOREAN if re.search(r"[^.]\.$", text)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("moved hand.L at frame 192", "Moved hand.L at frame 192"),
        ("choose frames first: select keys", "Choose frames first: select keys"),
        ("wrote /home/me/hands.fbx", "Wrote /home/me/hands.fbx"),
        ("jfk.flac has no sound", "jfk.flac has no sound"),
        ("/home/me/jfk.flac is not there any more", "/home/me/jfk.flac is not there any more"),
        ("hand.L is locked", "hand.L is locked"),
        ("Take 2 is shown", "Take 2 is shown"),
        ("14 keys", "14 keys"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_but_for_names_of_files_and_bones(addon, given, said):
    assert addon["words"].sentence(given) == said
