# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a performance for the scene's speech: in this Blender, or by the backend where the preferences say so."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from bpy.types import Context, Object, Scene
from numpy.typing import NDArray

from chironomy.body.listening import Aims
from chironomy.body.performance import Performance, load_performance, packed
from chironomy.body.rig import Rig, load_rig
from chironomy.body.sitting import SEATED
from chironomy.errors import ChironomyError
from chironomy.gesture.change import changed_ranges
from chironomy.gesture.score.phrases import Score
from chironomy.gesture.settings import RATE, SEED
from chironomy.motion import HANDS, HandMotion, load_hands, save_hands
from chironomy.work import Work

from .. import backend
from ..properties import ChironomySettings, character, settings
from ..rig import owned, read, seat
from ..rig.owned import Only, hand_mask, reading_pins
from ..slices import Slices
from ..target import Target
from .lens import lens_position
from .planning import planned, said_in_full, with_decided
from .portrait import remembered
from .retarget import taking_up
from .score import decided, only_of
from .script import script_file
from .speech import scene_speech, speech_start
from .turns import aims_of, speakers, voice

MIN_RANGE = 0.3
"""Seconds that a range must have to be made anew."""

_APART = 100
"""Between the seeds of characters who talk in turns."""

AROUND = 6.0
"""Seconds around a range in which what is shown is read: more than a model's window."""

Pinned = tuple[HandMotion, NDArray[np.bool_]]
"""Motion from the speech's start on, and (T, 2) which frames of which hand are to stay."""


def lanes_of(context: Context, items: Sequence[Object] = ()) -> frozenset[str]:
    """Return what new gestures for characters, or for the scene's, need for themselves: them, and maybe the backend."""
    lanes = {f"character {item.session_uid}" for item in items} or {f"character {Target.of(context.scene).item}"}
    return frozenset(lanes if backend.gestures_here(context) else lanes | {backend.GESTURES})


def performing(context: Context, item: Object | None = None, seed: int | None = None) -> Slices:
    """Return in slices the work that makes a `Performance` for the scene's speech, with its settings of now.

    Where several speak, it is for what the character says, and it listens to the others.

    Args:
        context: of the person.
        item: the character; the scene's where None.
        seed: of the first take; the scene's where None.

    Raises:
        ChironomyError: it cannot be made there.
    """
    scene = context.scene
    chosen = settings(scene)
    item = item or character(scene)
    where = _where(context)
    speech, company = yield from _heard(context, scene, item)
    # A portrait is of one who speaks alone.
    fit = None if chosen.several else remembered(scene)
    x, y, z = lens_position(scene, item)
    wanted = manner_of(chosen) | {
        "fps": round(read.scene_fps(scene), 6),
        "alive": chosen.accompany,
        "lens_x": x,
        "lens_y": y,
        "lens_z": z,
    }
    first_seed = chosen.seed if seed is None else seed
    seeds = range(first_seed, first_seed + chosen.variants)
    script, own = script_file(scene), decided(scene, item)
    pinned = None
    if item is not None:
        yield from taking_up(scene, item)
        pinned = yield from reading_pins(item, load_rig(), scene, speech_start(scene))

    def make_one(seed: int, work: Work) -> Made:
        asked = wanted | {"seed": seed}
        with tempfile.TemporaryDirectory(prefix="chironomy-") as name:
            folder = Path(name)
            inputs = {"speech": speech} | _pinned_files(pinned, folder) | company.files(folder)
            if script is not None:
                inputs["script"] = script
            if fit is not None:
                inputs["fit"] = folder / "fit.json"
                fit.save(inputs["fit"])
            plan = with_decided(own, inputs, asked, folder)
            if where is None:
                made = _made_here(inputs, asked, work)
            else:
                client = backend.connect(where, work)
                uploaded = {name: client.upload(path) for name, path in inputs.items()}
                made = load_performance(client.run("perform", uploaded, asked, folder / "performance.zip", work))
            return Made(made, asked, plan or planned(inputs, asked, made.hands), packed(made))

    def make(work: Work) -> list[Made]:
        share, made = 1.0 / len(seeds), []
        for number, each in enumerate(seeds):
            # What is looked at meanwhile is the first.
            looked = work if number == 0 else replace(work, finished=None)
            made.append(make_one(each, looked.part(number * share, (number + 1) * share)))
        return made

    return make


