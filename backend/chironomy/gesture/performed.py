# SPDX-License-Identifier: GPL-3.0-or-later
"""The score that is performed: what was given, and a plan of the style for the rest."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chironomy.gesture.controls import Controls, Settings
from chironomy.gesture.planning.plan import asked_for, completed, planned_score, said_in_full
from chironomy.gesture.planning.unlike import Before, other_seeds
from chironomy.gesture.score import Phrase
from chironomy.gesture.settings import HANDEDNESS
from chironomy.gesture.shipped import style_names
from chironomy.speech.decode import Speech


def performed(
    config: Mapping[str, Any], speech: Speech, controls: Controls, settings: Settings, before: Before | None = None
) -> tuple[Controls, list[Phrase]]:
    """The controls with the score that is performed, and of it the phrases that were asked for.

    A model of plans performs what was given, said in full, and a plan of its style for the rest; where a range is made
    anew with another seed, one unlike what was there.
    """
    score = settings.get("score")
    if config.get("plans"):
        manner = manner_for(config, controls)
        score = None if score is None else said_in_full(score, **manner)
        whole = score
        if settings.get("plan", True):
            drawn = partial(planned_score, speech, rate=rate_of(controls), plain=score is not None)
            plan = drawn(**manner)
            if before is not None and score is None and not before.made_with(controls.seed):
                others = (drawn(**{**manner, "seed": seed}) for seed in other_seeds(controls.seed))
                plan = max((plan, *others), key=before.differs)
            whole = plan if score is None else completed(score, plan)
        controls = replace(controls, score=whole)
    # A score that is not followed at all asks for no hand shape either.
    return controls, asked_for(score) if score is not None and controls.given_guidance else []


def manner_for(config: Mapping[str, Any], controls: Controls) -> dict[str, Any]:
    """What a plan goes by, beside how many strokes there are."""
    hands = controls.handedness
    return {
        "style": dict(zip(style_names(config), controls.style, strict=True)),
        "speed": controls.speed,
        "amplitude": controls.amplitude,
        "handedness": None if hands is None or max(hands) < 0.5 else HANDEDNESS[int(np.argmax(hands))],
        "seed": controls.seed,
        "course": controls.course,
    }


def rate_of(controls: Controls) -> float:
    """How many strokes there are, relative to the style's."""
    return 1.0 if controls.rate is None else controls.rate
