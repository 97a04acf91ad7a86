# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole performance: face, torso, head and eyes that go with a speech and its hands."""

from numpy.typing import ArrayLike

from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.gaze import look
from chironomy.body.performance import Performance
from chironomy.body.rig import Rig, load_rig
from chironomy.motion.hand_motion import HandMotion
from chironomy.shot.fit import Fit
from chironomy.shot.placement import refitted
from chironomy.speech.accents import pitch_accents, speech_phrases
from chironomy.speech.decode import Speech
from chironomy.speech.lips import lip_track
from chironomy.work import QUIET, Work


def perform(
    speech: Speech,
    hands: HandMotion,
    lens: ArrayLike,
    seed: int,
    *,
    rig: Rig | None = None,
    fit: Fit | None = None,
    alive: bool = True,
    work: Work = QUIET,
) -> Performance:
    """What the rest of a speaker does while the hands do this.

    Args:
        speech: what is said.
        hands: where the hands are, (T frames); they stay exactly so.
        lens: (3,) metres in the frame of the body: where the eyes look and the head turns back to.
        seed: another one, other glances and sways.
        rig: the character; the embedded one when None.
        fit: of the portrait in which the hands were placed: the eyes look from the person's head, as they hold it.
        alive: torso, head, shoulders and eyes accompany the hands and the voice; otherwise the face alone speaks.
        work: told how far it is.

    Raises:
        ChironomyError: the speech cannot be heard or the hands cannot be followed.
        ListeningCancelled: the work was stopped.
    """
    work.progress(0.0, "listening for phones")
    face = lip_track(speech, hands.fps, work=work.part(0.0, 0.8, "listening for phones")).resampled(
        hands.fps, hands.frame_count
    )
    if not alive:
        return Performance(hands, face, None)
    rig = rig or load_rig()
    work.progress(0.8, "listening for accents")
    body = accompany(rig, hands, pitch_accents(speech), speech_phrases(speech), lens, seed)
    pose = accompanied_pose(rig, hands, body)
    # From the head as it will be seen: a portrait's head is turned, and sits elsewhere.
    face = look(rig, face, pose if fit is None else refitted(fit, pose), lens, seed)
    return Performance(hands, face, body)
