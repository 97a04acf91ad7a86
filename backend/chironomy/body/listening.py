# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does while another one speaks: nods as the other pauses, and looks at whoever speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rhythm import pulses, smoothed
from chironomy.body.rig import Rig
from chironomy.files import atomic_path
from chironomy.schema import Schema

Array = NDArray[np.float64]

AIMS_FILE = Schema("chironomy.aims", "a file of where somebody looks", BodyError)

# What lies farther aside than the eyes care to turn, in degrees, the head turns to, as far as it goes, and the trunk.
_HEAD_SHARE, _EYES_CARE, _HEAD_GOES = 0.5, 20.0, 62.0
_TRUNK_SHARE, _TRUNK_FROM, _TRUNK_GOES = 0.3, 40.0, 16.0
_AIM_SECONDS = 0.15
"""Sigma of the Gaussian over where the head turns as somebody else is looked at."""

_CHANCE = 0.7
"""Of a pause, that it is nodded in; never two go by without."""

_AFTER = (0.16, 0.36)
"""Seconds from the end of a phrase to the depth of the nod that answers it."""

_TIMES = (0.45, 0.40, 0.15)
"""How often an answer is one nod, two, three, by eye; the first is the deepest. Listeners nod once or in runs (Hadar,
Steiner & Rose 1985, "Head movement during listening turns in conversation")."""

_APART, _LESS = (0.40, 0.52), 0.68
_SIZE = 5.6
"""Degrees of the first nod."""

_PAUSE, _TURN = 0.22, 0.5
"""Seconds of silence that are answered, and within which who begins to speak answers by that."""


@dataclass(frozen=True, eq=False)
class Aims:
    """Where somebody looks, one place after another.

    Attributes:
        seconds: (K,) from when on, rising; before the first the eyes are where they go then.
        place: (K, 3) metres in the frame of the body.

    Raises:
        BodyError: the two do not belong together.
    """

    seconds: Array
    place: Array

    def __post_init__(self) -> None:
        seconds, place = np.asarray(self.seconds, np.float64), np.asarray(self.place, np.float64)
        if seconds.ndim != 1 or not len(seconds) or place.shape != (len(seconds), 3):
            raise BodyError(f"aims have {seconds.shape} seconds and {place.shape} places; give (K,) and (K, 3)")
        if not (np.isfinite(seconds).all() and np.isfinite(place).all()) or (np.diff(seconds) < 0).any():
            raise BodyError("aims are finite places, the earlier first")
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "place", place)

    def at(self, times: ArrayLike) -> Array:
        """Return (T, 3) the place at these times (T,), in seconds."""
        after = np.searchsorted(self.seconds, np.asarray(times, np.float64), side="right") - 1
        return self.place[np.maximum(after, 0)]

    def save(self, path: Path) -> None:
        """Write `chironomy.aims/1`, an `.npz`; it appears when it is complete."""
        with atomic_path(path) as partial, partial.open("wb") as file:
            np.savez(file, format=AIMS_FILE.format, seconds=self.seconds, place=self.place)

    @classmethod
    def load(cls, path: Path) -> "Aims":
        """Read what `save` wrote.

        Raises:
            BodyError: the file is missing or damaged, or something else.
        """
        fields = AIMS_FILE.read_arrays(path, maximum_bytes=1 << 24)
        return cls(fields.numbers("seconds"), fields.numbers("place"))


def lens_at(lens: ArrayLike, frames: int) -> Array:
    """Return (T, 3) where is looked, given one place (3,) or one a frame.

    Raises:
        BodyError: it is no place, or not as many as there are frames.
    """
    away = np.asarray(lens, np.float64)
    if away.shape not in ((3,), (frames, 3)) or not np.isfinite(away).all():
        raise BodyError(f"the lens is at {lens}; give three finite numbers, in metres, or three for each frame")
    return np.broadcast_to(away, (frames, 3))


class Turned(NamedTuple):
    """How far head and trunk are turned, (T, 3) degrees of pitch (down), yaw and roll in the frame of the body."""

    head: Array
    trunk: Array


def turned_to(rig: Rig, lens: ArrayLike, frames: int, fps: float) -> Turned:
    """Return how far head and trunk turn to what is looked at; the eyes turn the rest (`chironomy.body.gaze`).

    Raises:
        BodyError: as of `lens_at`.
    """
    away = lens_at(lens, frames) - rig.joint_position[[rig.index("eye.L"), rig.index("eye.R")]].mean(axis=0)
    x, y, z = away.T
    aside = np.degrees(np.stack([-np.arctan2(y, np.hypot(x, z)), np.arctan2(x, z), np.zeros(frames)], axis=-1))
    aside = smoothed(aside, _AIM_SECONDS * fps)
    far = np.abs(aside)
    goes = np.clip(np.maximum(_HEAD_SHARE * far, far - _EYES_CARE), 0.0, _HEAD_GOES)
    head: Array = np.copysign(goes, aside)
    trunk = np.zeros_like(aside)
    beyond = np.maximum(far[:, 1] - _TRUNK_FROM, 0.0)
    trunk[:, 1] = np.sign(aside[:, 1]) * np.minimum(_TRUNK_SHARE * beyond, _TRUNK_GOES)
    return Turned(head, trunk)


def answers(
    rng: np.random.Generator,
    now: Array,
    heard: Sequence[tuple[float, float]],
    own: Sequence[tuple[float, float]] = (),
) -> Array:
    """Return (T, 3) degrees of a head that nods where others pause: how listeners show that they follow.

    Most nods of listeners come at the ends of what is said and in the pauses after (Duncan & Fiske 1977, "Face-to-face
    interaction"; Maynard 1987, "Interactional functions of a nonverbal sign: head movement in Japanese dyadic
    conversation").

    Args:
        rng: the only source of chance.
        now: (T,) seconds, evenly spaced.
        heard: begin and end, in seconds, of what others say, in order.
        own: likewise of what the person says; who is about to speak or does, nods by their own accents.
    """
    times: list[float] = []
    sizes: list[float] = []
    passed = False
    begins = [begin for begin, _ in heard]
    for begin, end in heard:
        draw, late, count = rng.uniform(), rng.uniform(*_AFTER), int(rng.choice(3, p=_TIMES)) + 1
        steps, size = rng.uniform(*_APART, 2), _SIZE * rng.uniform(0.8, 1.2)
        going_on = any(end - 1e-6 <= other < end + _PAUSE for other in begins if other != begin)
        speaking = any(first - _TURN < end + late and last > end for first, last in own)
        if going_on or speaking or any(first < end < last for first, last in heard):
            continue
        if draw > _CHANCE and not passed:
            passed = True
            continue
        passed = False
        until = min((other for other in begins if other > end), default=np.inf)
        when = end + late
        for number in range(count):
            times.append(when)
            sizes.append(size * _LESS**number)
            when += float(steps[min(number, 1)])
            # The nods end with the pause that they answer.
            if when > until:
                break
    down = np.array(sizes)[:, None] * np.array([[1.0, 0.0, 0.0]])
    return pulses(now, times, down) if times else np.zeros((len(now), 3))
