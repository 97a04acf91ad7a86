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


@pytest.mark.parametrize("given", [nothing_at_all, with_a_character])
def test_every_button_that_is_grey_says_why(addon, given):
    given()
    grey = {cls.bl_idname: reason_of(operator_of(cls)) for cls in operators()}
    grey = {name: reason for name, reason in grey.items() if reason is not None}
    assert len(grey) > 10
    assert {name: reason for name, reason in grey.items() if len(reason.split()) < 3 or reason.endswith(".")} == {}