def performing_all(context: Context) -> Slices:
    """Return in slices the work that makes performances for all characters of a scene, who talk in turns.

    The work returns of each character, by its number in this session, what was `Made` for it.

    Raises:
        ChironomyError: it cannot be made there.
    """
    scene = context.scene
    jobs = []
    for number, item in enumerate(speakers(scene)):
        uid, name = item.session_uid, item.name
        # Who listens breathes and looks about in another rhythm than who speaks.
        seed = (settings(scene).seed + _APART * number) % SEED.high
        jobs.append((uid, name, (yield from performing(context, item, seed))))

    def make(work: Work) -> dict[int, list[Made]]:
        share, made, work = 1.0 / len(jobs), {}, replace(work, finished=None)
        for number, (uid, _, job) in enumerate(jobs):
            made[uid] = job(work.part(number * share, (number + 1) * share))
        return made

    return make


class Company(NamedTuple):
    """Those with whom somebody talks.

    Attributes:
        heard: a recording of what they say; None where somebody speaks alone.
        aims: whom of them they look at, when.
    """

    heard: Path | None = None
    aims: Aims | None = None

    def files(self, folder: Path) -> dict[str, Path]:
        """Return it as inputs of what makes a performance."""
        found = {} if self.heard is None else {"heard": self.heard}
        if self.aims is not None:
            found["aims"] = folder / "aims.npz"
            self.aims.save(found["aims"])
        return found


class Made(NamedTuple):
    """A performance and how it was made.

    Attributes:
        performance: what was made.
        settings: that it was made with.
        score: that was performed, where it is known.
        packed: the performance as a take keeps it.
    """

    performance: Performance
    settings: dict[str, Any]
    score: Score | None = None
    packed: bytes | None = None


class Again(NamedTuple):
    """A range of the hands that was made anew.

    Attributes:
        motion: from the speech's start on; what lies outside of the range is as it was.
        only: what of it is new.
        settings: that it was made with.
        action: that is to be so but for the range, by its number in this session.
        score: that was performed in it, where it is known.
        asked: the score that was asked for; None where none was.
    """

    motion: HandMotion
    only: Sequence[Only]
    settings: dict[str, Any]
    action: int
    score: Score | None = None
    asked: Score | None = None


