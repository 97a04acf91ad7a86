# SPDX-License-Identifier: GPL-3.0-or-later
"""Every grey button says why it is grey."""

import pytest

bpy = pytest.importorskip("bpy")

from words_shown import classes  # noqa: E402


def operators():
    return [cls for cls in classes() if issubclass(cls, bpy.types.Operator)]


def operator_of(cls):
    module, name = cls.bl_idname.split(".")
    return getattr(getattr(bpy.ops, module), name)


def reason_of(operator):
    """What the tooltip of a grey button says; None where the button can be pressed."""
    if operator.poll():
        return None
    with pytest.raises(RuntimeError) as raised:
        operator()
    said = str(raised.value).strip()
    _, _, reason = said.partition(".poll() ")
    return "" if reason.startswith("failed, context is incorrect") else reason.removeprefix("failed").strip()


def nothing_at_all():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def with_a_character():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.chironomy.add_character()


def drawn_by_a_button():
    """What a button's context has that gives its operator no options."""
    return bpy.context.temp_override(chironomy_as_set=bpy.context.scene)


def test_what_cannot_work_as_it_is_set_is_grey_on_its_button_alone(addon, desk):
    assert bpy.ops.chironomy.generate() == {"FINISHED"}
    backend, scene = addon["backend"], bpy.context.scene
    scene.use_preview_range = False
    scene.chironomy.portrait = ""
    scene.chironomy.engine, scene.chironomy.backdrop = "previz", "studio"
    reasons = {
        "render_video": "Set up the backend first",
        "fit_to_picture": "Choose a portrait under Picture first",
        "regenerate_range": "Choose frames first: select the hands' keys of a range, or set the preview range (P)",
    }
    assert not backend.running()
    for name, reason in reasons.items():
        operator = getattr(bpy.ops.chironomy, name)
        # A script may give what is not set.
        assert operator.poll()
        with drawn_by_a_button():
            assert reason_of(operator) == reason
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 20, 60
    scene.chironomy.portrait = "//face.png"
    backend.use("http://127.0.0.1:9", "a-token-of-more-than-16-characters")
    try:
        with drawn_by_a_button():
            assert all(getattr(bpy.ops.chironomy, name).poll() for name in reasons)
            scene.chironomy.backdrop = "portrait"
            assert reason_of(bpy.ops.chironomy.render_video) == (
                "Choose a portrait and press Fit to Picture first: this video shows it"
            )
    finally:
        backend._state.given = None
        scene.use_preview_range, scene.chironomy.portrait, scene.chironomy.backdrop = False, "", "studio"


@pytest.mark.parametrize("given", [nothing_at_all, with_a_character])
def test_every_button_that_is_grey_says_why(addon, given):
    given()
    grey = {cls.bl_idname: reason_of(operator_of(cls)) for cls in operators()}
    grey = {name: reason for name, reason in grey.items() if reason is not None}
    assert len(grey) > 10
    assert {name: reason for name, reason in grey.items() if len(reason.split()) < 3 or reason.endswith(".")} == {}
