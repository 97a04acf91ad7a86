# SPDX-License-Identifier: GPL-3.0-or-later
"""What is edited in a take that is accepted goes into a copy of it, which is shown from then on."""

from collections.abc import Iterator
from contextlib import contextmanager

from bpy.types import Object, Scene

from chironomy.errors import ChironomyError
from chironomy.motion.key_poses import Miss

from ..entries import ChironomyTake
from ..properties import settings
from .score import keep_edits
from .takes import TakeError, add_entry, delete, free_name, show, show_copy, shown_take, take_of_action


def refuse_accepted(take: ChironomyTake | None) -> None:
    """Refuse what cannot be done in a copy, as what a slider of the take asks for.

    Raises:
        TakeError: the take is accepted.
    """
    if take is not None and take.accepted:
        raise TakeError(f"{take.name} is accepted; take its check mark away first, or change a duplicate")


@contextmanager
def sparing(scene: Scene, item: Object) -> Iterator[str]:
    """Let what is written meanwhile go into a copy of the take that a character shows, where that one is accepted.

    How the character is posed without keys stays as it is. Where the writing fails with a sentence, the copy goes, and
    the take is shown again.

    Args:
        scene: whose takes they are.
        item: the character.

    Yields:
        What to tell the person, as a clause after others; empty where the take itself is written to.
    """
    take = shown_take(scene, item)
    if take is None or not take.accepted:
        yield ""
        return
    kept, action = take.name, take.action
    # Keys in another detail may not be there yet.
    label, detail, miss = take.label, take.keyed_detail, Miss(take.wrist_miss, take.joint_miss)
    name = free_name(scene, item)
    keep_edits(scene)
    show_copy(item, f"{item.name} {name}", layers=True)
    copy = add_entry(scene, item, name, label, detail, miss).action
    settings(scene).take_before = action
    try:
        yield f"; in a copy, {name}: {kept} is accepted"
    except ChironomyError:
        show(scene, take_of_action(scene, item, action.session_uid))
        delete(scene, take_of_action(scene, item, copy.session_uid))
        raise
