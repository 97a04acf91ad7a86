# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written stays written: whether Blender will keep it, and what becomes of work whose place is gone.

Blender takes changes of linked data without a word and forgets them when the file is opened again. So every writer asks
here first, and what can be kept with the help of a data-block of this file's own is given one.
"""

import itertools
import time
from pathlib import Path

from bpy.types import ID, Action, Object, Scene

from chironomy.body.performance import Performance, save_performance
from chironomy.errors import ChironomyError

from .. import backend
from ..properties import character
from ..rig import actions
from ..rig.build import body_of
from .copies import give_own_takes
from .retarget import take_up

MOST_KEPT = 20
"""Files of motion that are kept before the oldest goes."""


class KeepError(ChironomyError):
    """Something would be lost; the message says what, and what to do."""


class _Offer:
    path: Path | None = None


_offer = _Offer()


def why_not_kept(scene: Scene, item: Object | None = None) -> str:
    """Return why what is written to a scene, and to a character in it, would be lost.

    Returns:
        A sentence without its stop, for a button; empty where everything is kept, if need be with `make_keepable`.
    """
    if scene.library is not None:
        return f"{_linked(scene)}; work in a scene of your own"
    if item is None:
        return ""
    for part in (item, body_of(item)):
        if part is not None and part.library is not None:
            return f"{_linked(part)}; make a library override of it first"
    for block in _animated(item):
        reason = actions.refusal(block)
        if reason:
            return reason
    return ""


def why_not_changed(scene: Scene) -> str:
    """Return why a scene's character cannot be written to: there is none, or it would be lost; empty where it can."""
    item = character(scene)
    return "Add a character first" if item is None else why_not_kept(scene, item)


def make_keepable(scene: Scene, item: Object) -> None:
    """Give a character what it needs so that keys on it are kept.

    A linked action becomes a copy with all its keys. A mesh that is linked into a library override becomes an override,
    too: in a linked one Blender keeps no shape key's animation.

    Raises:
        KeepError: keys would be lost all the same.
    """
    reason = why_not_kept(scene, item)
    if reason:
        raise KeepError(reason)
    give_own_takes()
    body = body_of(item)
    if body is not None and body.data.library is not None:
        # One for each character, or one would speak with the lips of the other.
        own = body.data.override_create(remap_local_usages=False)
        if own is None:
            raise KeepError(f"{_linked(body.data)}, and cannot be overridden; make it local first")
        body.data = own
    copies: dict[Action, Action] = {}
    for block in _animated(item):
        data = block.animation_data
        action = data.action if data is not None else None
        if action is None or action.library is None:
            continue
        slot = getattr(data, "action_slot", None)
        copy = copies.get(action) or copies.setdefault(action, action.copy())
        data.action = copy
        if slot is not None:
            data.action_slot = copy.slots[slot.identifier]
    take_up(scene, item)


def keep_performance(performance: Performance, name: str) -> str:
    """Keep a performance whose character is gone in a file of the extension's own folder; return where, as a clause.

    Raises:
        ChironomyError: it cannot be written.
    """
    folder = backend.folder() / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    stem = "".join(letter if letter.isalnum() or letter in "-_ " else "-" for letter in name)
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')} {stem}.zip"
    for number in itertools.count(2):
        if not path.exists():
            break
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S')} {stem} {number}.zip"
    save_performance(performance, path)
    for old in sorted(folder.glob("*.zip"))[:-MOST_KEPT]:
        old.unlink(missing_ok=True)
    _offer.path = path
    return f"its motion is kept in {path}, and Import Motion puts it on a character"


def offered() -> Path | None:
    """Return the motion that was kept in this session and not put on a character since."""
    return _offer.path


def taken(path: Path) -> None:
    """Note that a motion was put on a character, so that it is not offered any more."""
    if path == _offer.path:
        _offer.path = None


def _animated(item: Object) -> list[ID]:
    body = body_of(item)
    return [item] if body is None else [item, body.data.shape_keys]


def _linked(block: ID) -> str:
    return (
        f"{block.name} is linked from {Path(block.library.filepath.replace(chr(92), '/')).name}, where nothing is kept"
    )
