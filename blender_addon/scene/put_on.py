# SPDX-License-Identifier: GPL-3.0-or-later
"""Put what was generated or read from a file on the character, as keys."""

from collections.abc import Mapping
from typing import NamedTuple

from bpy.types import Object, Scene

from chironomy.body.accompaniment import Accompaniment, still
from chironomy.body.rig import load_rig
from chironomy.body.sitting import is_seated
from chironomy.motion import FaceTrack, HandMotion, MotionError
from chironomy.motion.key_poses import DETAIL, Miss

from ..rig import channels, read, write, write_body
from ..rig.build import body_of
from ..rig.drafts import CharacterDraft
from ..rig.owned import Span
from ..rig.seat import take_seat
from ..slices import Slices, drained
from .keeping import make_keepable
from .retarget import hand_over
from .speech import give_length, speech_start


class PutOn(NamedTuple):
    """What was put on a character.

    Attributes:
        said: what to tell the person.
        miss: how far the keys are off the dense motion.
    """

    said: str
    miss: Miss


class Keyed(NamedTuple):
    """Keys that were written.

    Attributes:
        written: of the hands.
        with_face: whether the face was to have some.
    """

    written: write.Written
    with_face: bool


def put_on(
    scene: Scene,
    item: Object,
    motion: HandMotion,
    face: FaceTrack | None,
    body: Accompaniment | None = None,
    detail: float = DETAIL,
) -> PutOn:
    """Put motion on a character of a scene from the start of the speech on.

    Args:
        scene: whose speech and frame rate count.
        item: the character.
        motion: what the hands do.
        face: what the face does; None leaves the face as it is.
        body: what torso, head and shoulders do; None takes what was generated for them away.
        detail: from 0, few key poses, to 1, exact.

    Raises:
        ChironomyError: the keys would be lost, or the motion cannot have the scene's frame rate.
    """
    make_keepable(scene, item)
    done = settled(scene, item, drained(keying(scene, item, motion, face, body, detail)))
    hand_over(scene, item)
    return done


def keying(
    scene: Scene,
    item: Object | CharacterDraft,
    motion: HandMotion,
    face: FaceTrack | None,
    body: Accompaniment | None = None,
    detail: float = DETAIL,
) -> Slices:
    """Write the keys of `put_on`, in slices; return them as `Keyed`.

    Raises:
        ChironomyError: as `put_on` does.
    """
    rig = load_rig()
    fps = read.scene_fps(scene)
    if body is None and is_seated(motion):
        body = still(max(round(motion.frame_count / motion.fps * fps), 1), fps, seated=True)
    if body is not None and abs(body.fps - fps) > 1e-4:
        raise MotionError(f"the motion has {body.fps:g} frames a second, but the scene has {fps:g}; generate once more")
    first = speech_start(scene)
    written = yield from write.writing_motion(item, rig, motion, scene, first, detail)
    yield from write_body.writing_accompaniment(item, rig, body, scene, first, detail)
    if face is not None:
        yield from write_body.writing_face(item, face, scene, first, detail)
    return Keyed(written, face is not None)


def settled(scene: Scene, item: Object, keyed: Keyed, show: bool = True) -> PutOn:
    """Let the scene reach as far as a character's keys, and return what to tell the person.

    Args:
        scene: whose speech counts.
        item: the character, which shows the keys.
        keyed: what was written.
        show: whether Blender is to show the frame now.
    """
    written = keyed.written
    take_seat(item)
    frames = written.frames
    give_length(scene, speech_start(scene) + frames - 1)
    if show:
        scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    count = read.hand_key_count(item)
    dense = channels.HAND_CHANNELS * frames
    said = f"{item.name} has {frames} frames of motion in {count} keys, {100 * count / dense:.0f} % of one key a frame"
    if keyed.with_face and body_of(item) is None:
        said += "; its mesh was deleted, so nothing shows what the face does"
    return PutOn(said + kept_said(written.theirs), written.miss)


def kept_said(theirs: Mapping[str, Span]) -> str:
    """Return what to tell the person of what stayed theirs, by name of the hand's control."""
    parts: list[str] = []
    for name, span in theirs.items():
        if span.whole:
            parts.append(f"{name} is locked, muted or driven and stays as it is")
            continue
        poses = [f"{first:g}" for first, last in span.stretches if first == last]
        frames = [f"{first:g} to {last:g}" for first, last in span.stretches if first != last]
        if len(poses) == 1:
            parts.append(f"{name} keeps your pose at frame {poses[0]}")
        elif poses:
            parts.append(f"{name} keeps your poses at frames {', '.join(poses)}")
        if frames:
            parts.append(f"{name} keeps your frames {', '.join(frames)}")
    return "".join(f"; {part}" for part in parts)
