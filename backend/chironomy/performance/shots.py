# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot of hands and the speech that they belong to, without Blender."""

from pathlib import Path
from typing import Any

from chironomy.body.emotion import Emotion
from chironomy.body.figures import FIGURES, figure_named
from chironomy.body.performance import Performance
from chironomy.body.proportions import proportioned
from chironomy.body.rig import load_rig
from chironomy.motion.hand_motion import HandMotion
from chironomy.performance.perform import perform
from chironomy.shot.camera import VIDEO_SIZE
from chironomy.shot.fit import Fit
from chironomy.shot.placement import in_portrait, own_camera, place, scene_camera
from chironomy.shot.shot import Media, Shot
from chironomy.speech.decode import Speech
from chironomy.work import QUIET, Work

_NOTABLE_SECONDS = 1.0


def make_shot(
    hands: HandMotion,
    speech: Speech,
    recording: Path,
    engine: str,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    fit: Fit | None = None,
    portrait: Path | None = None,
    *,
    settings: dict[str, Any] | None = None,
    alive: bool = False,
    emotion: Emotion | None = None,
    work: Work = QUIET,
) -> Shot:
    """A shot as long as its speech: the last frame of a shorter motion is held, a longer one is cut.

    Args:
        hands: of the speech.
        speech: what `recording` holds.
        recording: the file, which goes into the shot as it is.
        engine: name of the engine.
        size: width and height in pixels; None for the usual one, with a fit for the portrait's shape.
        fps: frames a second; None for the motion's own.
        fit: a portrait's, in which the hands are placed; the arms that follow them are then the person's.
        portrait: the picture that was fitted.
        settings: of the shot; of the figure `hands` it is a close-up.
        alive: torso, head, shoulders and eyes accompany the hands and the voice.
        emotion: see `chironomy.body.emotion.emotion_track`; as the hands were made when None.
        work: told how far it is.

    Raises:
        ChironomyError: the speech cannot be heard or a file not be read; one sentence.
    """
    hands = as_long_as(speech, hands, fps)
    rig, settings = load_rig(), settings or {}
    figure = figure_named(settings.get("figure", FIGURES[0]))
    if fit is not None:
        hands = place(fit, hands, rig)
        rig = proportioned(rig, fit.proportions)
    camera = scene_camera(fit, rig, *(size or (VIDEO_SIZE if fit is None else fit.video_size())))
    seed = seed_of(speech, hands)
    made = perform(speech, hands, camera.position, seed, rig=rig, fit=fit, alive=alive, emotion=emotion, work=work)
    pose = made.pose(rig)
    shot = Shot(
        hands=hands,
        pose=pose,
        face=made.face,
        camera=camera if fit is not None else own_camera(rig, pose, camera.width, camera.height, figure),
        speech=Media.from_file(recording),
        engine=engine,
        settings=settings,
    )
    if fit is None:
        return shot
    return in_portrait(fit, shot, None if portrait is None else Media.from_file(portrait), size)


def as_long_as(speech: Speech, hands: HandMotion, fps: float | None = None) -> HandMotion:
    """The hands as long as their speech: the last frame of a shorter motion is held, a longer one is cut.

    Args:
        speech: of the hands.
        hands: what they do.
        fps: frames a second; None for the motion's own.
    """
    rate = hands.fps if fps is None else fps
    frames = max(1, round(speech.duration * rate))
    return hands if rate == hands.fps and frames == hands.frame_count else hands.resampled(rate, frames)


def seed_of(speech: Speech, hands: HandMotion) -> int:
    """The seed of what goes with hands: takes of one speech move otherwise, each always alike."""
    seed = hands.source.get("seed", 0)
    own = seed if isinstance(seed, int) and seed >= 0 else 0
    return (int(speech.sha256[:8], 16) + own) % 2**32


def make_performance_of(hands: HandMotion, speech: Speech, work: Work = QUIET) -> Performance:
    """All that the character does while its hands do this, as `make_shot` lets it, looking into the usual lens.

    Raises:
        ChironomyError: the speech cannot be heard; one sentence.
    """
    hands, rig = as_long_as(speech, hands), load_rig()
    lens = scene_camera(None, rig, *VIDEO_SIZE).position
    return perform(speech, hands, lens, seed_of(speech, hands), rig=rig, work=work)


def length_note(motion: str, hands: HandMotion, speech: Speech) -> str:
    """What to tell a person whose motion and speech are not equally long; empty where they are, to a second.

    Args:
        motion: the name that the person knows the motion by.
        hands: the motion.
        speech: its speech.
    """
    if abs(hands.duration - speech.duration) <= _NOTABLE_SECONDS:
        return ""
    longer = "the rest of the motion is left out" if hands.duration > speech.duration else "its last frame is held"
    return f"{motion} lasts {hands.duration:.1f} s and the speech {speech.duration:.1f} s: {longer}"
