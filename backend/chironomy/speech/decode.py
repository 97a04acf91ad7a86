# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading any sound file into one channel of float samples, in bounded memory.

libsndfile reads wav, flac, ogg and mp3; whatever it refuses (m4a, mp4, …) goes to the ffmpeg program that comes with
imageio-ffmpeg. Both ways run in blocks, so that only the mono result at the wanted rate is ever held whole
(230 MB for an hour at 16 kHz).
"""

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from chironomy import processes
from chironomy.speech.errors import SpeechError

SAMPLE_RATE = 16000
MINIMUM_SECONDS = 0.2
MAXIMUM_SECONDS = 3600.0

# Dialogue is mixed to the centre; the low-frequency channel is left out (ITU-R BS.775 gives the others -3 dB).
# In the order of WAV: front left, front right, centre, low-frequency, then surround channels.
_SURROUND_WEIGHTS = {
    6: (0.707, 0.707, 1.0, 0.0, 0.5, 0.5),
    8: (0.707, 0.707, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5),
}
_BLOCK_SECONDS = 4.0


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
        if sample_rate < 1000:
            raise SpeechError(f"{name}: a sample rate of {sample_rate} Hz is too low for speech; give 8000 Hz or more")
        _check_finite(samples, 0, sample_rate, name)
        mono = np.array(_mix_down(samples) if samples.ndim == 2 else samples, dtype=np.float32)
        _check_length(len(mono), sample_rate, name)
        digest = hashlib.sha256(mono.tobytes() + str(sample_rate).encode()).hexdigest()
        return cls(_levelled(mono), sample_rate, digest, name)


def load_speech(path: str | Path, sample_rate: int = SAMPLE_RATE, maximum_seconds: float = MAXIMUM_SECONDS) -> Speech:
    """Read the first sound stream of any file that libsndfile or ffmpeg knows.

    Channels are mixed to one, the constant offset is removed, and the rate is changed to `sample_rate`. A file whose
    peak is over full scale is scaled to it; otherwise the level is kept.

    Raises:
        SpeechError: the file is missing, a folder, not sound, without a sound stream, empty, shorter than 0.2 s,
            longer than `maximum_seconds`, or has samples that are not finite numbers.
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
    except OSError as error:
        raise SpeechError(f"{path} cannot be read ({error.strerror or error}); check its permissions") from error
    samples = _read_with_soundfile(path, sample_rate, maximum_seconds)
    if samples is None:
        samples = _read_with_ffmpeg(path, sample_rate, maximum_seconds)
    _check_length(len(samples), sample_rate, path.name)
    return Speech(_levelled(samples), sample_rate, digest, path.name, path)


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


def _mix_down(block: NDArray[Any]) -> NDArray[np.float32]:
    """(N, channels) to (N,)."""
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0].astype(np.float32)
    weights = np.array(_SURROUND_WEIGHTS.get(channels, (1.0,) * channels))
    return (block @ (weights / weights.sum())).astype(np.float32)


def _check_finite(block: NDArray[Any], start: int, sample_rate: float, name: str) -> None:
    finite = np.isfinite(block)
    if finite.all():
        return
    frame = start + int(np.argmin(finite.reshape(len(block), -1).all(axis=1)))
    raise SpeechError(
        f"{name} has samples that are not numbers (NaN or infinite), the first at {frame / sample_rate:.3f} s; "
        "export it again as 16-bit or 24-bit PCM, or cut that stretch out in an audio editor"
    )


def _check_length(count: int, sample_rate: int, name: str) -> None:
    if count == 0:
        raise SpeechError(f"{name} holds no samples; export the recording again")
    if count < MINIMUM_SECONDS * sample_rate - 0.5:
        raise SpeechError(
            f"{name} lasts {count / sample_rate:.3f} s, too short for speech; give at least {MINIMUM_SECONDS} s"
        )


def _too_long(name: str, seconds: float | None, maximum_seconds: float) -> SpeechError:
    length = f"lasts {seconds / 60:.1f} minutes" if seconds is not None else "goes on"
    return SpeechError(f"{name} {length}, longer than the {maximum_seconds / 60:g} minutes accepted; cut it into parts")


