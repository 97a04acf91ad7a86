# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and speech into an MP4 that plays everywhere, and back, through the ffmpeg program of imageio-ffmpeg."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.files import atomic_path
from chironomy.video.errors import RenderCancelled, VideoError

if TYPE_CHECKING:
    from chironomy.speech.decode import Speech
    from chironomy.video.shot import Shot

QUALITY = 18
"""x264's constant rate factor: no visible loss."""

AUDIO_RATE = 48000
"""Samples a second of the sound track: what every player takes, and AAC blocks of 21 ms, shorter than a frame."""

_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds.

    Attributes:
        duration: seconds, of the longer of picture and sound.
        fps: frames a second.
        frame_count: frames.
        width: pixels.
        height: pixels.
        video_codec: ffmpeg's name, such as "h264".
        pixel_format: ffmpeg's name, such as "yuv420p".
        colour: ffmpeg's words on range and matrix, such as "tv, bt709".
        audio_codec: ffmpeg's name; None where there is no sound.
        sample_rate: samples a second; 0 where there is no sound.
        channels: ffmpeg's word, such as "mono"; "" where there is no sound.
    """

    duration: float
    fps: float
    frame_count: int
    width: int
    height: int
    video_codec: str
    pixel_format: str
    colour: str
    audio_codec: str | None
    sample_rate: int
    channels: str


def ffmpeg_program() -> str:
    """The path of the ffmpeg program.

    Raises:
        VideoError: there is none.
    """
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise VideoError(
            "no ffmpeg program was found; install the package imageio-ffmpeg, which brings one, "
            "or name one in the variable IMAGEIO_FFMPEG_EXE"
        ) from error


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
    cancelled: Callable[[], bool] | None = None,
    exact: bool = False,
) -> int:
    """Write H.264 (yuv420p, BT.709) with the speech as AAC (160 kbit/s, its own channels and level).

    The file appears under its name when it is whole; on any failure nothing is left.

    Args:
        frames: (height, width, 3) uint8 RGB each; taken one at a time.
        path: the file to write, ending in .mp4.
        fps: frames a second.
        width: pixels, even.
        height: pixels, even.
        speech: the sound file, or speech in memory; no sound track when None.
        speech_start: seconds into the speech where the first frame is.
        speech_duration: seconds of speech to keep; all that follows when None.
        cancelled: asked before every frame.
        exact: for maps that a program reads: H.264 of RGB itself, without loss; few players for people show it.

    Returns:
        how many frames were written.

    Raises:
        VideoError: the size is odd, a frame has another shape, the speech has no sound, or the file cannot be written.
        RenderCancelled: `cancelled` said so.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise VideoError(f"{path.name} must end in .mp4")
    if width % 2 or height % 2 or min(width, height) < 16:
        raise VideoError(f"{width}x{height} cannot be encoded; give an even width and height of at least 16 pixels")
    if not (np.isfinite(fps) and 1 <= fps <= 240):
        raise VideoError(f"{fps} frames a second cannot be encoded; give 1 to 240")
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder, atomic_path(path) as partial:
        sound = _sound_file(speech, Path(folder))
        command = [
            ffmpeg_program(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:.10g}", "-i", "pipe:0",
        ]  # fmt: skip
        if sound is not None:
            command += ["-ss", f"{speech_start:.6f}"] if speech_start > 0 else []
            command += ["-t", f"{speech_duration:.6f}"] if speech_duration is not None else []
            command += ["-i", str(sound), "-map", "0:v:0", "-map", "1:a:0"]
            command += ["-c:a", "aac", "-b:a", "160k", "-ar", str(AUDIO_RATE)]
        # Readers differ in the matrix by which they turn YUV into RGB, so what must be exact is never made YUV.
        command += ["-c:v", "libx264rgb", "-preset", "veryfast", "-qp", "0"] if exact else [
            "-c:v", "libx264", "-preset", "veryfast", "-crf", str(QUALITY),
            # ffmpeg converts RGB by BT.601 unless told otherwise; with the tags alone players would show wrong colours.
            "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
            "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        ]  # fmt: skip
        command += ["-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", str(partial)]
        return _pipe(command, frames, width, height, path, cancelled)


def render_video(
    shot: Shot,
    path: str | Path,
    on_progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Render a shot with its engine into an MP4 with its speech.

    The speech is cut to the frames that are rendered. At the end of the tracks a frame of time is added, because their
    length is rounded to whole frames: speech as long as its tracks is kept to its last sample.

    Args:
        shot: what to render.
        path: the file to write, ending in .mp4; there is none unless the render succeeds.
        on_progress: called with 0 to 1.
        cancelled: asked between frames.

    Returns:
        how many frames were written.

    Raises:
        VideoError: the engine or the encoder cannot do it.
        RenderCancelled: `cancelled` said so.
    """
    from chironomy.video.engines import get_engine

    frames = get_engine(shot.engine).render(shot, on_progress, cancelled)
    rounding = 1 if shot.frames.stop == shot.hands.frame_count else 0
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        speech = None
        if shot.speech is not None:
            speech = Path(folder) / f"speech{shot.speech.suffix}"
            speech.write_bytes(shot.speech.data)
        return encode_mp4(
            frames,
            path,
            shot.fps,
            shot.width,
            shot.height,
            speech,
            speech_start=shot.frames.start / shot.fps,
            speech_duration=(len(shot.frames) + rounding) / shot.fps,
            cancelled=cancelled,
        )


def _sound_file(speech: Path | str | Speech | None, folder: Path) -> Path | None:
    """The speech as a file that ffmpeg can open; speech in memory is written into `folder`."""
    if speech is None:
        return None
    if isinstance(speech, str | Path):
        sound = Path(speech)
        if not sound.is_file():
            raise VideoError(f"the speech {sound} does not exist")
        return sound
    from chironomy.speech.decode import write_wav

    return write_wav(speech, folder / "speech.wav")


def _pipe(
    command: list[str],
    frames: Iterable[NDArray[np.uint8]],
    width: int,
    height: int,
    path: Path,
    cancelled: Callable[[], bool] | None,
) -> int:
    """Run ffmpeg and feed it; end it whatever happens."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, creationflags=_NO_WINDOW
    )
    assert process.stdin is not None
    assert process.stderr is not None
    messages: list[bytes] = []
    reader = threading.Thread(target=_keep_last_lines, args=(process.stderr, messages), daemon=True)
    reader.start()
    count = 0
    broken = False
    try:
        for frame in frames:
            if cancelled is not None and cancelled():
                raise RenderCancelled
            if frame.dtype != np.uint8 or frame.shape != (height, width, 3):
                raise VideoError(
                    f"frame {count} is {frame.dtype} {frame.shape}, but must be uint8 {(height, width, 3)} RGB"
                )
            try:
                process.stdin.write(np.ascontiguousarray(frame).data)
            except OSError:
                broken = True
                break
            count += 1
        if cancelled is not None and cancelled():
            raise RenderCancelled
        try:
            process.stdin.close()
        except OSError:
            broken = True
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        reader.join(timeout=10)
        process.stderr.close()
    if code != 0 or broken:
        raise VideoError(_explain(code, b"".join(messages).decode("utf-8", "replace"), path))
    if count == 0:
        raise VideoError(f"{path.name} would have no frames; the shot's frame range is empty")
    return count


def _keep_last_lines(stream: IO[bytes], messages: list[bytes]) -> None:
    """Drain a program's messages, so that it never waits for us, and keep the last few."""
    for line in stream:
        messages.append(line)
        del messages[:-20]


def _explain(code: int, messages: str, path: Path) -> str:
    """One sentence for a failed run of ffmpeg."""
    lowered = messages.lower()
    if "no space left" in lowered or "not enough space" in lowered:
        return f"{path} could not be written: the disk is full; free some space and render again"
    if "file too large" in lowered:
        return f"{path} could not be written: it grew larger than the disk or its limits allow"
    if "permission denied" in lowered:
        return f"{path} could not be written: permission denied; choose a folder that you may write to"
    if "error opening input" in lowered or "invalid data found" in lowered:
        return "the speech cannot be read as sound; choose a sound file such as wav, flac, mp3, ogg or m4a"
    if "matches no streams" in lowered:
        return "the speech has no sound track; choose a file with sound"
    if code < 0:
        return f"{path} could not be written: ffmpeg was ended by signal {-code}, perhaps for want of memory"
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    last = lines[-1] if lines else f"exit status {code}"
    return f"{path} could not be written: ffmpeg said “{last}”"


def probe(path: str | Path) -> VideoInfo:
    """What a video file holds, by ffmpeg's own report.

    Raises:
        VideoError: the file does not exist or has no picture that can be read.
    """
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"the video {path} does not exist")
    run = subprocess.run(
        [
            ffmpeg_program(),
            "-hide_banner",
            "-nostdin",
            "-i",
            str(path),
            "-map",
            "0:v:0",
            "-c",
            "copy",
            "-f",
            "null",
            "-",
        ],
        capture_output=True,
        check=False,
        creationflags=_NO_WINDOW,
    )
    report = run.stderr.decode("utf-8", "replace")
    source = report.split("Output #0", maxsplit=1)[0]
    picture = re.search(
        r"Stream #0.*?Video: (\w+).*?, (yuv\w+|rgb\w+|gray\w*|gbr\w+)(?:\(([^)]*)\))?.*?, (\d+)x(\d+)", source
    )
    rate = re.search(r"([\d.]+) fps", source)
    duration = re.search(r"Duration: (\d+):(\d+):([\d.]+)", source)
    counts = re.findall(r"frame=\s*(\d+)", report)
    if run.returncode != 0 or picture is None or rate is None or duration is None or not counts:
        raise VideoError(f"{path} is not a video that can be read")
    sound = re.search(r"Stream #0.*?Audio: (\w+).*?, (\d+) Hz, ([^,]+)", source)
    hours, minutes, seconds = duration.groups()
    return VideoInfo(
        duration=int(hours) * 3600 + int(minutes) * 60 + float(seconds),
        fps=float(rate.group(1)),
        frame_count=int(counts[-1]),
        width=int(picture.group(4)),
        height=int(picture.group(5)),
        video_codec=picture.group(1),
        pixel_format=picture.group(2),
        colour=picture.group(3) or "",
        audio_codec=sound.group(1) if sound else None,
        sample_rate=int(sound.group(2)) if sound else 0,
        channels=sound.group(3).strip() if sound else "",
    )


def read_video_frames(path: str | Path) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video, one after another: (height, width, 3) uint8 RGB.

    Raises:
        VideoError: the file does not exist or cannot be decoded.
    """
    info = probe(path)
    command = [ffmpeg_program(), "-hide_banner", "-loglevel", "error", "-nostdin", "-i", str(path), "-map", "0:v:0"]
    command += ["-vf", f"scale=in_color_matrix={'bt709' if 'bt709' in info.colour else 'auto'}", "-pix_fmt", "rgb24"]
    process = subprocess.Popen(
        [*command, "-f", "rawvideo", "pipe:1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=_NO_WINDOW,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    messages: list[bytes] = []
    reader = threading.Thread(target=_keep_last_lines, args=(process.stderr, messages), daemon=True)
    reader.start()
    size = info.width * info.height * 3
    try:
        while len(data := process.stdout.read(size)) == size:
            yield np.frombuffer(data, np.uint8).reshape(info.height, info.width, 3)
        if process.wait() != 0:
            raise VideoError(f"{path} could not be decoded: " + b"".join(messages).decode("utf-8", "replace").strip())
    finally:
        process.kill()
        process.wait()
        reader.join(timeout=10)
        process.stdout.close()
        process.stderr.close()
