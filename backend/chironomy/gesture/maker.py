# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech in, hand motion out, whatever computes the network: windows, pins, limits, parts, ranges made anew."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from chironomy.body.emotion import emotion_track
from chironomy.body.errors import BodyError
from chironomy.body.sitting import SEATED, is_seated
from chironomy.gesture.controls import Controls, Settings, checked_controls
from chironomy.gesture.course import course_of, moved_by
from chironomy.gesture.delivery import Delivery
from chironomy.gesture.errors import GestureError
from chironomy.gesture.finish import Finisher
from chironomy.gesture.hearing import heard, near_speech
from chironomy.gesture.lap import Lap
from chironomy.gesture.leading import led_hands
from chironomy.gesture.network import Network, NoisePath
from chironomy.gesture.performed import manner_for, performed, rate_of
from chironomy.gesture.pins import SAMPLED_EASE_SECONDS, Pins, checked_pins, eased, numbers_of
from chironomy.gesture.planning.plan import planned_score
from chironomy.gesture.planning.unlike import Before
from chironomy.gesture.ranges import frames_of_range, joined, kept_outside, with_range
from chironomy.gesture.sampling import Conditions, Fixed, Noise, denoise
from chironomy.gesture.score import REST, Phrase, Score, Stroke, near_phrases, score_frames, told
from chironomy.gesture.score.phrases import LONGEST_SECONDS
from chironomy.gesture.shaping import shaped_frames
from chironomy.gesture.timing import stroke_times
from chironomy.gesture.windows import Block, blocks
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.speech.accents import accent_onsets
from chironomy.speech.decode import Speech
from chironomy.work import QUIET, Work

_MESSAGE = "making gestures"

_LEAD_FRAMES = 18  # silence before the recording, in which hands rest and prepare
_OVERLAP_FRAMES = 24  # of neighbouring windows, at most half a window
_CARRIED_FRAMES = 24  # pinned at the beginning of a block, and as many let go; each at most a quarter of a window
_AFTER_SECONDS = 8.0  # longer than a window: what hands would do after the recording, if it is begun within it
_AT_THE_END = 0.05  # seconds before its end at which a score ends, too
_NEAR_BLOCK = 1.0  # seconds around a block in which strokes may still move something in it
_AROUND_SECONDS = 4.0  # of the surroundings that a range is made anew in


class Part(NamedTuple):
    """Consecutive frames of a result: `motion`, whose first frame is the result's frame `first_frame`."""

    first_frame: int
    motion: HandMotion