def making_again(context: Context, item: Object, hands: str, first: int, last: int, seed: int) -> Slices:
    """Return in slices the work that makes a range of the hands anew, led into what lies around it and what is locked.

    Args:
        context: its scene has the speech, and the character shows what is kept.
        item: the character.
        hands: "left", "right" or "both".
        first: scene frame after which everything is new, but the animator's poses.
        last: scene frame before which it is.
        seed: another one, another gesture.

    Raises:
        ChironomyError: it cannot be made there.
    """
    scene, rig = context.scene, load_rig()
    where = _where(context)
    speech, _ = yield from _heard(context, scene, item)
    begin, fps = speech_start(scene), read.scene_fps(scene)
    first = max(first, begin)
    if last - first < MIN_RANGE * fps:
        raise ChironomyError(f"the frames {first} to {last} are too few; choose {MIN_RANGE * fps:.0f} or more")
    chosen = (0, 1) if hands == "both" else (HANDS.index(hands),)
    yield from taking_up(scene, item)
    shown = yield from _shown_around(scene, item, rig, begin, first, last)
    named = yield from owned.reading_spans(item, [owned.hand_unit(item, hand) for hand in chosen], fps)
    locked = hand_mask(named, begin, shown.frame_count)
    if locked[first + 1 - begin : last - begin, chosen].all():
        raise ChironomyError(
            f"all poses of the frames {first} to {last} are your own, and stay; release them first, or choose others"
        )
    wanted = _as_it_sits(item, manner_of(settings(scene))) | {
        "seed": seed,
        "range_start": (first + 1 - begin) / fps - 1e-4,
        "range_end": (last - begin) / fps - 1e-4,
        "range_hands": hands,
    }
    script = script_file(scene)
    part = ((first - begin) / fps, (last - begin) / fps)
    own = decided(scene, item)
    if own is not None:
        own = replace(own, phrases=tuple(each for each in own.phrases if each.start < part[1] and each.end > part[0]))
    action = item.animation_data.action.session_uid

    def make(work: Work) -> Again:
        with tempfile.TemporaryDirectory(prefix="chironomy-") as name:
            folder = Path(name)
            inputs = {"speech": speech, "kept": folder / "kept.npz", "pinned_mask": folder / "mask.npz"}
            save_hands(shown, inputs["kept"])
            np.savez_compressed(inputs["pinned_mask"], mask=locked)
            if script is not None:
                inputs["script"] = script
            plan = with_decided(own, inputs, wanted, folder)
            motion = _hands(where, inputs, wanted, folder, work)
            plan = plan or planned(inputs, wanted, motion)
        return Again(motion, [Only(float(first), float(last), chosen)], wanted, action, plan)

    return make


def doing_score(
    context: Context, item: Object, before: Score, after: Score, manner: Mapping[str, Any] = MappingProxyType({})
) -> Slices:
    """Return in slices the work that does another score in the take that is shown: what differs is made anew.

    Args:
        context: its scene has the speech, and the character shows what is kept.
        item: the character.
        before: the take's score.
        after: what it is to be.
        manner: settings that the take was made with; the scene's of now for what they lack.

    Raises:
        ChironomyError: it cannot be made there, or nothing differs.
    """
    scene, rig = context.scene, load_rig()
    ranges = changed_ranges(before, after)
    if not ranges:
        raise ChironomyError("no phrase differs from what the take does; change one first")
    where = _where(context)
    speech, _ = yield from _heard(context, scene, item)
    begin, fps = speech_start(scene), read.scene_fps(scene)
    only = only_of(scene, ranges, after.seconds)
    first = max(min(each.first for each in only), begin)
    last = min(max(each.last for each in only), begin + after.seconds * fps)
    yield from taking_up(scene, item)
    shown = yield from _shown_around(scene, item, rig, begin, int(first), int(np.ceil(last)))
    shown = shown.replaced(source={**shown.source, "score": before.to_dict()})
    named = yield from owned.reading_spans(item, [owned.hand_unit(item, hand) for hand in range(2)], fps)
    locked = hand_mask(named, begin, shown.frame_count)
    wanted = manner_of(settings(scene)) | {"seed": settings(scene).seed}
    wanted |= {name: manner[name] for name in (*wanted, "rate") if name in manner}
    wanted = _as_it_sits(item, wanted)
    action = item.animation_data.action.session_uid

    def make(work: Work) -> Again:
        with tempfile.TemporaryDirectory(prefix="chironomy-") as name:
            folder = Path(name)
            inputs = {"speech": speech} | {
                name: folder / file
                for name, file in (("kept", "kept.npz"), ("pinned_mask", "mask.npz"), ("score", "score.json"))
            }
            save_hands(shown, inputs["kept"])
            np.savez_compressed(inputs["pinned_mask"], mask=locked)
            after.save(inputs["score"])
            motion = _hands(where, inputs, wanted, folder, work)
        return Again(motion, only, wanted, action, said_in_full(after, wanted), after)

    return make


