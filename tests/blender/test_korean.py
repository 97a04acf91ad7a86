# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on says: every text has a tooltip's form and a Korean translation, and no translation is left over."""

import re
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from words_shown import (  # noqa: E402
    ANY,
    OPERATOR,
    OWN,
    PLACE,
    Shown,
    classes,
    clauses,
    of_buttons,
    of_classes,
    of_layouts,
    of_progress,
    of_reasons,
    own_properties,
    spelled,
    type_of,
)

NAMES = {
    "Chironomy", "Python", "EMO2", "Wan VACE", "Wan Animate", "MP4", "WEBM", "PRORES", "PRORES4444", "PNG", "EXR",
    "FBX", "USD", "BVH", "SMPL-X", "AMASS SMPL-X", "AMASS SMPL+H", "MANO", "Unreal Engine", "Unity", "Godot", "HumanIK",
    "9:16", "1:1", "16:9", "CPU", "NVIDIA GPU", "PyTorch",
}  # fmt: skip
"""What is the same in every language."""

RATIOS = {"speed", "amplitude", "rate", "factor"}
"""Numbers that are multiplied with: they have no unit and no end that is all."""


@pytest.fixture(scope="module")
def korean(addon):
    return addon["locale.ko"].KOREAN


@pytest.fixture(scope="module")
def shown(addon, repository):
    folder = repository / "blender_addon"
    library = repository / "backend" / "chironomy"
    works = (folder, *(library / room for room in ("performance", "gesture", "speech", "service", "client")))
    found = [
        *of_classes(addon),
        *of_buttons(addon),
        *of_layouts(folder),
        *of_reasons(folder),
        *of_progress(*works),
    ]
    return [each for each in found if each.text and each.text not in NAMES and re.search(r"[A-Za-z]{2}", each.text)]


def known(korean, each: Shown) -> bool:
    """Whether a text has a translation, whole or by its clauses, of which a name alone needs none."""
    if (each.context, each.text) in korean:
        return True
    parts = [part for part in clauses(each.text) if not re.fullmatch(r"\{\d+\}", part)]
    return each.context == ANY and all((ANY, part) in korean for part in parts)


def test_everything_that_is_shown_is_there_in_korean(korean, shown):
    assert len(shown) > 300
    missing = sorted({f"{each.context}: {each.text!r} ({each.where})" for each in shown if not known(korean, each)})
    assert not missing


def test_no_korean_is_left_over(korean, shown, repository):
    in_code = spelled(repository / "blender_addon", repository / "backend" / "chironomy")
    used = {(each.context, each.text) for each in shown}
    used |= {(ANY, part) for each in shown if each.context == ANY for part in clauses(each.text)}
    left_over = [
        (context, text)
        for context, text in korean
        if (context, text) not in used and not (context in (ANY, OWN) and text in in_code)
    ]
    assert not left_over


def test_korean_has_the_places_of_the_english(korean):
    places = {text: (sorted(PLACE.findall(text)), sorted(PLACE.findall(said))) for (_, text), said in korean.items()}
    assert not [text for text, (english, other) in places.items() if english != other]


def test_korean_is_korean_and_ends_like_blenders_own(korean):
    for (_, text), said in korean.items():
        assert re.search("[가-힣]", said) or PLACE.search(said), text
        assert said == said.strip()
        assert not said.endswith("."), text


def test_every_button_and_setting_has_a_tooltip(addon):
    for cls in classes():
        if issubclass(cls, bpy.types.Operator):
            check_tooltip(type_of(cls).description, cls.__name__)
        for item in own_properties(cls):
            assert item.name, f"{cls.__name__}.{item.identifier} has no name"
            check_tooltip(item.description, f"{cls.__name__}.{item.identifier}")
            for each in item.enum_items if item.type == "ENUM" else ():
                if each.description:
                    check_tooltip(each.description, f"{cls.__name__}.{item.identifier}.{each.identifier}")


def check_tooltip(text, where):
    assert text, f"{where} has no tooltip"
    assert len(text) < 250, f"the tooltip of {where} is long"
    assert not text.endswith("."), f"the tooltip of {where} ends with a period"


def test_numbers_have_their_units(addon):
    for cls in classes():
        for item in own_properties(cls):
            if item.type == "FLOAT" and item.identifier not in RATIOS:
                assert item.subtype != "NONE" or item.unit != "NONE", f"{cls.__name__}.{item.identifier}"
            if item.type == "INT" and "rame" in item.name:
                assert item.subtype == "TIME", f"{cls.__name__}.{item.identifier}"


@pytest.fixture
def said(addon, korean):
    """What becomes of a sentence."""
    sentences = addon["locale.sentences"]
    known, parts = (sentences.patterns(text for context, text in korean if context == wanted) for wanted in (ANY, OWN))

    def anywhere(text):
        return next((korean[context, text] for context in (ANY, OPERATOR, OWN) if (context, text) in korean), text)

    return lambda sentence: sentences.translated(sentence, known, parts, anywhere)


def test_a_finished_sentence_is_translated_with_its_names_and_numbers(said):
    assert said("Add a character first") == "먼저 캐릭터를 추가하세요"
    assert said("Take 2 is shown") == "Take 2: 보여 줍니다"
    assert said("3 poses are your own now, from frame 10 to 24") == "프레임 10–24: 포즈 3개를 잠갔습니다"
    assert said("Render Video was cancelled") == "비디오 렌더: 취소했습니다"
    assert (
        said("calmed hand.L and hand.R from frame 3 to 40") == "hand.L and hand.R: 프레임 3–40 구간을 차분하게 했습니다"
    )
    assert said("Take 2 is as the take before but for the left hand from frame 3 to 9") == (
        "Take 2: 왼손, 프레임 3–9 외에는 이전 테이크와 같습니다"
    )
    assert said("lively, seed 4") == "활기참, 씨드 4"


def test_clauses_are_translated_together_or_not_at_all(said):
    linked = "Hero is linked from library.blend, where nothing is kept"
    assert said(f"{linked}; work in a scene of your own") == (
        "Hero: library.blend에서 연결되어 변경이 저장되지 않습니다; 이 파일의 씬에서 작업하세요"
    )
    assert said(f"{linked}; nobody has translated this") == f"{linked}; nobody has translated this"


def test_what_is_not_known_stays_as_it_is(addon, said):
    assert said("the field fps of motion.npz is 0") == "the field fps of motion.npz is 0"
    assert said("") == ""
    # The tests' Blender knows English alone.
    assert addon["words"].told("Take 2 is shown") == "Take 2 is shown"
    assert addon["words"].sentence("listening for phones") == "Listening for phones"
    assert addon["words"].sentence("") == ""
    assert addon["words"].label("Frames {first} to {last}", first=3, last=8) == "Frames 3 to 8"


def test_the_translations_go_with_the_add_on(addon, korean, monkeypatch):
    import addon_utils

    # Blender's Python module is built without languages: what it is told is looked at instead.
    told = []
    blender = SimpleNamespace(
        register=lambda *given: told.append(("register", *given)),
        unregister=lambda *given: told.append(("unregister", *given)),
        locale="",
    )
    monkeypatch.setattr(addon["words"], "translations", blender)
    package = "bl_ext.user_default.chironomy"
    addon_utils.disable(package)
    assert told == [("unregister", package)]
    addon_utils.enable(package)
    assert told[1:] == [("register", package, {"ko_KR": korean})]
