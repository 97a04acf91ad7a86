# SPDX-License-Identifier: GPL-3.0-or-later
"""Buttons that say why they are grey."""

from typing import TYPE_CHECKING

from bpy.types import Context, Operator, UILayout

from .words import tip

AS_SET = "chironomy_as_set"
"""What a button's context has where it gives its operator no options: all is as the scene has it set."""

# Where it is mixed in, an operator is what it is.
_Operator = Operator if TYPE_CHECKING else object


class Explained(_Operator):
    """What all operators that cannot always run have in common; mix it into `bpy.types.Operator`."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = cls.disabled_reason(context)
        if not reason and getattr(context, AS_SET, None) is not None:
            reason = cls.reason_as_set(context)
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the operator cannot run now, in a sentence without its stop; empty where it can."""
        return ""

    @classmethod
    def reason_as_set(cls, context: Context) -> str:
        """Return likewise why it cannot run by what is set, where a script could still give it options of its own."""
        return ""


def as_set(layout: UILayout, context: Context) -> None:
    """Let the buttons that are drawn into a layout from now on be grey where what is set does not do for them."""
    layout.context_pointer_set(AS_SET, context.scene)
