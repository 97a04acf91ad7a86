# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the corpus: items by number, each the same whenever and wherever it is made, kept in shards."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.corpus.gestures import MANNERS
from chironomy.gesture.corpus.planner import Planner
from chironomy.gesture.corpus.texts import sentence
from chironomy.gesture.corpus.timeline import motion_of_score
from chironomy.gesture.corpus.voices import RATE, Voice, emphasise, recorded
from chironomy.gesture.encoding import encode
from chironomy.gesture.errors import GestureError
from chironomy.gesture.styles import STYLES
from chironomy.motion.files import atomic_path

CORPUS_FORMAT = "chironomy.corpus/1"


@dataclass(frozen=True)
class CorpusSettings:
    """What determines a corpus.

    Attributes:
        items: recordings, of about 15 s each.
        variants: motions made for each recording.
        seed: any number.
        fps: motion frames a second.
        items_per_shard: recordings in one file.
    """

    items: int = 440
    variants: int = 3
    seed: int = 0
    fps: float = 24.0
    items_per_shard: int = 20

    @property
    def shards(self) -> int:
        """How many files there are."""
        return -(-self.items // self.items_per_shard)


@dataclass(frozen=True)
class Clip:
    """One recording with one motion.

    Attributes:
        audio: (T, features) speech features.
        motion: (T, 198) as `gesture.encoding` has it, not normalised.
        style: index into `STYLES`.
        speed: relative speed, 1 is the style's own.
        amplitude: relative amplitude, likewise.
    """

    audio: NDArray[np.float32]
    motion: NDArray[np.float32]
    style: int
    speed: float
    amplitude: float


def make_speech(random: np.random.Generator) -> NDArray[np.float32]:
    """About 15 s at 16 kHz: a speaker, some sentences, pauses between them, recording conditions."""
    if random.random() < 0.04:
        return recorded(np.zeros(round(random.uniform(6, 12) * RATE), np.float32) + 1e-5, random)
    voice = Voice(random)
    parts = [np.zeros(round(random.uniform(0.1, 1.2) * RATE), np.float32)]
    wanted = random.uniform(11, 18)
    while sum(map(len, parts)) < wanted * RATE:
        parts.append(emphasise(voice.speak(sentence(random)), random))
        pause = random.choice(
            [random.uniform(0.12, 0.5), random.uniform(0.5, 1.2), random.uniform(1.2, 2.6)], p=[0.6, 0.3, 0.1]
        )
        parts.append(np.zeros(round(pause * RATE), np.float32))
    return recorded(np.concatenate(parts), random)


def make_item(settings: CorpusSettings, index: int) -> list[Clip]:
    """The clips of recording number `index`."""
    from chironomy.speech.accents import pitch_accents, speech_phrases
    from chironomy.speech.decode import Speech
    from chironomy.speech.prosody import prosody_features

    random = np.random.default_rng([settings.seed, index])
    speech = Speech.from_samples(make_speech(random), RATE)
    audio = prosody_features(speech, settings.fps)
    times, strengths = pitch_accents(speech)
    phrases = speech_phrases(speech)
    clips = []
    for _ in range(settings.variants):
        style = int(random.integers(len(STYLES)))
        speed, amplitude = (float(np.exp(random.uniform(np.log(0.6), np.log(1.6)))) for _ in range(2))
        score = Planner(STYLES[style], speed, amplitude, random).plan(times, strengths, phrases)
        motion = motion_of_score(score, len(audio), settings.fps, MANNERS[STYLES[style]].idle, random)
        clips.append(Clip(audio, encode(motion.wrist_position, motion.rotation), style, speed, amplitude))
    return clips


def make_shard(settings: CorpusSettings, folder: Path, shard: int) -> Path:
    """Write one file of items, or leave it if it is there."""
    path = folder / f"shard-{shard:04d}.npz"
    if path.exists():
        return path
    first = shard * settings.items_per_shard
    clips = [
        clip
        for index in range(first, min(first + settings.items_per_shard, settings.items))
        for clip in make_item(settings, index)
    ]
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            length=np.array([len(clip.audio) for clip in clips]),
            audio=np.concatenate([clip.audio for clip in clips]).astype(np.float16),
            motion=np.concatenate([clip.motion for clip in clips]),
            style=np.array([clip.style for clip in clips]),
            speed=np.array([clip.speed for clip in clips]),
            amplitude=np.array([clip.amplitude for clip in clips]),
        )
    return path


def build_corpus(folder: Path, settings: CorpusSettings, workers: int = 2) -> None:
    """Make whatever of the corpus is missing in `folder`.

    Raises:
        GestureError: the folder holds a corpus of other settings, or there is no voice to speak with.
    """
    from tqdm import tqdm

    from chironomy.gesture.corpus.voices import available_voices

    voices = available_voices()
    folder.mkdir(parents=True, exist_ok=True)
    description = {"format": CORPUS_FORMAT, **asdict(settings), "voices": [" ".join(voice) for voice in voices]}
    manifest = folder / "corpus.json"
    if manifest.exists() and json.loads(manifest.read_text()) != description:
        raise GestureError(f"{folder} holds a corpus made with other settings; give another folder or empty it")
    with atomic_path(manifest) as temporary:
        temporary.write_text(json.dumps(description, indent=2) + "\n")
    make = partial(make_shard, settings, folder)
    with ProcessPoolExecutor(workers) as pool:
        for _ in tqdm(pool.map(make, range(settings.shards)), total=settings.shards, desc="corpus", unit="shard"):
            pass


def load_corpus(folder: Path) -> tuple[list[Clip], dict[str, Any]]:
    """All clips of a corpus in a fixed order, and its description.

    Raises:
        GestureError: the folder holds no corpus, or only a part of one.
    """
    manifest = folder / "corpus.json"
    if not manifest.is_file():
        raise GestureError(f"{folder} holds no corpus; make one with: python -m chironomy.gesture.corpus {folder}")
    description = json.loads(manifest.read_text())
    paths = sorted(folder.glob("shard-*.npz"))
    expected = -(-description["items"] // description["items_per_shard"])
    if len(paths) != expected:
        raise GestureError(
            f"{folder} holds {len(paths)} of {expected} shards; finish it with: "
            f"python -m chironomy.gesture.corpus {folder}"
        )
    clips: list[Clip] = []
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            data = {name: shard[name] for name in shard.files}
        ends = np.cumsum(data["length"])
        for clip, end in enumerate(ends):
            part = slice(end - data["length"][clip], end)
            clips.append(
                Clip(
                    data["audio"][part].astype(np.float32),
                    data["motion"][part],
                    int(data["style"][clip]),
                    float(data["speed"][clip]),
                    float(data["amplitude"][clip]),
                )
            )
    return clips, description
