# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told of scores, motions and emotions that do not fit the recording they are given with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chironomy.body.emotion import EmotionTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech

if TYPE_CHECKING:
    from chironomy.gesture.score import Score

_APART = 0.25
"""Seconds by which a score's length may differ from the recording's: a motion of few frames a second is rounded."""


def about_score(score: Score, speech: Speech) -> list[str]:
    """Sentences about a score that was made for another recording, or is as long as another one."""
    said = []
    if _other(score.source.get("speech"), speech):
        said.append(f"the score was made for another recording than {speech.name}")
    if abs(score.seconds - speech.duration) > _APART:
        late = sum(phrase.start >= speech.duration for phrase in score.phrases)
        left = f"; {late} of its phrases come after the end and are not seen" if late else ""
        said.append(f"the score is of {score.seconds:g} s, and {speech.name} lasts {speech.duration:.2f} s{left}")
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


def _other(sha256: object, speech: Speech) -> bool:
    return isinstance(sha256, str) and sha256 != speech.sha256
