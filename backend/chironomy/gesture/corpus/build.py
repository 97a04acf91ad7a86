# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the corpus: items by number, each the same whenever and wherever it is made, kept in shards."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.clips import Clip, one_hot, shard_path, write_description, write_shard
from chironomy.gesture.corpus.recording import emphasise, recorded, shouted, whispered
from chironomy.gesture.corpus.sounds import sound
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.corpus.voices import RATE, Voice
from chironomy.gesture.encoding import encode
from chironomy.gesture.planning.manners import manner_of
from chironomy.gesture.planning.planner import Planner
from chironomy.gesture.settings import CONTROL_RANGE, HANDEDNESS, STYLES

_NOT_SPEECH = 0.08
_USUAL = 0.5


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

    items: int = 800
    variants: int = 4
    seed: int = 0
    fps: float = 24.0
    items_per_shard: int = 20

    @property
    def shards(self) -> int:
        """How many files there are."""
        return -(-self.items // self.items_per_shard)


@dataclass(frozen=True)
class Recording:
    """What is heard, and what is gestured to.

    Attributes:
        heard: samples at 16 kHz as recorded.
        spoken: samples whose accents are gestured to: as recorded too, but whispered speech is taken before it lost its
            voice; None where nobody speaks and hands rest.
    """

    heard: NDArray[np.float32]
    spoken: NDArray[np.float32] | None


def make_recording(random: np.random.Generator) -> Recording:
    """About 15 s: a speaker, some sentences, pauses between them, recording conditions; or no speech at all."""
    if random.random() < _NOT_SPEECH:
        return Recording(recorded(sound(random, random.uniform(6, 14)), random), None)
    voice = Voice(random)
    parts = [np.zeros(round(random.uniform(0.1, 1.2) * RATE), np.float32)]
    wanted = random.uniform(11, 18)
    while sum(map(len, parts)) < wanted * RATE:
        parts.append(emphasise(voice.speak(voice.sentence(random)), random))
        pause = random.choice(
            [random.uniform(0.12, 0.5), random.uniform(0.5, 1.2), random.uniform(1.3, 3.0)], p=[0.6, 0.26, 0.14]
        )
        parts.append(np.zeros(round(pause * RATE), np.float32))
    speech = np.concatenate(parts)
    manner = random.random()
    if manner < 0.03:
        return Recording(recorded(whispered(speech, random), random), speech)
    heard = recorded(shouted(speech, random) if manner < 0.07 else speech, random)
    return Recording(heard, heard)


def make_item(settings: CorpusSettings, index: int) -> list[Clip]:
    """The clips of recording number `index`."""
    from chironomy.speech.accents import accent_onsets, pitch_accents, speech_phrases
    from chironomy.speech.decode import Speech
    from chironomy.speech.prosody import prosody_features

    random = np.random.default_rng([settings.seed, index])
    recording = make_recording(random)
    audio = prosody_features(Speech.from_samples(recording.heard, RATE), settings.fps)
    onsets, strengths, phrases = np.zeros(0), np.zeros(0), []
    if recording.spoken is not None:
        spoken = Speech.from_samples(recording.spoken, RATE)
        onsets, strengths, phrases = accent_onsets(spoken), pitch_accents(spoken)[1], speech_phrases(spoken)
    clips = []
    for _ in range(settings.variants):
        weights = _style_weights(random)
        named = {STYLES[index]: float(weight) for index, weight in enumerate(weights) if weight > 0}
        speed, amplitude, rate = (_control(random) for _ in range(3))
        handedness = HANDEDNESS[random.integers(3)] if random.random() < 0.65 else None
        manner = manner_of(named)
        movement = Planner(named, speed, amplitude, random, handedness, rate).plan(onsets, strengths, phrases)
        motion = play(movement, len(audio), settings.fps, manner.idle, random, manner.fingers)
        encoded = encode(motion.wrist_position, motion.rotation)
        hands = np.array([float(name == handedness) for name in HANDEDNESS], np.float32)
        score = movement.score(len(audio) / settings.fps)
        clips.append(Clip(audio, encoded, weights, speed, amplitude, hands, score=score, rate=rate))
    return clips


def _control(random: np.random.Generator) -> float:
    """A relative speed, amplitude or rate: half of the time the style's own, which is asked for most."""
    return 1.0 if random.random() < _USUAL else float(np.exp(random.uniform(*np.log(CONTROL_RANGE))))


def _style_weights(random: np.random.Generator) -> NDArray[np.float32]:
    """(S,) one style, or in a fifth of the motions two."""
    first, second = random.choice(len(STYLES), 2, replace=False)
    weights = one_hot(int(first), len(STYLES))
    if random.random() < 0.2:
        share = np.float32(random.uniform(0.2, 0.8))
        weights = share * weights + (1 - share) * one_hot(int(second), len(STYLES))
    return weights.astype(np.float32)


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
        "edition": 3,
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