def _read_with_soundfile(path: Path, sample_rate: int, maximum_seconds: float) -> NDArray[np.float32] | None:
    """Mono samples, or None where libsndfile does not know the file."""
    import soundfile
    import soxr

    try:
        file = soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, TypeError):  # TypeError: headerless formats want their layout told
        return None
    with file:
        seconds = file.frames / file.samplerate
        if seconds > maximum_seconds:
            raise _too_long(path.name, seconds, maximum_seconds)
        resampler = soxr.ResampleStream(file.samplerate, sample_rate, 1, dtype="float32")
        blocks: list[NDArray[np.float32]] = []
        start = 0
        try:
            # Blocks are bounded in samples as well: a header may claim any number of channels.
            size = max(1024, min(int(_BLOCK_SECONDS * file.samplerate), (1 << 23) // file.channels))
            while len(block := file.read(size, dtype="float32", always_2d=True)):
                _check_finite(block, start, file.samplerate, path.name)
                start += len(block)
                if start > maximum_seconds * file.samplerate:  # the header may claim less than there is
                    raise _too_long(path.name, None, maximum_seconds)
                blocks.append(resampler.resample_chunk(_mix_down(block)))
        except soundfile.LibsndfileError as error:
            raise SpeechError(
                f"{path.name} is damaged: it cannot be decoded after {start / file.samplerate:.2f} s; export it again"
            ) from error
        blocks.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        return np.concatenate(blocks)


def _read_with_ffmpeg(path: Path, sample_rate: int, maximum_seconds: float) -> NDArray[np.float32]:
    import imageio_ffmpeg

    program = imageio_ffmpeg.get_ffmpeg_exe()
    # A name is never taken for a protocol, and a playlist cannot reach past local files.
    source = ["-nostdin", "-hide_banner", "-protocol_whitelist", "file", "-i", f"file:{path}"]
    probe = processes.run([program, *source], capture_output=True)
    _check_probe(probe.stderr.decode("utf-8", "replace"), path.name, maximum_seconds)
    # Time zero of the sound stays time zero of the file: a stream that starts late is led in by silence.
    audio = ["-map", "0:a:0", "-vn", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", str(sample_rate)]
    limit = ["-t", f"{maximum_seconds + 1.0:.3f}"]
    blocks: list[NDArray[np.float32]] = []
    count = 0
    with tempfile.TemporaryFile() as log:
        command = [program, "-v", "error", *source, *audio, *limit, "-f", "f32le", "pipe:1"]
        with processes.start(command, stdout=subprocess.PIPE, stderr=log) as process:
            try:
                assert process.stdout is not None
                for block in _float_blocks(process.stdout):
                    _check_finite(block, count, sample_rate, path.name)
                    count += len(block)
                    if count > maximum_seconds * sample_rate:
                        raise _too_long(path.name, None, maximum_seconds)
                    blocks.append(block)
            except SpeechError:
                process.kill()
                raise
        log.seek(0)
        reason = log.read(4000).decode("utf-8", "replace").strip().splitlines()
    if process.returncode != 0 and not blocks:
        raise SpeechError(
            f"{path.name} has a sound stream that cannot be decoded ({reason[-1] if reason else 'ffmpeg failed'}); "
            "export the sound as WAV"
        )
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _float_blocks(stream: IO[bytes]) -> Iterator[NDArray[np.float32]]:
    while data := stream.read(1 << 20):
        yield np.frombuffer(data[: len(data) // 4 * 4], dtype="<f4").astype(np.float32)


def _check_probe(report: str, name: str, maximum_seconds: float) -> None:
    """Judge by what `ffmpeg -i` prints whether the file has sound, and how long it is, before decoding any of it."""
    if "Input #0" not in report:
        raise SpeechError(
            f"{name} is not a sound file that can be read; give a recording as wav, flac, mp3, ogg, m4a or mp4"
        )
    if not re.search(r"Stream #\S+.*: Audio:", report):
        raise SpeechError(f"{name} has no sound stream; give a file with sound, or export the sound separately")
    if found := re.search(r"Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", report):
        seconds = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        if seconds > maximum_seconds:
            raise _too_long(name, seconds, maximum_seconds)
