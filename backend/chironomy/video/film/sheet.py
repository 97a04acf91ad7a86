# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet: frames over the waveform and over the speed of both wrists, on one time axis."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.shot.errors import VideoError
from chironomy.video.film.encode import probe, read_video_frames

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

    from chironomy.speech.decode import Speech

WIDTH = 2400
MARGIN = 48
GUTTER = 72
"""Room left of the plots for their scales."""
FRAME_HEIGHT = 245
"""Pixels, about; 12 frames of a portrait are so high, or 8 of a film that is a little wider than high."""
FRAME_GAP = 8
WIDEST_FRAME = 420
"""Pixels; a clip of a few frames would else make a sheet of great height."""

# Everything is drawn twice as large and brought down, which smooths Pillow's lines.
_FINE = 2

_PAPER = (24, 27, 33)
_PANEL = (33, 37, 45)
_INK = (232, 234, 238)
_QUIET = (142, 150, 163)
_GRID = (52, 58, 69)
_WAVE = (126, 140, 164)
_ACCENT = (255, 209, 102)
HAND_COLOURS = ((86, 164, 255), (255, 138, 76))
"""RGB of the left and of the right hand."""


def wrist_speed(hands: HandMotion) -> NDArray[np.float64]:
    """(T, 2) metres a second: central differences of the wrist positions."""
    if hands.frame_count < 2:
        return np.zeros((hands.frame_count, len(HANDS)))
    velocity = np.gradient(hands.wrist_position, axis=0) * hands.fps
    return np.linalg.norm(velocity, axis=-1)


