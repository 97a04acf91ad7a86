# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of what is made: planned before, with what a person chose, or found out after, wherever it was made."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chironomy.errors import ChironomyError
from chironomy.gesture.score.phrases import Score
from chironomy.motion import HandMotion


def planned(inputs: Mapping[str, Path], wanted: Mapping[str, Any], motion: HandMotion) -> Score | None:
    """Return the score that was performed.

    Args:
        inputs: of what made the gestures, without a score.
        wanted: settings.
        motion: that was made; its source says what was made of the script, and by which model.

    Returns:
        None where it is not known: where another model made it than this Blender's, or one that plans nothing, and
        where this Blender cannot hear.
    """
    from ..hearing import hear, why_deaf

    if why_deaf():
        return None
    from chironomy.performance.gestures import gesture_pipeline, plan_gestures

    source = (motion.source.get("regenerated") or [{}])[-1] if "kept" in inputs else motion.source
    config = gesture_pipeline().loaded_network().config
    if not config.get("plans") or motion.source.get("model") != gesture_pipeline().model_name():
        return None
    words = None
    if "script" in inputs:
        try:
            words = said_in_full(Score.from_dict(source["score"]), wanted)
        except (KeyError, ChironomyError):
            return None
    return plan_gestures({"speech": inputs["speech"]}, wanted, hear, words)


def with_decided(own: Score | None, inputs: dict[str, Path], wanted: Mapping[str, Any], folder: Path) -> Score | None:
    """Let what is made have phrases that a person chose or locked before, as its score; return it.

    Args:
        own: these phrases.
        inputs: of what makes the gestures; they get the score, in the place of the script whose words it knows.
        wanted: settings.
        folder: for the score's file.

    Returns:
        The score that is performed; None where it is not known, or where nothing was chosen for this recording.
    """
    if own is None or not own.phrases:
        return None
    from ..hearing import hear, why_deaf

    path = folder / "score.json"
    if why_deaf():
        # The backend plans what lies between; of a script and phrases it takes one, and words go before all.
        if "script" not in inputs:
            own.save(path)
            inputs["score"] = path
        return None
    from chironomy.gesture.planning.plan import completed
    from chironomy.performance.gestures import plan_gestures

    plan = plan_gestures({name: each for name, each in inputs.items() if name in ("speech", "script")}, wanted, hear)
    if own.source.get("speech", plan.source["speech"]) != plan.source["speech"]:
        return None
    score = replace(completed(replace(own, seconds=plan.seconds), plan), source=plan.source)
    score.save(path)
    inputs["score"] = path
    inputs.pop("script", None)
    return score


def said_in_full(score: Score, wanted: Mapping[str, Any]) -> Score:
    """Return a score with what its kinds usually have and nobody said, as the model performs it."""
    from chironomy.gesture.planning.plan import said_in_full

    full = said_in_full(
        score,
        style={wanted["style"]: 1.0},
        speed=float(wanted["speed"]),
        amplitude=float(wanted["amplitude"]),
        handedness=None,
        seed=int(wanted["seed"]),
    )
    # Strokes are those that were asked for: further ones that a kind swings in are its own.
    phrases = (replace(new, strokes=old.strokes) for old, new in zip(score.phrases, full.phrases, strict=True))
    return replace(full, phrases=tuple(phrases))
