# SPDX-License-Identifier: GPL-3.0-or-later
"""Gestures for a recording: a whole performance of the hands, several of them, or a range of one made anew."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.body.emotion import EmotionTrack, emotion_track
from chironomy.body.sitting import SEATED, is_seated
from chironomy.gesture.course import course_of, moved_by
from chironomy.gesture.settings import AMPLITUDE, SPEED, STYLE
from chironomy.motion.files import load_hands
from chironomy.motion.hand_motion import HandMotion
from chironomy.performance.errors import PerformanceError
from chironomy.performance.remarks import about_emotion, about_kept, about_score, about_speed
from chironomy.speech.decode import Speech, load_speech
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.gesture.maker import GestureMaker
    from chironomy.gesture.score import Score


@functools.cache
def gesture_pipeline(model: Path | None = None, audio_encoder: Path | None = None) -> "GestureMaker":
    """A gesture model, by default the embedded one, loaded once a process.

    Small models of prosody are computed without torch (`gesture.runtime`), others with it; both make the same.

    Args:
        model: folder of a saved pipeline.
        audio_encoder: folder of the network that the model hears through, where it hears through one.
    """
    from chironomy.gesture.runtime import GestureRuntime, reason_against
    from chironomy.gesture.shipped import embedded_weights

    folder = model or embedded_weights()
    if audio_encoder is None and not reason_against(folder):
        return GestureRuntime.from_folder(folder)
    from chironomy.gesture.pipeline import GesturePipeline

    pipeline = GesturePipeline.from_pretrained(folder)
    if audio_encoder is not None:
        pipeline.use_audio_encoder(audio_encoder)
    return pipeline


def make_gestures(
    inputs: Mapping[str, Path],
    settings: Mapping[str, Any],
    count: int = 1,
    work: Work = QUIET,
    load: "Callable[[], GestureMaker] | None" = None,
    hear: Callable[[Path], Speech] = load_speech,
) -> Iterator[HandMotion]:
    """Yield performances of the hands; the seed goes up by 1 from each to the next.

    The `remarks` in their source are sentences about what was not done as it was asked for.

    Args:
        inputs: files: `speech` (any sound or film); optionally `pinned` (a motion) and `pinned_mask`
            (`gesture.pins.load_pinned_mask`), whose frames stay as they are; or `kept`, a motion of which only the
            frames from `range_start` to `range_end` are made anew, at its frame rate, of the hands that `range_hands`
            names, and of these not what `pinned_mask` names; `score` (`chironomy.score/1`), what is to be gestured
            when, or `script`, what is said (`performance.scripts`). With `kept` and `score` and no range, what differs
            from the score of the motion is made anew (`gesture.change`).
        settings: of the model (`gesture.controls.Settings`; `seated` is that of `kept`), with `range_start`,
            `range_end` (seconds) and `range_hands` ("both", "left" or "right") beside them, and `emotion`
            (`body.emotion.emotion_track`), whose size and tempo the hands take on.
        count: how many performances.
        work: told how far it is, and asked whether to go on; the one performance's parts are `finished` as
            `gesture.maker.Part`.
        load: gives the model, by default the embedded one.
        hear: reads the speech's file.

    Raises:
        PerformanceError: a range without its motion, or a motion without its range.
        ChironomyError: a file cannot be used or a setting is out of range.
        GestureCancelled: the work was stopped.
    """
    from chironomy.gesture.change import change
    from chironomy.gesture.pins import load_pinned_mask
    from chironomy.gesture.score import Score
    from chironomy.gesture.score.check import remarks as score_remarks

    if "score" in inputs and "script" in inputs:
        raise PerformanceError("A score and a script are given: give one of them, the score or the script")
    controls = dict(settings)
    start, end, hands = (controls.pop(name, None) for name in ("range_start", "range_end", "range_hands"))
    felt = emotion_track(controls.pop("emotion", None))
    kept = load_hands(inputs["kept"]) if "kept" in inputs else None
    if kept is None and (start is not None or end is not None):
        raise PerformanceError("A range is given without the motion it is in: give the input 'kept' too")
    whole = start is None and end is None
    if kept is not None and (start is None or end is None) and not (whole and "score" in inputs):
        raise PerformanceError(
            "A motion is to be kept, so give range_start and range_end, in seconds, or its new score"
        )
    if kept is not None:
        if controls.get(SEATED) and not is_seated(kept):
            raise PerformanceError(
                "The motion that is kept is of a person who stands: leave seated out, or make the whole motion anew"
            )
        controls[SEATED] = is_seated(kept)
    work.progress(0.0, "reading the speech")
    speech = hear(inputs["speech"])
    asked = {name: controls.get(name) for name in ("amplitude", "speed")}
    if not felt.neutral:
        controls |= _moved(felt, asked)
    if "pinned" in inputs:
        controls["pinned"] = load_hands(inputs["pinned"])
    if "pinned_mask" in inputs:
        controls["pinned_mask"] = load_pinned_mask(inputs["pinned_mask"])
    work.progress(0.02, "loading the gesture model")
    pipeline = (load or gesture_pipeline)()
    remarks = about_emotion(felt, speech)
    if kept is not None:
        remarks += about_kept(kept, speech)
    if "score" in inputs:
        controls["score"] = Score.load(inputs["score"])
        config = pipeline.loaded_network().config
        remarks += [*about_score(controls["score"], speech), *score_remarks(controls["score"], config)]
    made = functools.partial(_noted, speech=speech, remarks=remarks)
    begun = 0.1
    if "script" in inputs:
        from chironomy.performance.scripts import score_of_words

        begun = 0.3
        score = score_of_words(speech, inputs["script"], work=work.part(0.05, begun))
        remarks += score.source.get("remarks", [])
        unheard = bool(score.source.get("script_unheard"))
        made = functools.partial(_noted, speech=speech, remarks=remarks, script_unheard=unheard)
        if pipeline.loaded_network().config.get("score_kinds"):
            controls["score"] = score
        else:
            made = functools.partial(_noted, speech=speech, remarks=remarks, script_unplayed=True)
    controls["work"] = work.part(begun, 0.98)
    if kept is not None:
        for name in ("fps", "pinned"):
            controls.pop(name, None)
        locked = controls.pop("pinned_mask", None)
        if locked is not None and locked.ndim != 2:
            raise PerformanceError("The frames that stay in a range are given by hand: a mask of frames and hands")
        chosen = ("left", "right") if hands in (None, "both") else (hands,)
        earlier = len(kept.source.get("regenerated", []))
        for number in range(count):
            again = {**controls, "seed": controls.get("seed", 0) + number}
            if whole:
                motion = change(pipeline, speech, kept, again.pop("score"), locked=locked, **again)
            else:
                motion = pipeline.regenerate(speech, kept, start, end, hands=chosen, locked=locked, **again)
            yield made(_felt_in_ranges(motion, earlier, felt, asked))
    elif count == 1:
        yield made(_felt(pipeline(speech, on_part=work.finished, **controls), felt, asked))
    else:
        yield from (made(_felt(motion, felt, asked)) for motion in pipeline.variants(speech, count, **controls))


def plan_gestures(
    inputs: Mapping[str, Path],
    settings: Mapping[str, Any],
    hear: Callable[[Path], Speech] = load_speech,
    words: "Score | None" = None,
) -> "Score":
    """The score that `make_gestures` performs where it is given none, to be read and edited.

    Its source says what it was planned with.

    Args:
        inputs: files: `speech`, and optionally `script`, what is said, whose gestures come before the plan.
        settings: as `make_gestures` takes them; of them style, speed, amplitude, rate, handedness, seed and emotion.
        hear: reads the speech's file.
        words: what was made of the script, where that is known already: to find it takes long.

    Raises:
        ChironomyError: a file cannot be used.
    """
    from chironomy.gesture.planning.plan import completed, planned_score

    felt = emotion_track(settings.get("emotion"))
    speech = hear(inputs["speech"])
    asked = {name: settings.get(name) for name in ("amplitude", "speed")}
    moved = {} if felt.neutral else _moved(felt, asked)
    course = moved.pop("course", None)
    numbers = {name: settings.get(name) for name in ("amplitude", "speed", "rate")} | moved
    style = settings.get("style") or STYLE
    names = ("seed", "style", "speed", "amplitude", "rate", "handedness", "seated", "emotion")
    told = {name: settings[name] for name in names if settings.get(name) not in (None, False)}
    plan = planned_score(
        speech,
        style={style: 1.0} if isinstance(style, str) else style,
        handedness=settings.get("handedness"),
        seed=settings.get("seed") or 0,
        plain="script" in inputs or words is not None,
        course=course,
        **{name: 1.0 if value is None else float(value) for name, value in numbers.items()},
    )
    if words is None and "script" in inputs:
        from chironomy.performance.scripts import score_of_words

        words = score_of_words(speech, inputs["script"])
    if words is not None:
        plan = completed(words, plan)
    return replace(plan, source={**plan.source, "speech": speech.sha256, **told})


def _moved(felt: EmotionTrack, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of hands that are to be so large and fast, and feel so: what changes changes with the emotion."""
    course = course_of(felt)
    if course is not None:
        return {"course": course}
    usual = {"amplitude": AMPLITUDE.default or 1.0, "speed": SPEED.default or 1.0}
    return moved_by(felt, **{name: value if asked[name] is None else asked[name] for name, value in usual.items()})


