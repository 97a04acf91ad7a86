# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch is to make: its items, in a file that goes where the work is done.

File: `chironomy.batch/2` (JSON): `{"format", "items": [{"name", "speech", "script", "portrait", "gesture", "video",
"blender"}]}`. Paths are relative to the file's folder. `gesture` are settings of that kind of job; `video` is null for
none, or `{"engine", "format", "width", "height", "alive"}`; `blender` lists what Blender writes, of `scene` and `fbx`.
Version 1 had no `blender`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chironomy.files import atomic_path
from chironomy.performance.errors import PerformanceError
from chironomy.performance.recordings import PICTURES, SCRIPTS, beside, each_of, recordings_in
from chironomy.schema import Schema
from chironomy.service.errors import ServiceError
from chironomy.service.kinds import KINDS
from chironomy.service.settings import Choice, Integer, Switch, check_settings


def _without_blender(fields: dict[str, Any]) -> dict[str, Any]:
    """What a plan of the first version says: nothing in it is written by Blender."""
    return fields


PLAN_FILE = Schema(
    "chironomy.batch",
    "a plan of a batch",
    ServiceError,
    "make one with chironomy farm bundle",
    upgrades=(_without_blender,),
)
BLENDER = ("scene", "fbx")
"""What Blender writes: `scene.blend` and `hands.fbx`."""
MOST_ITEMS = 100_000
_LARGEST = 256 << 20
_NAME = re.compile(r"[^\W_](?:[\w .()+-]{0,118}[\w()+-])?")


def _engines() -> list[str]:
    from chironomy.video.engines.registry import engine_names

    return list(engine_names())


def _formats() -> list[str]:
    from chironomy.shot.formats import FORMATS

    return [entry.name for entry in FORMATS.values() if not entry.sequence]


VIDEO = {
    "engine": Choice("previz", _engines),
    "format": Choice("mp4", _formats),
    "width": Integer(None, 64, 4096),
    "height": Integer(None, 64, 4096),
    "alive": Switch(True),
}
"""Settings of an item's video; without a size it has the usual one, or the portrait's shape."""


@dataclass(frozen=True)
class Item:
    """One recording with what is to be made of it.

    Attributes:
        name: of the folder of its results; unique in the plan.
        speech: any sound or video file.
        script: what is said, if that is known.
        portrait: a picture in which it is said, if there is one.
        gesture: settings of the motion.
        video: settings of the video; None for none.
        blender: of `BLENDER`, what Blender writes.
    """

    name: str
    speech: Path
    script: Path | None = None
    portrait: Path | None = None
    gesture: Mapping[str, Any] = field(default_factory=dict)
    video: Mapping[str, Any] | None = None
    blender: tuple[str, ...] = ()

    def files(self) -> dict[str, Path]:
        """The files that it is made from, by what they are."""
        named = {"speech": self.speech, "script": self.script, "portrait": self.portrait}
        return {name: path for name, path in named.items() if path is not None}


def items_of(
    recordings: Sequence[Path],
    styles: Sequence[str] = (),
    seeds: Sequence[int] = (),
    gesture: Mapping[str, Any] | None = None,
    portrait: Path | None = None,
    video: Mapping[str, Any] | None = None,
    blender: Sequence[str] = (),
) -> list[Item]:
    """An item for each recording, style and seed.

    The script of `a.wav` is `a.txt`, `a.srt` … beside it, and its portrait `a.png` …, else `portrait`.

    Args:
        recordings: files, and folders of which all recordings are taken.
        styles: of which each is made; none for the usual one.
        seeds: of which each is made; none for the usual one.
        gesture: further settings of the motion.
        portrait: for recordings that have none beside them.
        video: settings of the video; None for none.
        blender: of `BLENDER`, what Blender writes.

    Raises:
        ServiceError: there is no recording, or two would have one name.
    """
    try:
        found = recordings_in(recordings)
    except PerformanceError as error:
        raise ServiceError(str(error)) from None
    items = []
    for name, path, style, seed in each_of(found, styles, seeds):
        chosen = {"style": style, "seed": seed}
        own = {name: value for name, value in chosen.items() if value is not None}
        picture = beside(path, PICTURES) or (None if portrait is None else portrait.absolute())
        items.append(Item(name, path, beside(path, SCRIPTS), picture, dict(gesture or {}) | own, video, tuple(blender)))
    return checked(items)


