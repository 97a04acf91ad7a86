# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the corpus: items by number, each the same whenever and wherever it is made, kept in shards."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.clips import Clip, one_hot, shard_path, write_description, write_shard
from chironomy.gesture.corpus.gestures import MANNERS
from chironomy.gesture.corpus.planner import Planner
from chironomy.gesture.corpus.texts import sentence
from chironomy.gesture.corpus.timeline import motion_of_score
from chironomy.gesture.corpus.voices import RATE, Voice, emphasise, recorded
from chironomy.gesture.encoding import encode
from chironomy.gesture.styles import STYLES


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
        encoded = encode(motion.wrist_position, motion.rotation)
        clips.append(Clip(audio, encoded, one_hot(style, len(STYLES)), speed, amplitude))
    return clips


def make_shard(settings: CorpusSettings, folder: Path, shard: int) -> Path:
    """Write one file of items, or leave it if it is there."""
    path = shard_path(folder, shard)
    if path.exists():
        return path
    first = shard * settings.items_per_shard
    clips = [
        clip
        for index in range(first, min(first + settings.items_per_shard, settings.items))
        for clip in make_item(settings, index)
    ]
    write_shard(path, clips)
    return path


def build_corpus(folder: Path, settings: CorpusSettings, workers: int = 2) -> None:
    """Make whatever of the corpus is missing in `folder`.

    Raises:
        GestureError: the folder holds a corpus of other settings, or there is no voice to speak with.
    """
    from tqdm import tqdm

    from chironomy.gesture.corpus.voices import available_voices

    description = {
        "corpus": "synthetic",
        "trained_on": "synthetic motion",
        **asdict(settings),
        "shards": settings.shards,
        "style_names": list(STYLES),
        "voices": [" ".join(voice) for voice in available_voices()],
    }
    write_description(folder, description)
    make = partial(make_shard, settings, folder)
    with ProcessPoolExecutor(workers) as pool:
        for _ in tqdm(pool.map(make, range(settings.shards)), total=settings.shards, desc="corpus", unit="shard"):
            pass
