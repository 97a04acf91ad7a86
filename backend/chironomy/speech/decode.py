# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading any sound file into one channel of float samples, in bounded memory.

It is decoded in blocks (`chironomy.speech.sound`), so that only the mono result at the wanted rate is ever held whole
(230 MB for an hour at 16 kHz). What goes on for long is counted before more of it is held: a file of some kilobytes can
hold hours of silence, whatever length it says that it has.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.speech.errors import SpeechError
from chironomy.speech.joined import Part, parts_of
from chironomy.speech.resample import resample
from chironomy.speech.sound import MINIMUM_SECONDS, SILENT, OpenSound, Sound, check_finite, first_heard, open_sound

SAMPLE_RATE = 16000
MAXIMUM_SECONDS = 3600.0
LOWEST_RATE, HIGHEST_RATE = 1000, 768_000
"""Samples a second that a file may have: less is no speech, and no converter takes more."""

# Dialogue is mixed to the centre; the low-frequency channel is left out (ITU-R BS.775 gives the others -3 dB).
# In the order of WAV: front left, front right, centre, low-frequency, then surround channels.
_SURROUND_WEIGHTS = {
    6: (0.707, 0.707, 1.0, 0.0, 0.5, 0.5),
    8: (0.707, 0.707, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5),
}
_UNCOUNTED_SECONDS = 300.0
"""Of a sound that are held before the rest of it is counted; only what lasts longer is decoded twice."""
_GROWTH = 1 << 22

_CANCELLED = 0.25
"""Of the power that its channels have together, the share of its square root that a mix keeps where they cancel."""


