# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that several commands share, and the checks of their values.

Each check is a `type=` of argparse: it returns the value or raises `ArgumentTypeError` with the rest of the sentence
"argument --x: …".
"""

import argparse
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chironomy.body.emotion import EMOTION, EMOTIONS, emotion_track
from chironomy.body.errors import BodyError
from chironomy.errors import ChironomyError
from chironomy.gesture.settings import AMPLITUDE, RATE, SEED, SPEED, STYLE, STYLES
from chironomy.mixture import named_weights

Error = argparse.ArgumentTypeError

FILM_FORMATS = ("mp4", "webm", "prores", "prores4444")
SEQUENCE_FORMATS = ("png", "exr")


def number(low: float, high: float) -> Callable[[str], float]:
    """A finite number from `low` to `high`."""

    def check(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise Error(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return check


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def check(text: str) -> int:
        if not re.fullmatch(r"-?\d{1,20}", text) or not low <= int(text) <= high:
            raise Error(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return check


def port(text: str) -> int:
    """A port of TCP; 0 means a free one."""
    return whole_number(0, 65535)(text)


def size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` in pixels, both even (H.264 in 4:2:0 has one colour sample for two by two pixels)."""
    match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text)
    if match is None:
        raise Error(f"{text!r} is not a size: write WIDTHxHEIGHT, such as 512x704")
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2 or not (64 <= width <= 4096 and 64 <= height <= 4096):
        raise Error(f"{text!r} is not a size for video: both must be even and from 64 to 4096")
    return width, height


def weights(text: str) -> str | dict[str, float]:
    """A name, or names with weights: `lively:0.5,calm:0.5`."""
    if not text.strip():
        raise Error("it is empty: write a name, such as lively, or leave it out")
    if ":" not in text:
        return text
    try:
        return named_weights(text, "write lively or lively:0.5,calm:0.5")
    except ChironomyError as error:
        raise Error(str(error)) from None


def emotion(text: str) -> str:
    """A name, names with weights, or moments with either: `happy`, `happy:0.6,surprised:0.4`, `0=neutral;4.5=sad`."""
    try:
        emotion_track(text)
    except BodyError as error:
        raise Error(str(error)) from None
    return text


def language(text: str) -> str:
    """A code of a language: two or three letters, as of ISO 639; what comes after them, as in en-GB, is left out."""
    code = text.strip().casefold()
    match = re.fullmatch(r"([a-z]{2,3})([-_][a-z0-9]+)*", code)
    if match is None:
        raise Error(f"{text!r} is no code of a language: write two letters, such as en or ko")
    return match[1]


def seconds_range(text: str) -> tuple[float, float]:
    """`START:END` in seconds."""
    match = re.fullmatch(r"(-?(?:\d+\.?\d*|\.\d+)):(-?(?:\d+\.?\d*|\.\d+))", text)
    if match is None or not 0 <= float(match[1]) < float(match[2]):
        raise Error(f"{text!r} is not a range of time: write START:END in seconds, from 0 on, such as 2.0:4.5")
    return float(match[1]), float(match[2])


_RAISE = re.compile(r"(?:raise=)?(left|right)(?:@(middle|\d+(?:\.\d*)?|\.\d+))?:([+-]?(?:\d+\.?\d*|\.\d+))")
_EDIT_RADIUS = 0.5


def edit(text: str) -> dict[str, Any]:
    """`raise=HAND@TIME:METRES` as an edit of the job: raise a wrist around the key nearest to a time.

    HAND is left or right. TIME is in seconds, or `middle`, as when it is left out: the key nearest the clip's middle
    where that hand moves. METRES is negative to lower the wrist. `raise=` may be left out: `right:0.10`. The change
    fades to nothing within half a second.
    """
    match = _RAISE.fullmatch(text)
    if match is None:
        raise Error(f"{text!r} is not an edit: write raise=right@middle:0.10 or raise=left@2.5:-0.05 (seconds, metres)")
    hand, time, metres = match[1], match[2], float(match[3])
    if abs(metres) > 1.0:
        raise Error(f"{text!r} moves the wrist by more than an arm: write at most 1 metre")
    return {
        "hand": hand,
        "bone": "hand.L" if hand == "left" else "hand.R",
        "time": None if time in (None, "middle") else float(time),
        "offset": [0.0, metres, 0.0],
        "radius": _EDIT_RADIUS,
    }


def add_gesture_arguments(parser: argparse.ArgumentParser, style: Callable[[str], Any] = str) -> None:
    """What the gesture model can be told; `style` reads the style."""
    parser.add_argument(
        "--seed",
        type=whole_number(SEED.low, SEED.high),
        default=SEED.default,
        help=f"another number, another performance (default: {SEED.default})",
    )
    parser.add_argument(
        "--style",
        type=style,
        default=STYLE,
        help=f"{', '.join(STYLES[:-1])} or {STYLES[-1]} (default: {STYLE})"
        + ("" if style is str else ", or weights of several: lively:0.5,calm:0.5"),
    )
    parser.add_argument(
        "--speed",
        type=number(SPEED.low, SPEED.high),
        default=SPEED.default,
        help=f"tempo of the hands, {SPEED.low:g} to {SPEED.high:g} (default: {SPEED.default:g})",
    )
    parser.add_argument(
        "--amplitude",
        type=number(AMPLITUDE.low, AMPLITUDE.high),
        default=AMPLITUDE.default,
        help=f"size of the gestures, {AMPLITUDE.low:g} to {AMPLITUDE.high:g} (default: {AMPLITUDE.default:g})",
    )
    parser.add_argument(
        "--rate",
        type=number(RATE.low, RATE.high),
        default=RATE.default,
        help=f"how many strokes there are, {RATE.low:g} to {RATE.high:g} (default: {RATE.default:g}); weights that "
        "have not learned it refuse",
    )
    parser.add_argument(
        "--seated", action="store_true", help="the person sits: hands that rest lie on the lap (default: stands)"
    )
    add_emotion_argument(parser, f"(default: {EMOTION})")


