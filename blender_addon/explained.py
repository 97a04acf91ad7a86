# SPDX-License-Identifier: GPL-3.0-or-later
"""Buttons that say why they are grey."""

from typing import TYPE_CHECKING

from bpy.types import Context, Operator

from .words import tip

# Where it is mixed in, an operator is what it is.
_Operator = Operator if TYPE_CHECKING else object


class Explained(_Operator):
    """What all operators that cannot always run have in common; mix it into `bpy.types.Operator`."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the operator cannot run now, in a sentence without its stop; empty where it can."""
        return ""