def checked(items: Sequence[Item]) -> list[Item]:
    """The items with all their settings.

    Raises:
        ServiceError: a file is missing, a setting or a name is wrong, or two items have one name.
    """
    if not items:
        raise ServiceError("The plan has no items: name recordings, or a folder of them")
    if len(items) > MOST_ITEMS:
        raise ServiceError(f"The plan has {len(items)} items, and at most {MOST_ITEMS} are made at once")
    done: list[Item] = []
    seen: set[str] = set()
    for item in items:
        if not _NAME.fullmatch(item.name):
            raise ServiceError(f"{item.name[:80]!r} cannot be the name of an item: take letters, digits and - . ( )")
        if item.name.casefold() in seen:
            raise ServiceError(f"Two items are called {item.name}: rename one of the recordings")
        seen.add(item.name.casefold())
        for what, path in item.files().items():
            if not path.is_file():
                raise ServiceError(f"The {what} of {item.name}, {path}, is not there")
        try:
            gesture = check_settings("gesture", KINDS["gesture"].settings, item.gesture)
            video = None if item.video is None else check_settings("video", VIDEO, item.video)
        except ServiceError as error:
            raise ServiceError(f"{item.name}: {error}", status=422) from None
        if video is not None and (video["width"] is None) != (video["height"] is None):
            raise ServiceError(f"{item.name}: a width and a height belong together")
        if unknown := [name for name in item.blender if name not in BLENDER]:
            raise ServiceError(f"{item.name}: Blender writes {' and '.join(BLENDER)}, not {unknown[0]!r}")
        done.append(replace(item, gesture=gesture, video=video))
    return done


def read_plan(path: Path) -> list[Item]:
    """The items of a plan's file.

    Raises:
        ServiceError: it cannot be read, is none, or something in it is wrong.
    """
    told = PLAN_FILE.read_json(path, name=f"The plan {path}", maximum_bytes=_LARGEST)
    listed = told.get("items")
    if not isinstance(listed, list):
        raise ServiceError(f"The plan {path} has no list of items")
    try:
        return checked(list(_items(listed, path)))
    except ServiceError as error:
        # Names in it may hold what is no letter.
        sentence = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(error))
        where = "" if str(path) in sentence else f"The plan {path}: "
        raise ServiceError(f"{where}{sentence}", status=error.status) from None


def _items(listed: Sequence[object], path: Path) -> Iterator[Item]:
    for number, told in enumerate(listed, 1):
        if not isinstance(told, dict) or set(told) - set(Item.__dataclass_fields__):
            raise ServiceError(f"Item {number} of {path} is no object of {', '.join(Item.__dataclass_fields__)}")
        texts = {name: told.get(name) for name in ("name", "speech", "script", "portrait")}
        if not all(
            isinstance(value, str) or (value is None and name in {"script", "portrait"})
            for name, value in texts.items()
        ):
            raise ServiceError(f"Item {number} of {path} needs a name and a speech, both texts")
        listed_too = told.get("blender") or []
        if not isinstance(listed_too, list) or not all(isinstance(each, str) for each in listed_too):
            raise ServiceError(f"Item {number} of {path}: blender is a list of names, such as {list(BLENDER)}")
        blender = tuple(listed_too)
        files = {
            name: path.parent / str(value) for name, value in texts.items() if name != "name" and value is not None
        }
        yield Item(
            str(texts["name"]), **files, gesture=told.get("gesture") or {}, video=told.get("video"), blender=blender
        )


def write_plan(path: Path, items: Sequence[Item], names: Mapping[Path, str] | None = None) -> None:
    """Write a plan.

    Args:
        path: of the file.
        items: of the plan.
        names: what files are called there; others by their absolute path.

    Raises:
        ChironomyError: it cannot be written.
    """

    def named(file: Path | None) -> str | None:
        return None if file is None else (names or {}).get(file, str(file.absolute()))

    told = [
        {
            "name": item.name,
            "speech": named(item.speech),
            "script": named(item.script),
            "portrait": named(item.portrait),
            "gesture": dict(item.gesture),
            "video": None if item.video is None else dict(item.video),
            "blender": list(item.blender),
        }
        for item in items
    ]
    with atomic_path(path) as partial:
        partial.write_text(
            json.dumps({"format": PLAN_FILE.format, "items": told}, indent=1, ensure_ascii=False), encoding="utf-8"
        )
