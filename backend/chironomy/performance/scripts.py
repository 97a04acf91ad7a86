# SPDX-License-Identifier: GPL-3.0-or-later
"""What the words of a recording ask of the hands: from a script, captions or a transcript to a score."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chironomy.gesture.meaning import propose
from chironomy.gesture.score import Score
from chironomy.speech.accents import accent_onsets, pitch_accents, speech_phrases
from chironomy.speech.decode import Speech
from chironomy.speech.words import Word, heard_words, script_words
from chironomy.work import QUIET, Work

SCRIPT_UNHEARD = (
    "the script does not sound like what is said: check that it belongs to this recording; its gestures may fall on "
    "other words"
)
"""What to tell a person where the source of a score or of a motion says `script_unheard`."""

_OTHERWISE = 0.5  # part of the words
_BESIDE = 0.5  # seconds from sound at which words may still be said: times are counted out, or rounded


def score_of_words(
    speech: Speech,
    script: Path | None = None,
    language: str | None = None,
    *,
    recogniser: Path | None = None,
    name: str = "",
    work: Work = QUIET,
) -> Score:
    """A score of what is said: proposed where words have a meaning, locked where the author marked it.

    Words that lie where nobody speaks are left out, with their marks. Where most of the words do not sound like what is
    said, its source says `script_unheard`; its `remarks` are sentences about what of the script is left out.

    Args:
        speech: the recording.
        script: plain text, .srt, .vtt, .TextGrid or Whisper's .json; what is heard when None.
        language: two letters; told by the script or its letters when None.
        recogniser: folder of a model of faster-whisper, which hears the words where there is no script.
        name: what to call the script in messages.
        work: told how far it is, and asked whether to go on.

    Raises:
        ChironomyError: the script or the folder cannot be used; one sentence.
        ListeningCancelled: the work was stopped.
    """
    work.progress(0.0, "finding the words in the speech")
    remarks: list[str] = []
    if script is not None:
        words = script_words(speech, script, language, name=name, work=work, remark=remarks.append)
    else:
        words = heard_words(speech, recogniser or Path(), language, work=work)
    words = _heard(words, speech, remarks)
    accents = accent_onsets(speech), pitch_accents(speech)[1]
    score = propose(words, speech.duration, accents, language)
    source = {**score.source, "speech": speech.sha256}
    if sum(not word.fits for word in words) > _OTHERWISE * len(words):
        source["script_unheard"] = True
    if remarks := [*remarks, *source.get("remarks", [])]:
        source["remarks"] = remarks
    return replace(score, source=source)


def _heard(words: Sequence[Word], speech: Speech, remarks: list[str]) -> list[Word]:
    """The words at which something is heard; of the others, which nobody would see a reason for, a sentence is said."""
    sounds = [] if speech.silent else speech_phrases(speech)

    def heard(word: Word) -> bool:
        return any(begin - _BESIDE < word.end and word.start < end + _BESIDE for begin, end in sounds)

    kept = [word for word in words if heard(word)]
    lost = [word for word in words if not heard(word)]
    if lost:
        first, at = repr(lost[0].text)[:40], f"{lost[0].start:.1f}"
        said = (
            f"no speech is heard in {speech.name} where {len(lost)} of {len(words)} words are (the first is {first} at "
            f"{at} s): the hands do not answer them"
            if kept
            else f"no speech is heard in {speech.name} where the script's words are (the first is {first} at {at} s): "
            "the hands do not answer them"
        )
        remarks.append(f"{said}; check the recording's level, and whether the script belongs to it")
    return kept
