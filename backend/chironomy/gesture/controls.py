# SPDX-License-Identifier: GPL-3.0-or-later
"""What a caller can ask of the gesture pipeline, checked and named before anything is computed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.course import Course
from chironomy.gesture.errors import GestureError
from chironomy.gesture.score import Score
from chironomy.gesture.settings import (
    AMPLITUDE,
    FPS,
    GIVEN_SCORE_GUIDANCE,
    GUIDANCE,
    HANDEDNESS,
    HIDE_BELOW,
    PLANNED_GUIDANCE,
    PLANNED_SCORE_GUIDANCE,
    RATE,
    SCORE_GUIDANCE,
    SEED,
    SPEED,
    STEPS,
    STYLE,
    STYLE_GUIDANCE,
    Range,
)
from chironomy.gesture.shipped import style_names, takes_rate
from chironomy.motion.hand_motion import HandMotion, checked_fps
from chironomy.work import Work


class Settings(TypedDict, total=False):
    """What the pipeline can be told; all of it may be left out.

    Attributes:
        fps: frames a second of the result (24); the model's own rate is resampled.
        seed: the same seed gives the same motion (0).
        style: the name of one of the model's styles ("neutral"), or weights of several, such as
            `{"lively": 0.5, "calm": 0.5}`; what is missing to a sum of 1 is left to the model.
        speed: relative speed, 1 is the style's own, 0.25 to 2.5 (1). A model tells apart what lies in its
            `control_range`, or where it has none, about 0.6 to 1.6.
        amplitude: relative size, likewise.
        rate: relative number of strokes, likewise. A model without a `control_range` has not learned it, and refuses
            all but 1.
        handedness: which hand gestures, "left", "right" or "both", or weights of these; None leaves it to the model
            (None). A model that has not learned it refuses.
        seated: whether the person sits, and hands that rest lie on the lap (False). A model that performs no plans does
            not know when hands rest, and refuses.
        course: how size and tempo change over time, in parts of `amplitude` and `speed` (None).
        num_inference_steps: denoising steps; more are slower and finer.
        guidance_scale: how much what the speech asks for is exaggerated; 1 is not at all, and faster (1 where a plan is
            performed, else 1.5).
        style_guidance_scale: likewise of the style (1); anything else costs one more run of the network a step.
        score: what is to be gestured when; the model invents what it leaves open. A model that has not learned to take
            one refuses (None).
        plan: whether a model that performs plans gestures where the score leaves off, or where there is none (True);
            without a plan it invents them from the speech alone.
        score_guidance_scale: how strictly the score is followed; anything but 1 costs one more run of the network a
            step. By default a model that performs plans follows its plan by 1.4 and what the score says by 2.5, and any
            other model follows the score by 1.
        hide_below: height in metres in the frame of the body, such as -0.40, the lower edge of a picture: the result's
            confidence is 0 where a hand stays below it. None: 1 everywhere (None).
        pinned: motion at `fps` from the result's beginning on, part of which is to be kept exactly.
        pinned_mask: (frames of `pinned`, 2) bool, which frames of which hand are kept, or (frames, 2, 16) of which
            joint, where joint 0 is the wrist with its position; by default the frames of confidence above 0.
        work: told 0..1 of it, and asked between steps whether to stop (`QUIET`).
    """

    fps: float
    seed: int
    style: str | Mapping[str, float]
    speed: float
    amplitude: float
    rate: float | None
    handedness: str | Mapping[str, float] | None
    seated: bool
    course: Course | None
    num_inference_steps: int | None
    guidance_scale: float | None
    style_guidance_scale: float | None
    score: Score | None
    score_guidance_scale: float | None
    plan: bool
    hide_below: float | None
    pinned: HandMotion | None
    pinned_mask: NDArray[np.bool_] | None
    work: Work


@dataclass(frozen=True)
class Controls:
    """Checked settings of one performance.

    Attributes:
        fps: see `Settings`, likewise the others that are not explained here.
        style: weights in the order of the model's styles.
        rate: None if the model has not learned it.
        handedness: weights of `HANDEDNESS`, or None.
        score_guidance: of what is planned, or of everything.
        given_guidance: of what somebody asked for.
        source: what the result says it was made with.
    """

    fps: float
    seed: int
    style: tuple[float, ...]
    speed: float
    amplitude: float
    rate: float | None
    handedness: tuple[float, ...] | None
    seated: bool
    course: Course | None
    steps: int
    guidance: float
    style_guidance: float
    hide_below: float | None
    score: Score | None
    score_guidance: float
    given_guidance: float
    source: dict[str, Any]

    def during(self, start: float, end: float) -> "Controls":
        """These controls with the size and the tempo of a stretch, in seconds."""
        if self.course is None:
            return self
        larger, faster = self.course.between(start, end)
        return replace(
            self, amplitude=AMPLITUDE.clamped(self.amplitude * larger), speed=SPEED.clamped(self.speed * faster)
        )

    @property
    def leading(self) -> float:
        """How far what somebody asked for is led towards its drawing: not at all where it is followed as learned."""
        return min(max((self.given_guidance - 1.0) / (GIVEN_SCORE_GUIDANCE - 1.0), 0.0), 1.0)


def checked_controls(config: Mapping[str, Any], settings: Settings) -> Controls:
    """Check settings against what the model with this configuration knows.

    Raises:
        GestureError: a setting is out of range or unknown to the model; the sentence names it.
        MotionError: `fps` is out of range.
    """
    unknown = [name for name in settings if name not in Settings.__annotations__]
    if unknown:
        raise GestureError(f"there is no setting {unknown[0]!r}; there are {', '.join(Settings.__annotations__)}")
    style, handedness = settings.get("style", STYLE), settings.get("handedness")
    style_weights = _weights("style", "styles", style, style_names(config))
    if handedness is not None and not config.get("hands"):
        raise GestureError(
            "this model has not learned which hand gestures; leave handedness out, or use weights that were trained "
            "with it"
        )
    hand_weights = None if handedness is None else _weights("handedness", "choices", handedness, HANDEDNESS)
    seated = settings.get("seated") or False
    if not isinstance(seated, bool):
        raise GestureError(f"seated is {seated!r:.40}; give true or false")
    if seated and not config.get("plans"):
        raise GestureError(
            "this model performs no plans, so that nobody knows when its hands rest; leave seated out, or use weights "
            "that do"
        )
    rate = _number("rate", settings.get("rate"), RATE, "1 is usual")
    if rate != RATE.default and not takes_rate(config):
        raise GestureError(
            "this model has not learned how many strokes to make; leave rate out, or use weights that were trained "
            "with it"
        )
    seed = settings.get("seed", SEED.default)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise GestureError(f"seed is {seed!r:.40}; give a whole number")
    hide_below = settings.get("hide_below")
    controls = {
        "seed": int(seed),
        "speed": _number("speed", settings.get("speed"), SPEED, "1 is usual"),
        "amplitude": _number("amplitude", settings.get("amplitude"), AMPLITUDE, "1 is usual"),
    }
    steps = _or(settings.get("num_inference_steps"), STEPS.default)
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise GestureError(f"num_inference_steps is {steps!r:.40}; give 1 or more")
    planned = bool(config.get("plans")) and settings.get("plan", True)
    usual = PLANNED_GUIDANCE if planned else GUIDANCE.default
    guidance = _number("guidance_scale", _or(settings.get("guidance_scale"), usual), GUIDANCE, "1 is none")
    style_guidance = _number("style_guidance_scale", settings.get("style_guidance_scale"), STYLE_GUIDANCE, "1 is none")
    score = _score(config, settings.get("score"))
    usual = PLANNED_SCORE_GUIDANCE if planned else SCORE_GUIDANCE.default
    strict = GIVEN_SCORE_GUIDANCE if config.get("plans") else SCORE_GUIDANCE.default
    score_guidance, given_guidance = (
        _number("score_guidance_scale", _or(settings.get("score_guidance_scale"), each), SCORE_GUIDANCE, "1 as learned")
        for each in (usual, strict)
    )
    source: dict[str, Any] = {
        "seed": controls["seed"],
        "style": style if isinstance(style, str) else dict(style),
        "speed": controls["speed"],
        "amplitude": controls["amplitude"],
        "num_inference_steps": int(steps),
        "guidance_scale": guidance,
    }
    if rate != RATE.default:
        source["rate"] = rate
    if style_guidance != 1:
        source["style_guidance_scale"] = style_guidance
    if handedness is not None:
        source["handedness"] = handedness if isinstance(handedness, str) else dict(handedness)
    if seated:
        source["seated"] = True
    if not settings.get("plan", True):
        source["plan"] = False
    if score is not None:
        source["score"] = score.to_dict()
        if settings.get("score_guidance_scale") is not None:
            source["score_guidance_scale"] = score_guidance
    return Controls(
        fps=checked_fps(settings.get("fps", FPS.default)),
        style=style_weights,
        rate=rate if takes_rate(config) else None,
        handedness=hand_weights,
        seated=seated,
        course=settings.get("course"),
        steps=int(steps),
        guidance=guidance,
        style_guidance=style_guidance,
        hide_below=None
        if hide_below is None
        else _number("hide_below", hide_below, HIDE_BELOW, "metres from shoulder"),
        score=score,
        score_guidance=score_guidance,
        given_guidance=given_guidance,
        source=source,
        **controls,
    )


def _score(config: Mapping[str, Any], score: Any) -> Score | None:
    """The score, where the model takes one and knows the kinds that are locked in it."""
    if score is None:
        return None
    if not isinstance(score, Score):
        raise GestureError(f"score is {score!r:.40}; give a Score, such as Score.load reads")
    known = config.get("score_kinds")
    if not known:
        raise GestureError(
            "this model has not learned to take a score; leave score out, or use weights that were trained with scores"
        )
    for phrase in score.phrases:
        if phrase.kind not in (None, *known) and phrase.state("kind") == "locked":
            raise GestureError(
                f"this model does not know the kind {phrase.kind!r}, which the phrase at {phrase.start:g} s is locked "
                f"to; it knows {', '.join(known)}"
            )
    return score


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _number(name: str, value: Any, allowed: Range, hint: str) -> float:
    """`value`, or the default for None, as a float, or a sentence with its name; a comparison with NaN is false."""
    value, low, high = _or(value, allowed.default), allowed.low, allowed.high
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise GestureError(f"{name} is {value!r:.40}; give {low:g} to {high:g}, {hint}")
    return float(value)


def _weights(name: str, plural: str, value: Any, names: Sequence[str]) -> tuple[float, ...]:
    """Weights in the order of `names`, summing to at most 1."""
    if not isinstance(value, str | Mapping):
        raise GestureError(f"{name} is {value!r:.40}; give a name, or a mapping from names to weights")
    weights = {value: 1.0} if isinstance(value, str) else dict(value)
    for given, weight in weights.items():
        if given not in names:
            raise GestureError(f"there is no {name} {given!r}; the {plural} are {', '.join(names)}")
        finite = isinstance(weight, int | float | np.integer | np.floating) and math.isfinite(weight)
        if not finite or weight < 0:
            raise GestureError(f"the weight of {name} {given!r} is {weight!r:.40}; give 0 or more")
    total = max(sum(float(weight) for weight in weights.values()), 1.0)
    return tuple(float(weights.get(known, 0.0)) / total for known in names)
