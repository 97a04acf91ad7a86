# SPDX-License-Identifier: GPL-3.0-or-later
"""How a speaker feels: names, what each does to face, posture and hands, mixtures of them, and their change over time.

Panel, command, service and the rooms that move face, body and hands all read this one table. The face actions follow
the action units that go with the basic emotions (Ekman, Friesen & Hager 2002, "Facial Action Coding System": happiness
6 + 12, sadness 1 + 4 + 15, anger 4 + 5 + 7 + 23, surprise 1 + 2 + 5 + 26), milder, because this face speaks; posture
and tempo follow Wallbott (1998, "Bodily expression of emotion": raised shoulders in joy and anger, collapsed and slow
in sadness, fast and large in joy and anger). How much of each was set by eye on the project's character.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.errors import ChironomyError
from chironomy.mixture import named_weights
from chironomy.motion.face import both_sides

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Expression:
    """What an emotion at full strength does; the defaults are those of none.

    Attributes:
        face: ARKit actions and their values, which are added to those of speech.
        amplitude, speed: factors of the size and the tempo of the hands.
        movement, tempo: factors of how far, and how fast, trunk and head move.
        brows: factor of how far brows move on accents.
        chest: degrees by which the chest leans forward.
        head: degrees by which the head is bent forward on it.
        tilt: degrees by which the head is laid aside.
        shoulders: degrees by which the collars are raised.
        forward: degrees by which the collars are drawn forward.
        gaze: degrees by which the eyes, when they leave the listener, go down.
        blinks: factor of how often they blink: more when roused (Ponder & Kennedy 1927, "On the act of blinking").
    """

    face: Mapping[str, float]
    amplitude: float = 1.0
    speed: float = 1.0
    movement: float = 1.0
    tempo: float = 1.0
    brows: float = 1.0
    chest: float = 0.0
    head: float = 0.0
    tilt: float = 0.0
    shoulders: float = 0.0
    forward: float = 0.0
    gaze: float = 0.0
    blinks: float = 1.0


_TABLE: Mapping[str, Expression] = {
    "neutral": Expression({}),
    "happy": Expression(
        both_sides(
            mouthSmile=0.9, cheekSquint=0.7, eyeSquint=0.15, browOuterUp=0.25, mouthDimple=0.2, mouthUpperUp=0.15
        )
        | {"browInnerUp": 0.15},
        amplitude=1.15,
        speed=1.1,
        movement=1.2,
        tempo=1.12,
        brows=1.25,
        chest=-2.0,
        head=-1.5,
        tilt=2.5,
        shoulders=1.5,
        blinks=1.1,
    ),
    "serious": Expression(
        both_sides(browDown=0.6, eyeSquint=0.25, mouthPress=0.35, mouthFrown=0.18),
        amplitude=0.9,
        speed=0.9,
        movement=0.75,
        tempo=0.9,
        brows=0.6,
        chest=1.0,
        head=2.0,
        blinks=0.85,
    ),
    "sad": Expression(
        both_sides(mouthFrown=0.85, browDown=0.25, eyeBlink=0.2, eyeSquint=0.1, mouthStretch=0.15)
        | {"browInnerUp": 1.0, "mouthShrugLower": 0.35},
        amplitude=0.7,
        speed=0.75,
        movement=0.7,
        tempo=0.75,
        brows=0.5,
        chest=4.5,
        head=6.5,
        tilt=4.0,
        shoulders=-3.0,
        forward=5.0,
        gaze=9.0,
        blinks=0.75,
    ),
    "angry": Expression(
        both_sides(
            browDown=1.0, eyeSquint=0.2, eyeWide=0.4, noseSneer=0.65, mouthPress=0.2, mouthFrown=0.4, mouthUpperUp=0.2
        )
        | {"jawForward": 0.22},
        amplitude=1.15,
        speed=1.25,
        movement=1.15,
        tempo=1.25,
        brows=0.6,
        chest=4.0,
        head=3.5,
        shoulders=3.5,
        forward=2.0,
        blinks=1.25,
    ),
    "surprised": Expression(
        both_sides(browOuterUp=1.0, eyeWide=0.95) | {"browInnerUp": 1.0, "jawOpen": 0.2, "mouthFunnel": 0.1},
        amplitude=1.1,
        speed=1.08,
        movement=1.1,
        tempo=1.1,
        brows=0.6,
        chest=-3.5,
        head=-3.0,
        shoulders=4.0,
        blinks=1.3,
    ),
}

EMOTIONS: tuple[str, ...] = tuple(_TABLE)
"""The named emotions, the first of which is none."""

EMOTION = EMOTIONS[0]
"""The emotion where nobody chooses."""

Mixture = str | Mapping[str, float]
Emotion = Mixture | Sequence[tuple[float, Mixture]]
"""A name; names with weights; or the moments, in seconds, at which mixtures are reached, with even change between."""


@dataclass(frozen=True, eq=False)
class EmotionTrack:
    """An emotion over time.

    Attributes:
        times: (K,) seconds, rising.
        weights: (K, E) of `EMOTIONS` at those times, each row summing to 1.
    """

    times: Array
    weights: Array

    @property
    def neutral(self) -> bool:
        """Whether nothing is felt at any time."""
        return bool((self.weights[:, 0] == 1.0).all())

    def at(self, times: ArrayLike) -> Array:
        """Return (T, E) the weights at some seconds."""
        now = np.asarray(times, np.float64)
        return np.stack([np.interp(now, self.times, column) for column in self.weights.T], axis=-1)

    def mixed(self, name: str, times: ArrayLike) -> Array:
        """Return (T,) a number of `Expression`, such as "chest", of the mixtures at some seconds."""
        return self.at(times) @ np.array([getattr(_TABLE[emotion], name) for emotion in EMOTIONS])

    def face(self, actions: Sequence[str], times: ArrayLike) -> Array:
        """Return (T, A) what is to be added to face actions at some seconds."""
        table = np.array([[_TABLE[emotion].face.get(action, 0.0) for action in actions] for emotion in EMOTIONS])
        return self.at(times) @ table

    @property
    def told(self) -> str | dict[str, float] | list[list[Any]]:
        """The same as plain values for JSON, as `emotion_track` reads them."""
        rows = [
            {name: float(weight) for name, weight in zip(EMOTIONS, row, strict=True) if weight} for row in self.weights
        ]
        mixtures: list[str | dict[str, float]] = [next(iter(row)) if len(row) == 1 else row for row in rows]
        if len(mixtures) == 1:
            return mixtures[0]
        return [[float(time), mixture] for time, mixture in zip(self.times, mixtures, strict=True)]


def emotion_track(emotion: Emotion | None) -> EmotionTrack:
    """An emotion, checked.

    Args:
        emotion: a name of `EMOTIONS`; weights of several, of which what is missing to a sum of 1 is neutral, and a sum
            above 1 is brought to 1; a list of (seconds, either of these); or any of these as text, as in "happy",
            "happy:0.6,surprised:0.4" and "0=neutral;4.5=happy:0.8". None is neutral.

    Raises:
        BodyError: an emotion is unknown, a weight is no number from 0 on, or times do not rise.
    """
    if emotion is None:
        emotion = EMOTION
    if isinstance(emotion, str) and "=" in emotion:
        emotion = [_moment(part) for part in emotion.split(";")]
    if isinstance(emotion, str | Mapping):
        return EmotionTrack(np.zeros(1), _weights(emotion)[None])
    if not isinstance(emotion, Sequence) or not emotion:
        raise BodyError(f"the emotion is {emotion!r:.60}; {_HOW}")
    times, rows = [], []
    for entry in emotion:
        if not isinstance(entry, Sequence) or isinstance(entry, str) or len(entry) != 2:
            raise BodyError(f"a moment of the emotion is {entry!r:.60}; give seconds and a mixture")
        time, mixture = entry
        if not _is_number(time) or (times and time <= times[-1]):
            raise BodyError(f"the emotion changes at {time!r:.40}; give seconds that rise from each moment to the next")
        times.append(float(time))
        rows.append(_weights(mixture))
    return EmotionTrack(np.array(times), np.array(rows))


_HOW = (
    f"give one of {', '.join(_TABLE)}, weights such as happy:0.6,surprised:0.4, or moments such as "
    "0=neutral;4.5=happy:0.8"
)


def _moment(text: str) -> tuple[float, str]:
    time, _, mixture = text.partition("=")
    try:
        return float(time), mixture
    except ValueError:
        raise BodyError(f"the emotion has {text!r:.60}; {_HOW}") from None


def _weights(mixture: Any) -> Array:
    """(E,) weights of a mixture, summing to 1."""
    if isinstance(mixture, str):
        try:
            mixture = named_weights(mixture, _HOW)
        except ChironomyError as error:
            raise BodyError(str(error)) from None
    if not isinstance(mixture, Mapping):
        raise BodyError(f"the emotion is {mixture!r:.60}; {_HOW}")
    weights = np.zeros(len(EMOTIONS))
    for name, weight in mixture.items():
        if name not in EMOTIONS:
            raise BodyError(f"there is no emotion {name!r:.40}; the emotions are {', '.join(EMOTIONS)}")
        if not _is_number(weight) or not 0 <= weight <= 1:
            raise BodyError(f"the weight of the emotion {name} is {weight!r:.40}; give 0 to 1")
        weights[EMOTIONS.index(name)] = weight
    weights[0] += max(0.0, 1.0 - float(weights.sum()))
    return weights / weights.sum()


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float | np.number) and math.isfinite(value)