def _felt(motion: HandMotion, felt: EmotionTrack, asked: Mapping[str, Any]) -> HandMotion:
    """The motion; its source says what was asked for and felt: so it is made again, and the face goes with it."""
    if felt.neutral:
        return motion
    return motion.replaced(source={**motion.source, **_asked_and_felt(felt, asked)})


def _felt_in_ranges(motion: HandMotion, earlier: int, felt: EmotionTrack, asked: Mapping[str, Any]) -> HandMotion:
    """The motion; its source says likewise of each range that was made anew after the `earlier` ones."""
    ranges = motion.source.get("regenerated", [])
    if felt.neutral or len(ranges) == earlier:
        return motion
    again = [{**made, **_asked_and_felt(felt, asked)} for made in ranges[earlier:]]
    return motion.replaced(source={**motion.source, "regenerated": [*ranges[:earlier], *again]})


def _asked_and_felt(felt: EmotionTrack, asked: Mapping[str, Any]) -> dict[str, Any]:
    usual = {"amplitude": AMPLITUDE.default, "speed": SPEED.default}
    said = {name: usual[name] if value is None else value for name, value in asked.items()}
    return {**said, "emotion": felt.told}


def _noted(
    motion: HandMotion,
    speech: Speech,
    remarks: Sequence[str] = (),
    script_unplayed: bool = False,
    script_unheard: bool = False,
) -> HandMotion:
    """The motion; its source says what is to be told: silent speech, a script that is not followed or is not said."""
    notes = {
        "speech_silent": speech.silent,
        "script_unplayed": script_unplayed,
        "script_unheard": script_unheard,
    }
    told: dict[str, Any] = {name: True for name, holds in notes.items() if holds}
    if said := [*remarks, *about_speed(motion)]:
        told["remarks"] = said
    # Remarks about a motion that is kept are not about what was made of it.
    source = {name: value for name, value in motion.source.items() if name != "remarks"}
    return motion.replaced(source={**source, **told}) if told or "remarks" in motion.source else motion


SCRIPT_UNPLAYED = (
    "this gesture model has not learned to follow words, so the script changed nothing: use weights that were trained "
    "with scores (chironomy score propose writes what it would ask for)"
)
"""What to tell a person whose motion's source says `script_unplayed`."""