@dataclass(frozen=True, eq=False)
class Speech:
    """One recording as a single channel.

    Attributes:
        samples: (N,) float32, read-only, without constant offset; full scale is 1, a louder file is brought down to it.
        sample_rate: samples a second.
        sha256: hexadecimal SHA-256 of the file's bytes, or of the samples where there was no file.
        name: the file's name, for messages.
        path: where it was read from, if anywhere.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    sha256: str
    name: str = "speech"
    path: Path | None = None

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    def frame_count(self, fps: float) -> int:
        """Frames that a track beside this speech has at `fps`: its duration rounded to whole frames, at least one."""
        return max(1, round(self.duration * fps))

    @property
    def silent(self) -> bool:
        """Whether nothing is heard in it."""
        return float(np.ptp(self.samples)) / 2 < SILENT

    def heard_from(self, seconds: float) -> "Speech":
        """The same speech with another moment as second 0.

        Args:
            seconds: into this speech; negative, so much silence leads in to it. After its end there is silence.
        """
        shift = round(seconds * self.sample_rate)
        if shift == 0:
            return self
        lead = np.zeros(max(-shift, 0), np.float32)
        moved = np.concatenate([lead, self.samples[max(shift, 0) :]])
        rest = np.zeros(max(math.ceil(MINIMUM_SECONDS * self.sample_rate) - len(moved), 0), np.float32)
        moved = np.concatenate([moved, rest])
        moved.setflags(write=False)
        digest = hashlib.sha256(f"{self.sha256} from sample {shift}".encode()).hexdigest()
        return Speech(moved, self.sample_rate, digest, self.name, self.path)

    @classmethod
    def from_samples(cls, samples: NDArray[Any], sample_rate: int, name: str = "speech") -> "Speech":
        """Wrap samples that are already in memory: (N,) or (N, channels), floats with full scale 1.

        Raises:
            SpeechError: not finite, shorter than 0.2 s, or with an impossible shape or rate.
        """
        samples = np.asarray(samples)
        if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
            raise SpeechError(
                f"{name}: samples are {samples.dtype} of shape {samples.shape}; give floats, (N,) or (N, channels)"
            )
        if sample_rate < LOWEST_RATE:
            raise SpeechError(f"{name}: a sample rate of {sample_rate} Hz is too low for speech; give 8000 Hz or more")
        check_finite(samples, 0, sample_rate, name)
        mono = np.array(_mixed_down(samples) if samples.ndim == 2 else samples, dtype=np.float32)
        _check_length(len(mono), sample_rate, name)
        digest = hashlib.sha256(mono.tobytes() + str(sample_rate).encode()).hexdigest()
        return cls(_levelled(mono), sample_rate, digest, name)


def load_speech(
    path: str | Path,
    sample_rate: int = SAMPLE_RATE,
    maximum_seconds: float = MAXIMUM_SECONDS,
    *,
    film_time: bool = False,
    opener: OpenSound = open_sound,
) -> Speech:
    """Read the speech in any file of sound that ffmpeg knows: the first track in which anything is heard, to its end.

    Channels are mixed to one, but of those that cancel each other the loudest is taken; the constant offset is removed,
    and the rate is changed to `sample_rate`. A file whose peak is over full scale is scaled to it; otherwise the level
    is kept.

    Args:
        path: the file.
        sample_rate: samples a second of the result.
        maximum_seconds: how long it may last.
        film_time: second 0 is that of the film's pictures; sound that begins late is led in by silence. Otherwise it is
            the sound's own first sample, as in Blender's sequencer.
        opener: what decodes the file.

    Raises:
        SpeechError: the file is missing, a folder, not sound, a playlist, without a sound stream, empty, shorter than
            0.2 s, longer than `maximum_seconds`, or has samples that are not finite numbers.
    """
    path = Path(path)
    if path.is_dir():
        raise SpeechError(f"{path} is a folder; give a sound file such as speech.wav")
    if not path.exists():
        raise SpeechError(f"{path} does not exist; check the path of the speech file")
    try:
        if path.stat().st_size == 0:
            raise SpeechError(f"{path} is an empty file; export the recording again")
        digest = _file_digest(path)
        parts = parts_of(path)
    except OSError as error:
        raise SpeechError(f"{path} cannot be read ({error.strerror or error}); check its permissions") from error

    def decoded(track: int) -> NDArray[np.float32]:
        held = _Held(round(maximum_seconds * sample_rate))
        for part in parts:
            _read_part(path, track, part, sample_rate, held, film_time, opener)
        return held.whole()

    def heard(track: int) -> tuple[NDArray[np.float32] | None, float]:
        samples = decoded(track)
        level = float(np.ptp(samples)) / 2 if len(samples) else 0.0
        # Silence is not held while the next track is looked at.
        return samples if level >= SILENT else None, level

    try:
        samples = first_heard(heard)
        if samples is None:
            samples = decoded(0)
    except _TooLongError as error:
        raise SpeechError(
            f"{path.name} is longer than the {maximum_seconds / 60:g} minutes accepted; cut it into parts"
        ) from error
    _check_length(len(samples), sample_rate, path.name)
    return Speech(_levelled(samples), sample_rate, digest, path.name, path)


def silence_told(speech: Speech, asked: bool = False) -> str:
    """What to tell the person of speech in which nothing is heard; "" where something is.

    Args:
        speech: the recording.
        asked: a score asks for gestures all the same.
    """
    if not speech.silent:
        return ""
    if asked:
        return (
            f"nothing is heard in {speech.name}: the hands do what the score asks for and rest elsewhere; check the "
            "recording's level"
        )
    return f"nothing is heard in {speech.name}: the hands rest and the lips stay shut; check the recording's level"


def write_wav(speech: Speech, path: str | Path) -> Path:
    """Write 16-bit PCM, whole or not at all. Returns the path."""
    import soundfile

    from chironomy.files import atomic_path

    path = Path(path)
    with atomic_path(path) as temporary:
        soundfile.write(str(temporary), speech.samples, speech.sample_rate, subtype="PCM_16", format="WAV")
    return path


def waveform_envelope(speech: Speech, columns: int) -> NDArray[np.float32]:
    """Lowest and highest sample of each of `columns` equal stretches of the speech, for drawing: (columns, 2)."""
    edges = np.linspace(0, len(speech.samples), columns + 1).astype(np.intp)
    starts = np.minimum(edges[:-1], len(speech.samples) - 1)
    low = np.minimum.reduceat(speech.samples, starts)
    high = np.maximum.reduceat(speech.samples, starts)
    return np.stack([low, high], axis=1)


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(partial(file.read, 1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Remove the constant offset and bring what is over full scale down to it, in place; make read-only."""
    samples -= np.float32(samples.mean(dtype=np.float64))
    peak = max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
    if peak > 1.0:
        samples /= np.float32(peak)
    samples.setflags(write=False)
    return samples


def _weights(channels: int) -> NDArray[np.float64]:
    weights = np.array(_SURROUND_WEIGHTS.get(channels, (1.0,) * channels))
    return weights / weights.sum()


