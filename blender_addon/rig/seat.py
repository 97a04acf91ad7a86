# SPDX-License-Identifier: GPL-3.0-or-later
"""A character that sits: its object is lowered, so that the feet are on the floor on which it stands otherwise.

Bones and controls stay in the frame of the body, which comes down with the hips; so all that reads or edits a take
knows nothing of it. What moves the object are its *delta transforms*: its location stays the animator's.
"""

from typing import Any

from bpy.types import Action, Object
from mathutils import Matrix

from chironomy.body.rig import load_rig
from chironomy.body.sitting import seat_drop

from .channels import LEG_BONES

SEATED_PROPERTY = "chironomy_seated"
"""A custom property of an action: it is of a character that sits."""

LOWERED_PROPERTY = "chironomy_lowered"
"""A custom property of a character: by how much its object was lowered here."""


def mark(action: Action | None, seated: bool) -> None:
    """Note in an action whether the character sits in it."""
    if action is None:
        return
    if seated:
        action[SEATED_PROPERTY] = True
    elif SEATED_PROPERTY in action:
        del action[SEATED_PROPERTY]


def is_seated(character: Any) -> bool:
    """Whether a character sits in the action that it shows."""
    data = character.animation_data
    return data is not None and data.action is not None and bool(data.action.get(SEATED_PROPERTY))


def take_seat(character: Object) -> None:
    """Lower or raise a character as the action that it shows has it."""
    lowered = float(character.get(LOWERED_PROPERTY, 0.0))
    wanted = seat_drop(load_rig()) * character.scale[2] if is_seated(character) else 0.0
    if abs(wanted - lowered) < 1e-6:
        return
    character.delta_location[2] += lowered - wanted
    if wanted:
        character[LOWERED_PROPERTY] = wanted
    else:
        del character[LOWERED_PROPERTY]
        # An action without keys for them would leave them as they were.
        for name in LEG_BONES:
            if (bone := character.pose.bones.get(name)) is not None:
                bone.matrix_basis = Matrix()