def add_emotion_argument(parser: Any, default: str) -> None:
    """How the speaker feels."""
    parser.add_argument(
        "--emotion",
        type=emotion,
        metavar="EMOTION",
        help=f"{', '.join(EMOTIONS[:-1])} or {EMOTIONS[-1]} {default}; or weights of several: happy:0.6,surprised:0.4; "
        "or moments in seconds: 0=neutral;4.5=happy:0.8",
    )


FIGURES = ("whole", "hands")
"""What there may be of the character; written out here, as names of formats are. A test holds it to the library's."""

ASPECTS = {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (720, 720), "4:5": (720, 900)}
"""Usual shapes of pictures, with their sizes in pixels."""


def aspect(text: str) -> tuple[int, int]:
    """A name of `ASPECTS` as a size in pixels."""
    if text not in ASPECTS:
        raise Error(f"{text!r} is not a shape: choose one of {', '.join(ASPECTS)}, or give --size")
    return ASPECTS[text]


def outfit(text: str) -> str | dict[str, str]:
    """A name, or colours by region: `top=#803020,hair=#302018`."""
    if "=" not in text:
        return text
    entries = [entry.partition("=") for entry in text.split(",")]
    return {region.strip(): colour.strip() for region, _, colour in entries}


def setting(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`; the value is a number, true, false or null where it reads as one, else a text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Error(f"{text!r} is not NAME=VALUE, such as num_inference_steps=20")
    try:
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return name.strip(), value


def add_video_arguments(parser: argparse.ArgumentParser, in_blender: bool = False) -> None:
    """What the video is made with.

    Args:
        parser: gets the arguments.
        in_blender: the shot is made by the add-on, which has named outfits and backdrops only; its video is a film,
            of which the contact sheet is made.
    """
    formats = FILM_FORMATS if in_blender else FILM_FORMATS + SEQUENCE_FORMATS
    # Names are written out here and not asked of chironomy.video, which brings numpy: this is read whichever command
    # runs. The rooms that know them check them, in a sentence.
    group = parser.add_argument_group("video")
    group.add_argument(
        "--engine", default="previz", help="what draws the video: previz (the default), emo2, vace or animate"
    )
    shape = group.add_mutually_exclusive_group()
    shape.add_argument(
        "--size", type=size, metavar="WxH", help="pixels (default: 512x704, or with --portrait the portrait's shape)"
    )
    sizes = ", ".join(f"{name} ({width}x{height})" for name, (width, height) in ASPECTS.items())
    shape.add_argument("--aspect", type=aspect, dest="size", metavar="SHAPE", help=f"instead of --size: {sizes}")
    group.add_argument(
        "--format", choices=formats, metavar="FORMAT", help=f"{', '.join(formats[:-1])} or {formats[-1]}"
    )
    group.add_argument(
        "--figure",
        choices=FIGURES,
        help="the whole character (the default), or hands and half of the forearms alone, seen from near",
    )
    clothes = "clothes: teal (the default), charcoal, burgundy, olive, navy or oat"
    walls = "behind the character: studio (the default), white, grey, black, green, blue, dawn, dusk or transparent"
    if in_blender:
        group.add_argument("--outfit", metavar="NAME", help=clothes)
        group.add_argument("--backdrop", metavar="NAME", help=walls)
    else:
        clothes += "; or colours: top=#803020,hair=#302018"
        walls += "; portrait; a colour #rrggbb or a gradient #rrggbb:#rrggbb"
        group.add_argument("--outfit", type=outfit, metavar="NAME", help=clothes)
        group.add_argument("--backdrop", metavar="NAME", help=walls)
    add_portrait_argument(group)
    group.add_argument("--burn-in", action="store_true", help="timecode and frame number in the picture, for reviews")
    if not in_blender:
        group.add_argument(
            "--set",
            type=setting,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a setting of the engine's own, such as num_inference_steps=20; may be given again",
        )
        group.add_argument("--take", metavar="NAME", help="a name beside them (default: the file's); burns in, too")
    group.add_argument(
        "--still", action="store_true", help="torso, head and eyes stay still instead of accompanying the hands"
    )


def add_portrait_argument(parser: Any) -> None:
    """Whose picture it is to fit."""
    parser.add_argument(
        "--portrait",
        type=Path,
        metavar="PICTURE",
        help="a portrait whose camera, proportions and resting hands are taken (see chironomy fit)",
    )


def video_settings(options: argparse.Namespace, take: str) -> dict[str, Any]:
    """The settings of the shot that these arguments ask for; `take` names it where the person does not."""
    chosen = {name: getattr(options, name) for name in ("figure", "outfit", "backdrop")}
    settings: dict[str, Any] = dict(options.set)
    settings |= {name: value for name, value in chosen.items() if value is not None}
    if options.burn_in or options.take is not None:
        settings |= {"burn_in": True, "take": take if options.take is None else options.take}
    return settings