class _Powers:
    """How loud channels and their mix are, to tell channels that cancel each other (a cable with two wires swapped)."""

    def __init__(self, weights: NDArray[np.float64]):
        self.weights = weights
        # Sums of samples and of their squares; the last column is the mix.
        self._sums = np.zeros((2, len(weights) + 1))
        self._count = 0

    def add(self, block: NDArray[Any], mix: NDArray[Any]) -> None:
        both = np.column_stack([block, mix]).astype(np.float64)
        self._sums += [both.sum(axis=0), np.square(both).sum(axis=0)]
        self._count += len(both)

    def loudest_of_cancelled(self) -> int | None:
        """The loudest channel where the mix is far weaker than its channels; None where it may be used."""
        count = max(self._count, 1)
        # Without the constant offset, which is no sound.
        power = self._sums[1] / count - np.square(self._sums[0] / count)
        together = float(power[:-1] @ np.square(self.weights))
        if power[-1] >= _CANCELLED**2 * together:
            return None
        return int(np.argmax(power[:-1] * (self.weights > 0)))


def _mixed_down(samples: NDArray[Any]) -> NDArray[np.float32]:
    """(N, channels) to (N,)."""
    weights = _weights(samples.shape[1])
    mix = samples @ weights
    powers = _Powers(weights)
    powers.add(samples, mix)
    loudest = powers.loudest_of_cancelled()
    return (mix if loudest is None else samples[:, loudest]).astype(np.float32)


def _check_length(count: int, sample_rate: int, name: str) -> None:
    if count == 0:
        raise SpeechError(f"{name} holds no samples; export the recording again")
    if count < MINIMUM_SECONDS * sample_rate - 0.5:
        raise SpeechError(
            f"{name} lasts {count / sample_rate:.3f} s, too short for speech; give at least {MINIMUM_SECONDS} s"
        )


class _TooLongError(Exception):
    """There are more samples than there is room for."""


class _CountedError(Exception):
    """What has been begun is long, and there is room for all of it."""


class _Held:
    """Samples that come in blocks, in one array that grows in its place.

    Args:
        room: how many there may be.
    """

    def __init__(self, room: int):
        self._samples = np.zeros(0, np.float32)
        self._room = room
        self.count = 0

    def check(self, count: int) -> None:
        """Raise `_TooLongError` where there is no room for so many in all."""
        if count > self._room:
            raise _TooLongError

    def add(self, block: NDArray[np.float32]) -> None:
        end, size = self.count + len(block), len(self._samples)
        self.check(end)
        if end > size:
            self._samples.resize(max(end, min(2 * size, size + _GROWTH)), refcheck=False)
        self._samples[self.count : end] = block
        self.count = end

    def whole(self) -> NDArray[np.float32]:
        self._samples.resize(self.count, refcheck=False)
        return self._samples


def _read_part(
    path: Path,
    track: int,
    part: Part,
    sample_rate: int,
    held: _Held,
    film_time: bool,
    opener: OpenSound,
    channel: int | None = None,
    counted: bool = False,
) -> None:
    """Add mono samples to those that are held: of a channel, or mixed where they do not cancel each other."""
    start, loudest = held.count, None
    try:
        with opener(path, track, part, film_time=film_time) as sound:
            if sound is None:
                return
            if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
                raise SpeechError(
                    f"{path.name} says that it has {sound.rate} samples a second; from {LOWEST_RATE} to {HIGHEST_RATE} "
                    "are read: export the recording again"
                )
            powers = _Powers(_weights(sound.channels))
            blocks = sound.blocks() if counted else _counted(sound, sample_rate, held)
            for block in resample(_mono(blocks, channel, powers), sound.rate, sample_rate):
                held.add(block)
            if sound.channels > 1 and channel is None:
                loudest = powers.loudest_of_cancelled()
    except _CountedError:
        held.count = start
        _read_part(path, track, part, sample_rate, held, film_time, opener, channel, counted=True)
    if loudest is not None:
        held.count = start
        _read_part(path, track, part, sample_rate, held, film_time, opener, loudest, counted=True)


def _counted(sound: Sound, sample_rate: int, held: _Held) -> Iterator[NDArray[np.float32]]:
    """The blocks of a sound that is short; of one that is long the first ones, and then how it is to be read."""
    start, count, blocks = held.count, 0, sound.blocks()
    for block in blocks:
        count += len(block)
        if count > _UNCOUNTED_SECONDS * sound.rate:
            for rest in blocks:
                count += len(rest)
                held.check(start + math.ceil(count * sample_rate / sound.rate))
            raise _CountedError
        yield block


def _mono(blocks: Iterator[NDArray[np.float32]], channel: int | None, powers: _Powers) -> Iterator[NDArray[np.float32]]:
    """One channel of some blocks, or the mix of all, whose powers are taken note of."""
    for block in blocks:
        if block.shape[1] == 1 or channel is not None:
            yield np.ascontiguousarray(block[:, channel or 0])
        else:
            mix = (block @ powers.weights).astype(np.float32)
            powers.add(block, mix)
            yield mix
