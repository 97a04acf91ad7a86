# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and speech into films and sequences of pictures, each in step with the other and whole or absent."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.shot.errors import VideoError
from chironomy.shot.formats import AUDIO_RATE, FORMATS, QUALITY, Format, format_of
from chironomy.video.film.ffmpeg import VideoInfo, feed, ffmpeg_program, probe, read_video_frames
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.speech.decode import Speech

__all__ = [
    "AUDIO_RATE",
    "QUALITY",
    "VideoInfo",
    "encode_film",
    "encode_mp4",
    "ffmpeg_program",
    "probe",
    "read_video_frames",
]


def encode_mp4(
    frames: Iterable[NDArray[np.uint8]],
    path: str | Path,
    fps: float,
    width: int,
    height: int,
    speech: Path | str | Speech | None = None,
    *,
    speech_start: float = 0.0,
    speech_duration: float | None = None,
    work: Work = QUIET,
) -> int:
    """Write H.264 (yuv420p, BT.709) with the speech as AAC; see `encode_film`, of which this is the usual case."""
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise VideoError(f"{path.name} must end in .mp4")
    return encode_film(
        frames, path, fps, width, height, speech,
        speech_start=speech_start, speech_duration=speech_duration, work=work,
    )  # fmt: skip


def encode_film(
    frames: Iterable[NDArray[np.uint8]],
    path: str | Path,
    fps: float,
    width: int,
    height: int,
    speech: Path | str | Speech | None = None,
    *,
    speech_start: float = 0.0,
    speech_duration: float | None = None,
    work: Work = QUIET,
    chosen: Format | None = None,
    comment: str = "",
) -> int:
    """Write a film with the speech as its sound track, its channels and level kept.

    Colours are tagged and converted as BT.709, limited range, but for exact formats. The file appears under its name
    when it is whole; on any failure nothing is left, and a file that was there before stays.

    Args:
        frames: (height, width, 3) uint8 RGB each, or 4 with straight alpha; taken one at a time.
        path: the file to write.
        fps: frames a second.
        width: pixels.
        height: pixels.
        speech: the sound file, or speech in memory; no sound track when None.
        speech_start: seconds into the speech where the first frame is; negative, it begins so much later.
        speech_duration: seconds of speech to keep; all that follows when None.
        work: asked before every frame.
        chosen: the format; by default that of the file's suffix.
        comment: kept in the file; nothing of the speech's own metadata is.

    Returns:
        how many frames were written.

    Raises:
        VideoError: the format cannot hold frames of this size or alpha, a frame has another shape, the speech has no
            sound, or the file cannot be written.
        RenderCancelled: `work` said so.
    """
    path = Path(path)
    chosen = format_of(path) if chosen is None else chosen
    check_format(chosen, fps, width, height)
    frames = iter(frames)
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder, atomic_path(path) as partial:
        sound = None if speech is None else _excerpt(speech, Path(folder), speech_start, speech_duration)
        first = next(frames, None)
        channels = 4 if first is not None and first.ndim == 3 and first.shape[-1] == 4 else 3
        if channels == 4 and not chosen.alpha:
            raise no_alpha(chosen)
        command = [
            ffmpeg_program(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgba" if channels == 4 else "rgb24", "-s", f"{width}x{height}",
            "-r", f"{fps:.10g}", "-i", "pipe:0",
        ]  # fmt: skip
        if sound is not None:
            command += ["-i", str(sound), "-map", "0:v:0", "-map", "1:a:0", *chosen.audio]
        command += [
            *chosen.video,
            *([] if chosen.exact else _as_bt709(chosen.alpha_pixels if channels == 4 else chosen.pixels)),
            "-map_metadata", "-1", *(("-metadata", f"comment={comment}") if comment else ()),
            *chosen.container, str(partial),
        ]  # fmt: skip
        given = frames if first is None else itertools.chain([first], frames)
        del first
        return feed(command, given, (height, width, channels), path, work)


def _as_bt709(pixels: str) -> list[str]:
    """Ffmpeg's options to convert and to tag colours; it converts by BT.601 unless told otherwise."""
    return [
        "-vf", f"scale=out_color_matrix=bt709:out_range=tv,format={pixels},"
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
    ]  # fmt: skip


def check_format(chosen: Format, fps: float, width: int, height: int) -> None:
    """Refuse what a format cannot hold."""
    if (chosen.even and (width % 2 or height % 2)) or min(width, height) < 16:
        raise VideoError(f"{width}x{height} cannot be encoded; give an even width and height of at least 16 pixels")
    if not (np.isfinite(fps) and 1 <= fps <= 240):
        raise VideoError(f"{fps} frames a second cannot be encoded; give 1 to 240")


def _excerpt(speech: Path | str | Speech, folder: Path, start: float, seconds: float | None) -> Path:
    """The part of the speech that is heard, as a file that begins with it; see `write_excerpt`."""
    from chironomy.speech.decode import write_wav
    from chironomy.speech.errors import SpeechError
    from chironomy.speech.sound import write_excerpt

    if not isinstance(speech, str | Path):
        speech = write_wav(speech, folder / "memory.wav")
    source, path = Path(speech), folder / "excerpt.wav"
    if not source.is_file():
        raise VideoError(f"the speech {source} does not exist")
    try:
        write_excerpt(source, path, start, seconds)
    except SpeechError as error:
        raise VideoError(str(error)) from error
    except OSError as error:
        raise VideoError(f"the sound could not be kept in {folder} ({error.strerror}); free space there") from error
    return path


def write_sound(speech: Path, path: Path, start: float, duration: float) -> None:
    """Write the part of the speech that goes with a sequence, as WAV.

    Args:
        speech: the sound file.
        path: the file to write.
        start: seconds into the speech where the first picture is; negative before it begins.
        duration: seconds of all pictures.
    """
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        command = [ffmpeg_program(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
        command += ["-i", str(_excerpt(speech, Path(folder), start, duration)), "-map", "0:a:0", "-map_metadata", "-1"]
        command += ["-c:a", "pcm_s24le", "-ar", str(AUDIO_RATE), str(path)]
        feed(command, (), (0, 0, 0), path, frameless=True)


def no_alpha(chosen: Format) -> VideoError:
    able = ", ".join(entry.name for entry in FORMATS.values() if entry.alpha)
    return VideoError(f"the format {chosen.name} cannot hold a transparent backdrop; choose one of {able}")
