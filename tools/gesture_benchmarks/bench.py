# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sections share: rows with targets, the models, the recordings, the held-out corpus and the extractor of FGD.

Everything is made when it is first asked for, so that a section that runs alone makes only what it needs.
"""

import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.extractor import Extractor, train_extractor
from chironomy.evaluation.sources import SOUNDS, clip_motions, motion_of_clip
from chironomy.gesture import GesturePipeline
from chironomy.gesture.clips import Clip
from chironomy.gesture.maker import GestureMaker
from chironomy.gesture.settings import HANDEDNESS, STYLES
from chironomy.gesture.shipped import takes_rate
from chironomy.motion.hand_motion import HandMotion
from chironomy.performance.gestures import gesture_pipeline
from chironomy.speech import Speech, load_speech

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "speech.flac"
# Corpus items of these seeds are in no training set: make train-embedded uses seed 0.
HELD_OUT_SEED, EXTRACTOR_SEED = 20_111, 20_112
FPS = 24.0


@dataclass(frozen=True)
class Figure:
    """One row: a figure, and the target where there is one.

    Attributes:
        name: what was measured.
        value: as text, with its unit.
        target: as text.
        passed: whether the target is met; None where there is none or it could not be judged.
        how: on what, and how.
        of_training: it compares with the corpus, so it checks that training took and says nothing of how good the
            motion is: it is no target of the product and not counted among them.
    """

    name: str
    value: str
    target: str = ""
    passed: bool | None = None
    how: str = ""
    of_training: bool = False

    def cells(self) -> list[str]:
        """The cells of the row."""
        words = {True: "learned", False: "not learned"} if self.of_training else {True: "PASS", False: "**short**"}
        verdict = "" if self.passed is None else words[self.passed]
        return [self.name, self.value, self.target, verdict, self.how]


HEADINGS = ["figure", "value", "target", "", "how"]


@dataclass(frozen=True)
class Table:
    """A table of its own form."""

    headings: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Item:
    """A held-out recording with the corpus's motions for it."""

    speech: Speech
    clips: list[Clip]


@dataclass
class Bench:
    """What is measured on.

    Attributes:
        weights: folder of the model.
        baseline: folder of other weights, or None.
        recordings_folder: real recordings, or None.
        clips: folder of clips that the extractor learns from, or None.
        seeds: motions for each recording.
        items: held-out recordings.
        long: whether to measure an hour.
        threads: of torch.
    """

    weights: Path
    baseline: Path | None
    recordings_folder: Path | None
    clips: Path | None
    seeds: int
    items: int
    long: bool
    threads: int = 2

    @cached_property
    def pipeline(self) -> GesturePipeline:
        """The model."""
        return GesturePipeline.from_pretrained(self.weights)

    @cached_property
    def baseline_pipeline(self) -> GesturePipeline | None:
        """The other model."""
        return None if self.baseline is None else GesturePipeline.from_pretrained(self.baseline)

    @cached_property
    def maker(self) -> GestureMaker:
        """The model as the product computes it: without torch where it can."""
        return gesture_pipeline(self.weights)

    @cached_property
    def default_steps(self) -> int:
        """The denoising steps of the model's default setting."""
        second = joined([load_speech(EXAMPLE)], 1.0)
        return int(self.pipeline(second).source["num_inference_steps"])

    @cached_property
    def recordings(self) -> list[Speech]:
        """Real recordings, or without them the example's and held-out synthetic ones."""
        if self.recordings_folder is not None:
            paths = sorted(path for path in self.recordings_folder.iterdir() if path.suffix.lower() in SOUNDS)
            return [load_speech(path) for path in paths]
        return [load_speech(EXAMPLE), *(item.speech for item in self.held_out[:5])]

    @property
    def recordings_are(self) -> str:
        """What the recordings are, for a table."""
        if self.recordings_folder is not None:
            return f"{len(self.recordings)} real recordings"
        return "no real recordings given: the example's and held-out synthetic speech"

    @cached_property
    def held_out(self) -> list[Item]:
        """Corpus items that no model has learned from."""
        say(f"making {self.items} held-out items")
        with ProcessPoolExecutor(2) as pool:
            return list(pool.map(partial(held_out_item, HELD_OUT_SEED), range(self.items)))

    @cached_property
    def corpus_motions(self) -> list[HandMotion]:
        """The held-out items' motions."""
        return [motion_of_clip(clip, FPS) for item in self.held_out for clip in item.clips]

    @cached_property
    def extractor(self) -> Extractor:
        """FGD's auto-encoder, trained on the corpus given or on another small one."""
        if self.clips is not None:
            motions, name = clip_motions(self.clips), f"synthetic motion in {self.clips.name}"
        else:
            say(f"making {2 * self.items} items for the extractor")
            with ProcessPoolExecutor(2) as pool:
                items = list(pool.map(partial(held_out_item, EXTRACTOR_SEED), range(2 * self.items)))
            motions = [motion_of_clip(clip, FPS) for item in items for clip in item.clips]
            name = "synthetic motion"
        self.extractor_motions = motions
        say("training the extractor")
        return train_extractor(motions, name)

    def model_motions(
        self, pipeline: GesturePipeline, variants: int | None = None, **settings: Any
    ) -> list[HandMotion]:
        """The model's motions for the held-out items, asked for what each of the corpus's motions was planned as."""
        return [
            pipeline(item.speech, seed=1000 * number + variant, **conditions(pipeline, clip), **settings)
            for number, item in enumerate(self.held_out)
            for variant, clip in enumerate(item.clips[:variants])
        ]

    @cached_property
    def samples(self) -> list[HandMotion]:
        """The model's motions at its default settings."""
        say("sampling for the held-out items")
        return self.model_motions(self.pipeline)


