# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole performance: hands for a speech, and the face, torso, head and eyes that go with both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from chironomy.body.accompaniment import still
from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.emotion import Emotion, emotion_track
from chironomy.body.face import express
from chironomy.body.gaze import look
from chironomy.body.listening import Aims
from chironomy.body.manner import manner_of
from chironomy.body.performance import Performance
from chironomy.body.rig import Rig, load_rig
from chironomy.body.sitting import is_seated
from chironomy.gesture.planning.spoken import spoken_phrases, within
from chironomy.motion.hand_motion import HandMotion
from chironomy.performance.gestures import make_gestures
from chironomy.performance.listening import listening
from chironomy.shot.fit import Fit
from chironomy.shot.placement import place, refitted
from chironomy.speech.accents import pitch_accents
from chironomy.speech.decode import Speech, load_speech
from chironomy.speech.lips import lip_track
from chironomy.speech.phone import Phone
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.gesture.maker import GestureMaker

_OTHERS = ("alive", "lens_x", "lens_y", "lens_z")
"""Settings of a performance that are not the hands'."""


def make_performance(
    inputs: Mapping[str, Path],
    settings: Mapping[str, Any],
    work: Work = QUIET,
    load: "Callable[[], GestureMaker] | None" = None,
    hear: Callable[[Path], Speech] = load_speech,
) -> Performance:
    """All that a speaker does: the hands that `make_gestures` makes first, and what goes with them.

    Args:
        inputs: files, as for `make_gestures`; optionally `fit`, of a portrait (`shot.fit`), and the hands are placed
            where they are in that picture; `heard`, a recording as long as the speech with what others say, and the
            head nods as they pause; and `aims` (`chironomy.aims/1`), whom the person looks at instead of into the lens.
        settings: as for `make_gestures`, with `alive` (True) and `lens_x`, `lens_y`, `lens_z` (metres in the frame of
            the body) beside them: see `perform`.
        work: told how far it is, and asked whether to go on; of the hands, parts are `finished`
            (`gesture.maker.Part`), but not with a fit, which places them by where they rest in all of the motion.
        load: gives the model, by default the embedded one.
        hear: reads the speech's file; it is heard once.

    Raises:
        ChironomyError: as `make_gestures` and `perform` do.
    """
    fit = Fit.load(inputs["fit"]) if "fit" in inputs else None
    aims = Aims.load(inputs["aims"]) if "aims" in inputs else None
    work.progress(0.0, "reading the speech")
    speech = hear(inputs["speech"])
    others = spoken_phrases(hear(inputs["heard"])) if "heard" in inputs else ()
    gesture = {name: value for name, value in settings.items() if name not in _OTHERS}
    with listening(speech, work) as phones:
        making = work.part(0.0, 0.75) if fit is None else replace(work.part(0.0, 0.75), finished=None)
        hands = next(make_gestures(inputs, gesture, work=making, load=load, hear=lambda path: speech))
        lens: ArrayLike = [settings[name] for name in _OTHERS[1:]]
        if aims is not None:
            lens = aims.at(np.arange(hands.frame_count) / hands.fps)
        if fit is not None:
            hands = place(fit, hands)
        return perform(
            speech,
            hands,
            lens,
            settings.get("seed", 0),
            fit=fit,
            heard=others,
            alive=settings.get("alive", True),
            phones=phones,
            style=settings.get("style"),
            emotion=settings.get("emotion"),
            work=work.part(0.75, 1.0),
        )


def perform(
    speech: Speech,
    hands: HandMotion,
    lens: ArrayLike,
    seed: int,
    *,
    rig: Rig | None = None,
    fit: Fit | None = None,
    alive: bool = True,
    phones: Sequence[Phone] | Callable[[], Sequence[Phone]] | None = None,
    style: str | Mapping[str, float] | None = None,
    emotion: Emotion | None = None,
    heard: Sequence[tuple[float, float]] = (),
    work: Work = QUIET,
) -> Performance:
    """What the rest of a speaker does while the hands do this.

    Args:
        speech: what is said.
        hands: where the hands are, (T frames); they stay exactly so.
        lens: (3,) or (T, 3) metres in the frame of the body: where the eyes look and the head turns back to.
        seed: another one, other glances, turns and brows.
        rig: the character; the embedded one when None.
        fit: of the portrait in which the hands were placed: the eyes look from the person's head, as they hold it.
        alive: torso, head, shoulders and eyes accompany the hands and the voice; otherwise the face alone speaks, and
            of who sits (`body.sitting`) the legs sit.
        phones: what is spoken, if they are known, or what waits for them (`listening`) and is called once the body is
            made; by default they are recognised here.
        style: of the body, a name or weights; as the hands were made when None.
        emotion: see `chironomy.body.emotion.emotion_track`; as the hands were made when None.
        heard: begin and end in seconds of what others say, who are listened to.
        work: told how far it is.

    Raises:
        ChironomyError: the speech cannot be heard or the hands cannot be followed.
        ListeningCancelled: the work was stopped.
    """
    work.progress(0.0, "listening for accents")
    if style is None:
        style = hands.source.get("style")
    felt = emotion_track(hands.source.get("emotion") if emotion is None else emotion)
    phrases = spoken_phrases(speech)  # to music nobody nods
    times, strengths = pitch_accents(speech)
    inside = within(times, phrases)
    accents = times[inside], strengths[inside]
    body = pose = None
    if alive:
        rig = rig or load_rig()
        body = accompany(rig, hands, accents, phrases, lens, seed, style, felt, heard)
        pose = accompanied_pose(rig, hands, body)
    work.progress(0.2, "listening for phones")
    face = lip_track(
        speech,
        hands.fps,
        phones=phones() if callable(phones) else phones,
        work=work.part(0.2, 1.0, "listening for phones"),
    ).resampled(hands.fps, hands.frame_count)
    face = express(face, accents, phrases, seed, style, felt)
    if rig is None or pose is None:
        # Who sits has legs that do, whatever goes with the hands.
        return Performance(hands, face, still(hands.frame_count, hands.fps, True) if is_seated(hands) else None)
    # From the head as it will be seen: a portrait's head is turned, and sits elsewhere.
    seen = pose if fit is None else refitted(fit, pose)
    begins, lowered = [begin for begin, _ in phrases], felt.mixed("gaze", face.times)
    face = look(rig, face, seen, lens, seed, begins, manner_of(style).aversion, lowered)
    return Performance(hands, face, body)