class GestureMaker:
    """Makes the motion of two hands for a recording of speech, with a network that a class of this one has.

    The same seed gives the same motion whatever computes the network, to a tenth of a millimetre.
    """

    block_windows: tuple[int, int] = (4, 24)
    """Windows that are denoised together: of the first block, which is there soon, and of the others."""

    audio_encoder: Any = None
    """The wav2vec2 network that hears for a model of such features."""

    def loaded_network(self) -> Network:
        """The network."""
        raise NotImplementedError

    def noise_path(self, steps: int, seed: int) -> NoisePath:
        """The way from noise to motion in that many steps; `seed` is for ways that add noise.

        Raises:
            GestureError: there is none.
        """
        raise NotImplementedError

    def model_name(self) -> str:
        """What the result's source calls the model."""
        raise NotImplementedError

    def __call__(
        self, speech: Speech, *, on_part: Callable[[Part], None] | None = None, **settings: Unpack[Settings]
    ) -> HandMotion:
        """Make hand motion for `speech`.

        Args:
            speech: the recording, of any length; time is linear in it, and memory beside the result bounded.
            on_part: called with the result's parts while the rest is made.
            settings: see `Settings`.

        Returns:
            Motion of `speech.frame_count(fps)` frames, within the limits of joints and arms, clear of the body; pinned
            frames as given.

        Raises:
            GestureError: a setting is out of range; the sentence names it.
            GestureCancelled: the work was stopped.
        """
        parts = []
        for part in self.stream(speech, **settings):
            parts.append(part.motion)
            if on_part:
                on_part(part)
        return joined(parts)

    def stream(self, speech: Speech, **settings: Unpack[Settings]) -> Iterator[Part]:
        """Make the same motion part by part: each is yielded as soon as it is final, in order, without gaps.

        Raises:
            GestureError: as the call does, before the first part.
            GestureCancelled: the work was stopped.
        """
        return self._stream(self._task(speech, settings))

    def variants(self, speech: Speech, count: int, **settings: Unpack[Settings]) -> list[HandMotion]:
        """Make several performances of one recording, which is listened to once.

        Args:
            speech: the recording.
            count: how many; variant k is what a call with `seed` + k returns.
            settings: see `Settings`.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise GestureError(f"count is {count!r:.40}; give 1 or more variants")
        task = self._task(speech, settings)
        motions = []
        for number in range(count):
            seed = task.controls.seed + number
            controls = replace(task.controls, seed=seed, source={**task.controls.source, "seed": seed})
            controls, given = performed(task.network.config, speech, controls, settings)
            variant = replace(
                task, controls=controls, given=given, work=task.work.part(number / count, (number + 1) / count)
            )
            motions.append(joined([part.motion for part in self._stream(variant)]))
        return motions

    def regenerate(
        self,
        speech: Speech,
        motion: HandMotion,
        start: float,
        end: float,
        *,
        hands: str | tuple[str, ...] = HANDS,
        locked: NDArray[np.bool_] | None = None,
        **settings: Unpack[Settings],
    ) -> HandMotion:
        """Make a range of a performance anew; everything outside it stays exactly as it is.

        Args:
            speech: the recording.
            motion: the performance; its frame rate is the result's.
            start: seconds; the frames from here on are new.
            end: seconds; the frames from here on are kept.
            hands: "left", "right" or both, whose frames are new.
            locked: (T, 2) which frames of which hand stay inside the range, too; the new ones lead into them.
            settings: see `Settings`, of the new frames, but for `fps` and pins; `seated` is the performance's. Only the
                surroundings of the range are computed, so with the performance's own settings and seed the new frames
                are alike, not equal. With another seed, of a few plans the one is performed that is most unlike what
                was there.

        Raises:
            GestureError: the range holds no frame of the motion, or as the call does.
        """
        if settings.keys() & {"fps", "pinned", "pinned_mask"}:
            raise GestureError("regenerate takes fps and pins from the motion; leave fps, pinned and pinned_mask out")
        settings[SEATED] = is_seated(motion)
        first, last = frames_of_range(motion, start, end)
        # A motion may go on after its speech, but nothing is made there.
        spoken = speech.frame_count(motion.fps)
        last = min(last, spoken)
        if last <= first:
            raise GestureError(f"the range begins at {start:g} s, after the speech's end at {speech.duration:.2f} s")
        mask = kept_outside(motion, first, last, hands)
        if locked is not None:
            if locked.shape != mask.shape:
                raise GestureError(f"locked has shape {locked.shape}; it must be {mask.shape}: frames, hands")
            mask |= locked
        settings = {**settings, "fps": motion.fps, "pinned": motion, "pinned_mask": mask}
        task = self._task(speech, settings, Before(motion, first, last))
        new = joined([part.motion for part in self._stream(replace(task, first=first, last=last))])
        chosen = [hands] if isinstance(hands, str) else list(hands)
        return with_range(motion, new, first, {"start": first, "end": last, "hands": chosen, **task.controls.source})

    def plan_of(self, speech: Speech, motion: HandMotion) -> Score | None:
        """The plan that a performance was made by where nobody gave a score, drawn again from what its source says.

        None where the model performs no plans, or the source does not say it.
        """
        config, source = self.loaded_network().config, motion.source
        names = [name for name in ("seed", "style", "speed", "amplitude", "rate", "handedness") if name in source]
        if not config.get("plans") or "seed" not in names or "score" in source or not source.get("plan", True):
            return None
        try:
            controls = checked_controls(config, {name: source[name] for name in names})  # type: ignore[typeddict-item]
            felt = emotion_track(source.get("emotion"))
        except (GestureError, BodyError):
            return None
        controls = replace(controls, course=course_of(felt))
        if controls.course is None and not felt.neutral:
            controls = replace(controls, **moved_by(felt, controls.amplitude, controls.speed))
        return planned_score(speech, **manner_for(config, controls), rate=rate_of(controls))

    def _task(self, speech: Speech, settings: Settings, before: Before | None = None) -> "_Task":
        """Check everything that was asked for, and listen to the speech; `before` is what is made anew."""
        network = self.loaded_network()
        config = network.config
        controls = checked_controls(config, settings)
        model_fps = float(config["fps"])
        frames = speech.frame_count(controls.fps)
        pins = checked_pins(settings.get("pinned"), settings.get("pinned_mask"), controls.fps, frames)
        # One model frame more than the result spans, so that its last frame lies between two.
        wanted = frames if controls.fps == model_fps else math.ceil((frames - 1) / controls.fps * model_fps) + 2
        last_block = list(self._blocks(config, 0, _LEAD_FRAMES + wanted))[-1]
        padded = last_block.start + last_block.layout.padded_frames
        hears = config.get("audio_features", "prosody")
        if hears == "wav2vec2" and self.audio_encoder is None:
            raise GestureError("this model hears through a wav2vec2 network; name its folder to use_audio_encoder")
        encoder = self.audio_encoder if hears == "wav2vec2" else None
        audio = heard(speech, model_fps, _LEAD_FRAMES, padded, int(config["audio_dim"]), encoder)
        if not np.isfinite(audio).all():
            raise GestureError(f"{speech.name} holds samples that are not finite numbers; export the recording again")
        source = {
            "speech": speech.sha256,
            "model": self.model_name(),
            "trained_on": config["trained_on"],
        }
        controls = replace(controls, source={**source, **controls.source})
        controls, given = performed(config, speech, controls, settings, before)
        spoken = near_speech(speech, model_fps, _LEAD_FRAMES, padded)
        work = settings.get("work", QUIET)
        plans = config.get("plans") and settings.get("plan", True)
        accents = accent_onsets(speech) if plans else np.zeros(0)
        return _Task(network, audio, spoken, accents, wanted, controls, given, pins, 0, frames, work)

    def _blocks(self, config: Mapping[str, Any], begin: int, end: int) -> Iterator[Block]:
        """Blocks of the timeline's frames `begin` to `end - 1`, counted from its beginning."""
        size = int(config["window_frames"])
        for block in blocks(
            end - begin,
            size,
            min(_OVERLAP_FRAMES, size // 2),
            2 * min(_CARRIED_FRAMES, size // 4),
            *self.block_windows,
        ):
            yield replace(block, start=begin + block.start)

    def _stream(self, task: "_Task") -> Iterator[Part]:
        """The frames `task.first` to `task.last - 1`, part by part."""
        controls, model_fps = task.controls, float(task.network.config["fps"])
        begin, end = 0, _LEAD_FRAMES + task.wanted
        if (task.first, task.last) != (0, task.pins.motion.frame_count if task.pins else task.last):
            # A range is made in its surroundings alone.
            around = round(_AROUND_SECONDS * model_fps)
            begin = max(_LEAD_FRAMES + math.floor(task.first / controls.fps * model_fps) - around, 0)
            end = min(_LEAD_FRAMES + math.ceil(task.last / controls.fps * model_fps) + around, end)
        heard_from = max(begin - _LEAD_FRAMES, 0)
        seconds, rests = task.wanted / model_fps, _planned_rests(task)
        finisher = Finisher(model_fps, seconds, heard_from, task.given, rests, task.pins, _lap(task, seconds))
        delivery = Delivery(
            model_fps, heard_from, controls.fps, task.first, task.last, task.pins, controls.hide_below, controls.source
        )
        at = task.first
        for raw, final in self._sampled(task, begin, end):
            finished = finisher.add(raw, final)
            part = None if finished is None else delivery.add(*finished, final)
            if final:
                task.work.progress(1.0, _MESSAGE)
            if part is not None:
                yield Part(at, part)
                at += part.frame_count

    def _sampled(self, task: "_Task", begin: int, end: int) -> Iterator[tuple[NDArray[np.float32], bool]]:
        """Sampled motion (n, 198) from the recording's beginning on, block by block, and whether it is the last."""
        network, controls = task.network, task.controls
        latent, shared = network.latent, 2 * min(_CARRIED_FRAMES, int(network.config["window_frames"]) // 4)
        plan = list(self._blocks(network.config, begin, end))
        total, done = sum(block.layout.count for block in plan), 0
        noise = Noise(controls.seed, latent.channels)
        carried = np.empty((0, latent.channels), np.float32)
        for block in plan:
            part = 0.95 * done / total, 0.95 * (done + block.layout.count) / total
            done += block.layout.count
            state = denoise(
                network,
                self.noise_path(controls.steps, (controls.seed + 7919 * block.start) % 2**63),
                block.layout,
                noise.rows(block.start, block.start + block.layout.padded_frames),
                _conditions(task, block, carried, noise.lasting()),
                controls,
                task.work.part(*part, _MESSAGE),
            )
            made = block.layout.frames
            carried = state[made - shared : made] if not block.final else carried
            first = max(block.carried // 2, _LEAD_FRAMES - block.start)
            last = made if block.final else made - shared // 2
            yield latent.denormalize(state[first:last]), block.final


@dataclass(frozen=True)
class _Task:
    """One performance to make.

    Attributes:
        network: makes it.
        audio: (frames, features) on the timeline, which begins with the lead.
        spoken: (frames,) how near speech is, 0..1, of the same frames.
        accents: (N,) seconds at which accented syllables begin to sound; none where no plan is performed.
        wanted: frames of the model after the lead.
        controls: what was asked for, with the score that is performed.
        given: the phrases that were asked for.
        pins: what is to be kept.
        first: the first frame of the result to deliver.
        last: the frame after the last one.
        work: see `Settings`.
    """

    network: Network
    audio: NDArray[np.float32]
    spoken: NDArray[np.float32]
    accents: NDArray[np.float64]
    wanted: int
    controls: Controls
    given: list[Phrase]
    pins: Pins | None
    first: int
    last: int
    work: Work


def _conditions(task: _Task, block: Block, carried: NDArray[np.float32], lasting: NDArray[np.float32]) -> Conditions:
    """What a block is conditioned on: the first half of `carried` is pinned, the second is let go gradually."""
    size, channels = block.layout.padded_frames, task.network.latent.channels
    rows = np.minimum(np.arange(block.start, block.start + size), len(task.audio) - 1)
    spoken = np.zeros((size, 1), np.float32)
    known = task.spoken[block.start : block.start + size]
    spoken[: len(known), 0] = known
    pinned, flags = np.zeros((size, channels), np.float32), np.zeros((size, 2), np.float32)
    held, hold = np.zeros((size, channels), np.float32), np.zeros((size, 1), np.float32)
    if block.carried:
        half = block.carried // 2
        part = np.arange(1, half + 1) / (half + 1)
        held[: block.carried], hold[:half] = carried, 1.0
        hold[half : block.carried, 0] = 1 - part**2 * (3 - 2 * part)
        pinned[:half], flags[:half] = carried[:half], 1.0
    config = task.network.config
    fps = float(config["fps"])
    beginning = (block.start - _LEAD_FRAMES) / fps
    conditions = Conditions(task.audio[rows], spoken, pinned, flags, held, hold, lasting, beginning=beginning)
    if task.controls.score is not None:
        conditions.score = score_frames(
            told(_from_the_lead(task.controls.score, config)),
            config["score_kinds"],
            fps,
            block.start,
            size,
            bool(config.get("score_sketch")),
        )
        if task.given:
            conditions.asked = near_phrases(task.given, beginning + np.arange(size) / fps)
        if task.controls.score_guidance:
            within = beginning - _NEAR_BLOCK, beginning + size / fps + _NEAR_BLOCK
            planned = [phrase for phrase in task.controls.score.phrases if phrase not in task.given]
            moments = (*stroke_times(task.controls.score.phrases), *stroke_times(planned), task.accents)
            here = [each[slice(*np.searchsorted(each, within))] - beginning for each in moments]
            conditions.apexes, conditions.planned, conditions.accents = (here[0], here[1]), (here[2], here[3]), here[4]
            conditions.led = [hand.later(-beginning) for hand in led_hands(told(task.given))]
    _fix(task, block, conditions)
    return conditions


def _planned_rests(task: _Task) -> list[Phrase]:
    """The rests of the score that is performed which nobody asked for; the last one lasts."""
    score = task.controls.score
    if score is None or not task.network.config.get("plans"):
        return []
    rests = [phrase for phrase in score.phrases if phrase.kind == REST and phrase not in task.given]
    if rests and rests[-1].end >= score.seconds - _AT_THE_END:
        rests[-1] = replace(rests[-1], end=_later(score.seconds, _AFTER_SECONDS))
    return rests


def _lap(task: _Task, seconds: float) -> Lap | None:
    """Where the hands of a person who sits are laid down in a recording of some seconds; None where one stands."""
    controls = task.controls
    if not controls.seated or controls.score is None:
        return None
    return Lap(controls.score.phrases, seconds, controls.seed)


def _from_the_lead(score: Score, config: Mapping[str, Any]) -> Iterator[Phrase]:
    """The phrases of a score, in seconds from the lead's beginning; a model of plans goes from rest to rest."""
    lead = _LEAD_FRAMES / float(config["fps"])
    if config.get("plans"):
        yield Phrase(0.0, lead, kind=REST, hands="both")
    for phrase in score.phrases:
        strokes = tuple(Stroke(_later(stroke.apex, lead), stroke.hold) for stroke in phrase.strokes)
        yield replace(phrase, start=_later(phrase.start, lead), end=_later(phrase.end, lead), strokes=strokes)
    if config.get("plans"):
        end = _later(score.seconds, lead)
        yield Phrase(end, _later(end, _AFTER_SECONDS), kind=REST, hands="both")


def _later(time: float, by: float) -> float:
    return min(time + by, LONGEST_SECONDS)


def _fix(task: _Task, block: Block, conditions: Conditions) -> None:
    """Add the caller's pins and the hand shapes that were asked for: all joints that are to be set at every step."""
    fps, frames = float(task.network.config["fps"]), len(conditions.audio)
    first = block.start - _LEAD_FRAMES
    values, mask = shaped_frames(task.given, fps, first, frames)
    if task.pins is not None:
        known, joints = _pin(task, task.pins, block, conditions)
        values, mask = np.where(numbers_of(joints), known, values), mask | joints
    if not mask.any():
        return
    eases = tuple(ease.taken(numbers_of) for ease in eased(mask, SAMPLED_EASE_SECONDS * fps))
    conditions.fixed = Fixed(values, numbers_of(mask), eases)


def _pin(
    task: _Task, pins: Pins, block: Block, conditions: Conditions
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Show the network the hands that the caller pins whole; (frames, motion_dim) pins and which joints they are."""
    latent, fps = task.network.latent, float(task.network.config["fps"])
    frames, first = len(conditions.audio), block.start - _LEAD_FRAMES
    first, last = max(first, 0), min(first + frames, task.wanted)
    motion_dim, joint_count = len(latent.mean), pins.mask.shape[-1]
    known, mask = np.zeros((frames, motion_dim), np.float32), np.zeros((frames, 2, joint_count), bool)
    if first >= last:
        return known, mask
    values, joints = pins.at(fps, first, last)
    rows = slice(first + _LEAD_FRAMES - block.start, last + _LEAD_FRAMES - block.start)
    whole = joints.all(axis=-1)
    given = np.where(latent.per_number(whole), latent.normalize(values), conditions.pinned[rows])
    conditions.pinned[rows] = given
    conditions.pinned_mask[rows] = np.maximum(conditions.pinned_mask[rows], whole)
    known[rows], mask[rows] = values, joints
    _lead_on(known, mask)
    return known, mask


def _lead_on(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
    """Let what is pinned go on as it went for a frame beyond its borders, in place: it is left at its own speed.

    Args:
        values: (frames, motion_dim) what is pinned.
        mask: (frames, 2, joints) which joints are.
    """
    pinned = mask.copy()
    for towards in (1, -1):  # what comes after a border, then what comes before one, seen backwards
        held, course, filled = pinned[::towards], values[::towards], mask[::towards]
        on = np.zeros_like(held)
        on[2:] = held[1:-1] & held[:-2] & ~filled[2:]
        led = np.zeros_like(course)
        led[2:] = 2 * course[1:-1] - course[:-2]
        course[:] = np.where(numbers_of(on), led, course)
        filled |= on