def contact_sheet(
    frames: str | Path | Iterable[NDArray[np.uint8]],
    speech: Speech | None,
    hands: HandMotion,
    path: str | Path,
    *,
    title: str = "",
    columns: int | None = None,
    accents: Sequence[float] = (),
) -> Path:
    """Write a picture (PNG) that shows a take at one glance.

    Args:
        frames: a video file, or its frames in order (uint8 RGB, read once).
        speech: for the waveform; None leaves that plot out.
        hands: for the speed of the wrists; their frame rate is the video's.
        path: the PNG to write.
        title: a line above everything.
        columns: how many frames to show, by default as many as are `FRAME_HEIGHT` high; fewer where the video is
            shorter.
        accents: seconds of the pitch accents, marked in both plots.

    Returns:
        the path.

    Raises:
        VideoError: there are no frames, or the video cannot be read.
    """
    from PIL import Image, ImageDraw

    path = Path(path)
    if path.suffix.lower() != ".png":
        raise VideoError(f"{path.name} must end in .png")
    count = probe(frames).frame_count if isinstance(frames, str | Path) else hands.frame_count
    duration = count / hands.fps
    stream = iter(read_video_frames(frames) if isinstance(frames, str | Path) else frames)
    first = next(stream, None)
    if first is None:
        raise VideoError("there are no frames to show in a contact sheet")
    plot_left, plot_right = MARGIN + GUTTER, WIDTH - MARGIN
    if columns is None:
        columns = round((plot_right - plot_left) / (FRAME_HEIGHT * first.shape[1] / first.shape[0] + FRAME_GAP))
    columns = max(1, min(columns, count))
    # The frame nearest the middle of each column's slot of time, so that its moment lies in the slot.
    wanted = [((2 * column + 1) * count + columns - 1) // (2 * columns) for column in range(columns)]
    shown = _pick(itertools.chain([first], stream), wanted)
    slot = (plot_right - plot_left) / columns
    frame_width = min(int(slot - FRAME_GAP), WIDEST_FRAME)
    frame_height = round(frame_width * shown[0].shape[0] / shown[0].shape[1])
    title_height = 64 if title else 0
    frames_top = MARGIN + title_height
    wave_top = frames_top + frame_height + 44
    wave_height = 120 if speech is not None else 0
    speed_top = wave_top + (wave_height + 20 if speech is not None else 0)
    speed_height = 240
    height = speed_top + speed_height + 44 + MARGIN

    fine = Image.new("RGB", (WIDTH * _FINE, height * _FINE), _PAPER)
    draw = ImageDraw.Draw(fine)
    axis = _Axis(plot_left, plot_right, duration)
    _panel(draw, axis, speed_top, speed_height)
    if speech is not None:
        _panel(draw, axis, wave_top, wave_height)
    ceiling = _draw_speed(draw, axis, hands, speed_top, speed_height)
    for time in (frame / hands.fps for frame in wanted):
        x = axis.at(time) * _FINE
        draw.line([(x, (frames_top + frame_height + 24) * _FINE), (x, (speed_top + speed_height) * _FINE)], fill=_GRID)
    if speech is not None:
        # Over the lines: they would cut a thin wave.
        _draw_wave(draw, axis, speech, wave_top, wave_height)
    for time in accents:
        if 0 <= time <= duration:
            x = axis.at(time) * _FINE
            top = wave_top if speech is not None else speed_top
            draw.line([(x, top * _FINE), (x, (top + 10) * _FINE)], fill=_ACCENT, width=2 * _FINE)
    sheet = fine.resize((WIDTH, height), Image.Resampling.BOX)

    draw = ImageDraw.Draw(sheet)
    small, large = _font(18), _font(30)
    if title:
        draw.text((plot_left, MARGIN), title, font=large, fill=_INK, anchor="lt")
    for column, (frame, picture) in enumerate(zip(wanted, shown, strict=True)):
        x = plot_left + (column + 0.5) * slot - frame_width / 2
        thumbnail = Image.fromarray(picture).resize((frame_width, frame_height), Image.Resampling.LANCZOS)
        sheet.paste(thumbnail, (round(x), frames_top))
        # The label stands on the line of its moment, and below its own picture where the two are apart.
        label = f"{frame / hands.fps:.2f}"
        reach = (frame_width - draw.textlength(label, font=small)) / 2
        middle = x + frame_width / 2
        middle = min(max(axis.at(frame / hands.fps), middle - reach), middle + reach)
        draw.text((middle, frames_top + frame_height + 6), label, font=small, fill=_QUIET, anchor="mt")
    _label_axis(draw, axis, speed_top + speed_height, small)
    _label_speed(draw, axis, ceiling, speed_top, speed_height, small)
    if speech is not None:
        draw.text((plot_left - 12, wave_top + wave_height / 2), "speech", font=small, fill=_QUIET, anchor="rm")
        if len(accents):
            draw.text((plot_left - 12, wave_top), "accents", font=small, fill=_ACCENT, anchor="rt")
    with atomic_path(path) as partial:
        sheet.save(partial, "PNG", optimize=True)
    return path


class _Axis:
    """Seconds to pixels."""

    def __init__(self, left: float, right: float, duration: float):
        self.left, self.right, self.duration = left, right, duration

    def at(self, time: float) -> float:
        return self.left + (self.right - self.left) * time / self.duration

    def ticks(self) -> list[float]:
        """Round seconds, at most about twenty of them."""
        for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600):
            if self.duration / step <= 20:
                return [step * tick for tick in range(int(self.duration / step + 1e-9) + 1)]
        return [0.0, self.duration]


def _pick(frames: Iterable[NDArray[np.uint8]], wanted: Sequence[int]) -> list[NDArray[np.uint8]]:
    """The wanted frames of a stream that is read once and no further than needed."""
    picked: list[NDArray[np.uint8]] = []
    needed = iter([*wanted, None])
    following = next(needed)
    for index, frame in enumerate(frames):
        while following == index:
            picked.append(frame)
            following = next(needed)
        if following is None:
            break
    picked += [picked[-1]] * (len(wanted) - len(picked))
    return picked


def _font(size: int) -> FreeTypeFont | BitmapFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _panel(draw: ImageDraw, axis: _Axis, top: float, height: float) -> None:
    box = [axis.left * _FINE, top * _FINE, axis.right * _FINE, (top + height) * _FINE]
    draw.rectangle(box, fill=_PANEL)


