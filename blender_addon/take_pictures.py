# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of every take: its four most telling moments, and one of them for the list.

A timer reads the keys of one take at a time, which takes milliseconds; a thread draws. What a take's picture shows is
as its keys are now, with the animator's edits.
"""

import hashlib
import queue
import threading
import time
from contextlib import suppress
from typing import NamedTuple

import bpy
import bpy.utils.previews
import numpy as np
from bpy.types import Action, Scene
from numpy.typing import NDArray

from chironomy.body.outfits import outfit_colours
from chironomy.body.rig import load_rig
from chironomy.gesture.score.moments import telling_moments
from chironomy.motion import HandMotion

from .entries import ChironomyTake, listed
from .properties import character, settings
from .rig.keyed import keyed_hands
from .rig.read import scene_fps
from .scene.score import score_of
from .scene.speech import speech_start
from .scene.takes import takes_of
from .words import told

MOMENTS, COLUMNS, SIZE = 4, 2, 128
"""Figures in a picture, in rows of so many, and pixels of each."""

SMALL = 32
"""Pixels of what Blender shows where it has room for an icon alone."""

TICK, AGAIN = 0.1, 2.0
"""Seconds between looks at what is drawn, and from one look at a take's keys to the next."""

Picture = NDArray[np.uint8]
Item = tuple[str, str, str, int, int]


class _Asked(NamedTuple):
    take: int
    digest: str
    hands: HandMotion
    outfit: str


class _Known:
    """Pictures by the number of their take's action in this session of Blender."""

    previews: bpy.utils.previews.ImagePreviewCollection | None = None
    names: dict[int, tuple[str, str]] = {}
    called: dict[int, str] = {}
    digests: dict[int, str] = {}
    looked: dict[int, float] = {}
    asked: "queue.SimpleQueue[_Asked | None]" = queue.SimpleQueue()
    drawn: "queue.SimpleQueue[tuple[_Asked, Picture | None]]" = queue.SimpleQueue()
    waiting = 0
    number = 0
    thread: threading.Thread | None = None
    items: list[Item] = []
    texts: dict[str, str] = {}


def icon(scene: Scene, take: ChironomyTake, *, whole: bool = False) -> int:
    """Return the number of a take's picture, which layouts take; 0 until it is drawn, which a timer sees to.

    Args:
        scene: of the take.
        take: that has an action.
        whole: all moments, not one.
    """
    uid = take.action.session_uid
    due = uid not in _Known.looked or (_is_shown(take) and time.monotonic() - _Known.looked[uid] > AGAIN)
    if due and not bpy.app.background and not bpy.app.timers.is_registered(look):
        bpy.app.timers.register(look, first_interval=TICK)
    names = _Known.names.get(uid) or _inherited(take.action)
    _Known.called[uid] = take.action.name
    return _Known.previews[names[whole]].icon_id if names is not None and _Known.previews is not None else 0


def _inherited(action: Action) -> tuple[str, str] | None:
    """Take over the picture of the action whose place this one has: it is shown until the new one is drawn."""
    there = {each.session_uid for each in bpy.data.actions}
    for uid, name in _Known.called.items():
        if name == action.name and uid not in there and uid in _Known.names:
            _Known.names[action.session_uid] = _Known.names.pop(uid)
            return _Known.names[action.session_uid]
    return None


def items(scene: Scene) -> list[Item]:
    """List the takes of the scene's character with their pictures, by their numbers in the list of takes."""
    own = takes_of(scene, character(scene))
    numbers = {take.action: number for number, take in enumerate(settings(scene).takes) if take.action is not None}
    _Known.items = [
        (
            _kept(str(numbers[take.action])),
            _kept(f"{take.name}  {told(take.label)}"),
            "",
            icon(scene, take, whole=True),
            numbers[take.action],
        )
        for take in own
    ]
    return _Known.items


def look() -> float | None:
    """Read the keys of the next take that is due, and take in what is drawn; called by Blender's timer.

    Returns:
        Seconds until the next look; None where there is nothing left to do.
    """
    _take_in()
    scene = bpy.context.scene
    if not hasattr(scene, "chironomy"):
        return None
    now = time.monotonic()
    for take in takes_of(scene, character(scene)):
        uid = take.action.session_uid
        if uid not in _Known.looked or (_is_shown(take) and now - _Known.looked[uid] > AGAIN):
            _Known.looked[uid] = now
            # A character that lost a bone has no picture, as it has no more takes.
            with suppress(KeyError):
                ask(scene, take)
            return TICK
    return TICK if _Known.waiting else None