def _hands(
    where: backend.Address | None, inputs: dict[str, Path], wanted: dict[str, Any], folder: Path, work: Work
) -> HandMotion:
    """Return the hands alone, made here or by the backend."""
    if where is None:
        from chironomy.performance.gestures import make_gestures

        from ..hearing import hear

        work.progress(0.0, "getting ready")
        return next(make_gestures(inputs, wanted, work=work, hear=hear))
    client = backend.connect(where, work)
    uploaded = {name: client.upload(path) for name, path in inputs.items()}
    return load_hands(client.run("gesture", uploaded, wanted, folder / "hands.npz", work))


def _shown_around(scene: Scene, item: Object, rig: Rig, begin: int, first: int, last: int) -> Slices:
    """Return what the hands do, a `HandMotion`, from the speech's start on, as Blender shows it around a range.

    Farther away, where it matters to nothing, it stands still.
    """
    fps = read.scene_fps(scene)
    reach = round(AROUND * fps)
    start, stop = max(first - reach, begin), last + reach + 1
    _, near = yield from read.reading_pose(item, rig, scene, start, stop)
    held = np.clip(np.arange(begin, stop) - start, 0, None)
    fields = {name: getattr(near, name)[held] for name in ("wrist_position", "rotation", "confidence")}
    return near.replaced(**fields)


def _heard(context: Context, scene: Scene, item: Object | None) -> Slices:
    """Return in slices the file of what a character says, and the `Company` that it talks with.

    Raises:
        ChironomyError: there is no file to be heard.
    """
    if item is None or not settings(scene).several:
        speech = scene_speech(scene)
        assert speech is not None
        return speech.path, Company()
    own, theirs, aims = voice(scene, item), voice(scene, item, others=True), aims_of(context, scene, item)
    path = yield lambda _: own.file()
    heard = (yield lambda _: theirs.file()) if theirs.pieces else None
    return path, Company(heard, aims)


def _where(context: Context) -> backend.Address | None:
    """Return the backend that makes gestures; None where this Blender does.

    Raises:
        ChironomyError: this Blender cannot hear.
    """
    where = backend.gestures_from(context)
    if where is None:
        # Imported when they are needed: the add-on's registration waits for nothing of the room of speech.
        from ..hearing import why_deaf

        if reason := why_deaf():
            raise ChironomyError(reason)
    return where


def manner_of(chosen: ChironomySettings) -> dict[str, Any]:
    """Return how the hands are to move."""
    manner = {
        "style": chosen.style,
        "speed": round(chosen.speed, 4),
        "amplitude": round(chosen.amplitude, 4),
        "emotion": chosen.emotion_mixture or {chosen.emotion: round(chosen.emotion_strength, 4)},
    }
    if chosen.rate != RATE.default:
        # Backends and weights of old know nothing of it, and need not.
        manner["rate"] = round(chosen.rate, 4)
    if chosen.seated:
        manner[SEATED] = True
    return manner


def _as_it_sits(item: Object, manner: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the hands are to move, of a character that sits or stands as in the take that it shows."""
    same = {name: value for name, value in manner.items() if name != SEATED}
    return same | {SEATED: True} if seat.is_seated(item) else same


def _made_here(inputs: dict[str, Path], wanted: dict[str, object], work: Work) -> Performance:
    work.progress(0.0, "getting ready")
    from chironomy.performance.perform import make_performance

    from ..hearing import hear

    return make_performance(inputs, wanted, work, hear=hear)


def _pinned_files(pinned: Pinned | None, folder: Path) -> dict[str, Path]:
    """Write what is the animator's, and return it as inputs of what makes gestures."""
    if pinned is None:
        return {}
    motion, mask = pinned
    files = {"pinned": folder / "pinned.npz", "pinned_mask": folder / "mask.npz"}
    save_hands(motion, files["pinned"])
    np.savez_compressed(files["pinned_mask"], mask=mask)
    return files