def held_out_item(seed: int, index: int) -> Item:
    """Item `index` of the corpus of a seed, and the recording it was made from."""
    from chironomy.gesture.corpus import build
    from chironomy.gesture.corpus.voices import RATE
    from chironomy.speech.prosody import prosody_features

    settings = build.CorpusSettings(items=index + 1, variants=2, seed=seed)
    clips = build.make_item(settings, index)
    samples = build.make_recording(np.random.default_rng([seed, index])).heard
    speech = Speech.from_samples(samples, RATE, f"held-out {index}")
    heard = prosody_features(speech, settings.fps)
    if heard.shape != clips[0].audio.shape or not np.allclose(heard, clips[0].audio, atol=1e-3):
        raise SystemExit(
            "the corpus makes its recordings otherwise than this benchmark does; bring held_out_item up to it"
        )
    return Item(speech, clips)


def conditions(pipeline: GesturePipeline, clip: Clip) -> dict[str, Any]:
    """What to ask of a model for motion like the clip's; styles and hands that it does not know are left to it."""
    style = {name: float(weight) for name, weight in zip(STYLES, clip.style, strict=False) if weight > 0}
    known = {name: weight for name, weight in style.items() if name in styles_of(pipeline)}
    asked: dict[str, Any] = {"style": known, "speed": clip.speed, "amplitude": clip.amplitude}
    if takes_rate(pipeline.transformer.config):
        asked["rate"] = clip.rate
    if pipeline.transformer.config.get("hands") and clip.handedness.any():
        asked["handedness"] = HANDEDNESS[int(clip.handedness.argmax())]
    return asked


def styles_of(pipeline: GesturePipeline) -> tuple[str, ...]:
    """The styles that a model knows."""
    config = pipeline.transformer.config
    return tuple(config.get("style_names") or STYLES[: config["styles"]])


def planned(speech: Speech, style: str, seed: int) -> HandMotion:
    """What the corpus's planner makes of a recording at the style's own speed and size."""
    return plan(speech, style, seed)[0]


def plan(speech: Speech, style: str, seed: int) -> tuple[HandMotion, NDArray[np.float64]]:
    """The same, and the seconds at which its strokes were planned to arrive."""
    from chironomy.gesture.corpus.timeline import play
    from chironomy.gesture.planning.manners import manner_of
    from chironomy.gesture.planning.planner import Planner
    from chironomy.speech.accents import accent_onsets, pitch_accents, speech_phrases

    random = np.random.default_rng([seed, STYLES.index(style)])
    movement = Planner(style, 1.0, 1.0, random).plan(
        accent_onsets(speech), pitch_accents(speech)[1], speech_phrases(speech)
    )
    motion = play(movement, speech.frame_count(FPS), FPS, manner_of({style: 1.0}).idle, random)
    return motion, np.asarray(movement.apexes, np.float64)


def joined(speeches: list[Speech], seconds: float) -> Speech:
    """Recordings one after the other with half a second between them, again and again until `seconds` are full."""
    rate = speeches[0].sample_rate
    once = np.concatenate([np.pad(speech.samples, (0, rate // 2)) for speech in speeches])
    return Speech.from_samples(np.resize(once, round(seconds * rate)), rate, f"{seconds:g} s")


def weights_identity(folder: Path) -> str:
    """Eight hexadecimal digits of a model's weights."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def say(text: str) -> None:
    """Tell the person who waits."""
    print("   ", text, file=sys.stderr, flush=True)


Section = Callable[[Bench], "list[Figure | Table | str]"]
"""What a section gives: rows, tables of their own form, and paragraphs."""