def ask(scene: Scene, take: ChironomyTake) -> bool:
    """Let a take be drawn, where it is not as it was drawn last; return whether it will be."""
    hands, outfit = moments(scene, take), settings(scene).outfit
    content = hands.wrist_position.round(4).tobytes() + hands.rotation.round(4).tobytes() + outfit.encode()
    uid, digest = take.action.session_uid, hashlib.sha256(content).hexdigest()
    if _Known.digests.get(uid) == digest:
        return False
    _Known.digests[uid] = digest
    _Known.asked.put(_Asked(uid, digest, hands, outfit))
    _Known.waiting += 1
    if _Known.thread is None or not _Known.thread.is_alive():
        _Known.thread = threading.Thread(target=_work, name="chironomy take pictures", daemon=True)
        _Known.thread.start()
    return True


def moments(scene: Scene, take: ChironomyTake) -> HandMotion:
    """Return the hands at the moments of a take that its picture shows."""
    fps, begin, score = scene_fps(scene), speech_start(scene), score_of(take.action)
    first, last = take.action.frame_range
    seconds = score.seconds if score is not None else max((last - begin) / fps, 1.0 / fps)
    times = telling_moments(score, seconds, MOMENTS)
    frames = [min(max(begin + each * fps, first), last) for each in times]
    return keyed_hands(take.item, load_rig(), take.action, take.slot, frames, fps)


def draw(hands: HandMotion, outfit: str) -> Picture:
    """Draw moments: (H, W, 4) RGBA. Safe in a thread."""
    # Imported when it is needed: the add-on's registration does not wait for it.
    from chironomy.shot.small_picture import figures, tiled

    return tiled(figures(load_rig(), hands, SIZE, outfit_colours(outfit)), COLUMNS)


def forget() -> None:
    """Let go of the pictures and of the thread that draws."""
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)
    if _Known.thread is not None and _Known.thread.is_alive():
        _Known.asked.put(None)
        _Known.thread.join(AGAIN)
    if _Known.previews is not None:
        bpy.utils.previews.remove(_Known.previews)
    _Known.previews, _Known.thread, _Known.waiting = None, None, 0
    _Known.asked, _Known.drawn = queue.SimpleQueue(), queue.SimpleQueue()
    for known in (_Known.names, _Known.called, _Known.digests, _Known.looked):
        known.clear()
    _Known.items = []


def wait(seconds: float) -> None:
    """Wait until all that was asked for is drawn, and take it in."""
    end = time.monotonic() + seconds
    while _Known.waiting and time.monotonic() < end:
        time.sleep(0.01)
        _take_in()


def register() -> None:
    """List the takes by their pictures."""
    listed["takes"] = items


def unregister() -> None:
    """List them no more: Blender 4.2 holds what properties call to its end."""
    listed.clear()
    forget()


def _work() -> None:
    asked, drawn = _Known.asked, _Known.drawn
    while (each := asked.get()) is not None:
        picture = None
        try:
            picture = draw(each.hands, each.outfit)
        finally:
            # Whoever waits for a picture that cannot be drawn waits no longer.
            drawn.put((each, picture))


def _take_in() -> None:
    """Make previews of what was drawn, in place of those before."""
    while not _Known.drawn.empty():
        each, picture = _Known.drawn.get()
        _Known.waiting -= 1
        if picture is None or _Known.digests.get(each.take) != each.digest:
            continue
        previews = _Known.previews
        if previews is None:
            _Known.previews = previews = bpy.utils.previews.new()
            assert previews is not None
        for name in _Known.names.pop(each.take, ()):
            del previews[name]
        _Known.number += 1
        names = f"{_Known.number} one", f"{_Known.number} all"
        for name, shown in zip(names, (picture[:SIZE, :SIZE], picture), strict=True):
            _load(previews.new(name), shown)
        _Known.names[each.take] = names
        _forget_gone()
        _redraw()


def _load(preview: bpy.types.ImagePreview, picture: Picture) -> None:
    height, width = picture.shape[:2]
    preview.image_size = (width, height)
    # Blender counts rows from below.
    preview.image_pixels_float.foreach_set((picture[::-1] / np.float32(255)).astype(np.float32).ravel())
    step = height // SMALL
    small = picture.reshape(SMALL, step, SMALL, step, 4).mean(axis=(1, 3)) / 255
    preview.icon_size = (SMALL, SMALL)
    preview.icon_pixels_float.foreach_set(small[::-1].astype(np.float32).ravel())


def _forget_gone() -> None:
    there = {action.session_uid for action in bpy.data.actions}
    for uid in [each for each in _Known.looked if each not in there]:
        for name in _Known.names.pop(uid, ()):
            if _Known.previews is not None:
                del _Known.previews[name]
        for known in (_Known.called, _Known.digests, _Known.looked):
            known.pop(uid, None)


def _kept(text: str) -> str:
    """Return the same text as before: Blender goes on showing what it was given, and asks anew meanwhile."""
    return _Known.texts.setdefault(text, text)


def _is_shown(take: ChironomyTake) -> bool:
    data = take.item.animation_data if take.item is not None else None
    return data is not None and data.action == take.action


def _redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