def _draw_wave(draw: ImageDraw, axis: _Axis, speech: Speech, top: float, height: float) -> None:
    """The largest and smallest sample of every pixel column, over the loudest of all.

    The sound runs straight from sample to sample, so that the columns join however few samples there are.
    """
    columns = int((axis.right - axis.left) * _FINE)
    samples = np.asarray(speech.samples)
    if len(samples) == 0:
        return
    places = np.arange(columns + 1) * axis.duration / columns * speech.sample_rate
    borders = np.interp(places, np.arange(len(samples)), samples)
    edges = np.ceil(places).astype(int)
    loudest = max(float(np.abs(samples).max()), 1e-6)
    middle, reach = (top + height / 2) * _FINE, 0.46 * height * _FINE
    for column in range(columns):
        if places[column] >= len(samples):
            break
        part = np.append(samples[edges[column] : edges[column + 1]], borders[column : column + 2])
        x = axis.left * _FINE + column
        low, high = middle - reach * part.max() / loudest, middle - reach * part.min() / loudest
        draw.line([(x, low), (x, high + 1)], fill=_WAVE)


def _draw_speed(draw: ImageDraw, axis: _Axis, hands: HandMotion, top: float, height: float) -> float:
    """Both hands' speed, filled below; returns the speed at the top of the plot, in metres a second."""
    speed = wrist_speed(hands)
    # The last frame lasts until the next would come, at the edge of the plot.
    times = np.append(np.arange(len(speed)), len(speed)) / hands.fps
    speed = np.append(speed, speed[-1:], axis=0)
    peak = float(speed.max(initial=0))
    ceiling = next((value for value in (0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0) if value >= peak), peak)
    base = (top + height) * _FINE
    for line in np.linspace(0, 1, 5)[1:-1]:
        y = base - line * height * _FINE
        draw.line([(axis.left * _FINE, y), (axis.right * _FINE, y)], fill=_GRID)
    shown = times <= axis.duration + 1e-9
    curves = []
    for hand in range(len(HANDS)):
        x = [axis.at(time) * _FINE for time in times[shown]]
        y = (base - speed[shown, hand] / ceiling * height * _FINE).tolist()
        curves.append(list(zip(x, y, strict=True)))
        if len(x) > 1:
            tint = tuple((3 * panel + colour) // 4 for panel, colour in zip(_PANEL, HAND_COLOURS[hand], strict=True))
            draw.polygon([(x[0], base), *curves[hand], (x[-1], base)], fill=tint)
    for hand, curve in enumerate(curves):
        draw.line(curve, fill=HAND_COLOURS[hand], width=3 * _FINE, joint="curve")
    return ceiling


def _label_axis(draw: ImageDraw, axis: _Axis, bottom: float, font: FreeTypeFont | BitmapFont) -> None:
    for time in axis.ticks():
        x = axis.at(time)
        draw.line([(x, bottom), (x, bottom + 6)], fill=_QUIET)
        draw.text((x, bottom + 12), f"{time:g}", font=font, fill=_QUIET, anchor="mt")
    draw.text((axis.left - 12, bottom + 12), "seconds", font=font, fill=_QUIET, anchor="rt")


def _label_speed(
    draw: ImageDraw, axis: _Axis, ceiling: float, top: float, height: float, font: FreeTypeFont | BitmapFont
) -> None:
    for part in (0.5, 1.0):
        y = top + height - part * height
        draw.text((axis.left - 12, y), f"{part * ceiling:g}", font=font, fill=_QUIET, anchor="rm")
    draw.text((axis.left - 12, top + height * 0.25), "m/s", font=font, fill=_QUIET, anchor="rm")
    x = axis.right - 16
    for hand in reversed(range(len(HANDS))):
        word = f"{HANDS[hand]} wrist"
        draw.text((x, top + 14), word, font=font, fill=_INK, anchor="rt")
        x -= draw.textlength(word, font=font) + 10
        draw.line([(x - 28, top + 24), (x, top + 24)], fill=HAND_COLOURS[hand], width=4)
        x -= 28 + 24
