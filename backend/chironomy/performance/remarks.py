# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told of scores, motions and emotions that do not fit the recording they are given with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chironomy.body.emotion import EmotionTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech

if TYPE_CHECKING:
    from chironomy.gesture.score import Score

FASTEST = 4.5
"""Metres a second at a peak that hands of people who speak seldom reach: nineteen of twenty moments of two people are
below 1.5. The usual settings of the embedded weights stay below; great guidance scales of style and score do not."""

_APART = 0.25
"""Seconds by which a score's length may differ from the recording's: a motion of few frames a second is rounded."""


def about_score(score: Score, speech: Speech) -> list[str]:
    """Sentences about a score that was made for another recording, or is as long as another one."""
    said = []
    if _other(score.source.get("speech"), speech):
        said.append(f"the score was made for another recording than {speech.name}")
    if abs(score.seconds - speech.duration) > _APART:
        late = sum(phrase.start >= speech.duration for phrase in score.phrases)
        told = f"the score is of {score.seconds:g} s, and {speech.name} lasts {speech.duration:.2f} s"
        said.append(f"{told}; phrases that are after the end and not seen: {late}" if late else told)
    return said


def about_kept(motion: HandMotion, speech: Speech) -> list[str]:
    """Sentences about a motion that is kept, and was made for another recording."""
    if not _other(motion.source.get("speech"), speech):
        return []
    return [f"the motion that is kept was made for another recording than {speech.name}"]


def about_emotion(felt: EmotionTrack, speech: Speech) -> list[str]:
    """Sentences about moments of an emotion that come after the recording."""
    late = [float(time) for time in felt.times if time > speech.duration]
    if not late:
        return []
    return [f"the emotion changes at {late[0]:g} s, after the end of {speech.name} at {speech.duration:.2f} s"]


def about_speed(motion: HandMotion) -> list[str]:
    """Sentences about hands that are faster at some moment than people's who speak."""
    if motion.frame_count < 2:
        return []
    speed = np.linalg.norm(np.gradient(motion.wrist_position, 1 / motion.fps, axis=0), axis=-1).max(axis=1)
    if speed.max() <= FASTEST:
        return []
    return [
        f"a hand reaches {speed.max():.1f} m/s at {int(speed.argmax()) / motion.fps:.1f} s, faster than people "
        "gesture: ask for less guidance, speed or amplitude"
    ]


def _other(sha256: object, speech: Speech) -> bool:
    return isinstance(sha256, str) and sha256 != speech.sha256
