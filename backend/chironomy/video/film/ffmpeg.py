# SPDX-License-Identifier: GPL-3.0-or-later
"""The ffmpeg program of imageio-ffmpeg: feeding it frames, understanding its complaints, and reading films back."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from chironomy import packages, processes
from chironomy.shot.errors import ProgramKilled, RenderCancelled, VideoError
from chironomy.work import QUIET, Work


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
    return packages.ffmpeg_program(VideoError)


def feed(
    command: list[str],
    frames: Iterable[NDArray[np.uint8]],
    shape: tuple[int, int, int],
    path: Path,
    work: Work = QUIET,
    frameless: bool = False,
) -> int:
    """Run ffmpeg and feed it frames; end it whatever happens.

    Args:
        command: with `pipe:0` for the frames.
        frames: each of this shape, uint8.
        shape: height, width, channels.
        path: the file's name in messages.
        work: asked before every frame.
        frameless: no frames are its business.

    Returns:
        how many frames it took.

    Raises:
        VideoError: a frame has another shape, or ffmpeg failed; one sentence.
        ProgramKilled: ffmpeg was ended from outside.
        RenderCancelled: `work` said so.
    """
    process = processes.start(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    messages: list[bytes] = []
    reader = threading.Thread(target=_keep_last_lines, args=(process.stderr, messages), daemon=True)
    reader.start()
    count = 0
    broken = False
    try:
        for frame in frames:
            if work.cancelled():
                raise RenderCancelled
            if frame.dtype != np.uint8 or frame.shape != shape:
                raise VideoError(f"frame {count} is {frame.dtype} {frame.shape}, but must be uint8 {shape}")
            try:
                process.stdin.write(np.ascontiguousarray(frame).data)
            except OSError:
                broken = True
                break
            count += 1
        if work.cancelled():
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
        raise (ProgramKilled if code < 0 else VideoError)(
            explain(code, b"".join(messages).decode("utf-8", "replace"), path)
        )
    if count == 0 and not frameless:
        raise VideoError(f"{path.name} would have no frames; the shot's frame range is empty")
    return count


def _keep_last_lines(stream: IO[bytes], messages: list[bytes]) -> None:
    """Drain a program's messages, so that it never waits for us, and keep the last few."""
    for line in stream:
        messages.append(line)
        del messages[:-20]


def explain(code: int, messages: str, path: Path) -> str:
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
        ProgramKilled: ffmpeg was ended from outside; so of all that read here.
    """
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"the video {path} does not exist")
    command = [ffmpeg_program(), "-hide_banner", "-nostdin", "-i", str(path)]
    run = processes.run([*command, "-map", "0:v:0", "-c", "copy", "-f", "null", "-"], capture_output=True)
    _judge_end(run.returncode, path)
    report = run.stderr.decode("utf-8", "replace")
    source = report.split("Output #0", maxsplit=1)[0]
    picture = re.search(
        r"Stream #0.*?Video: (\w+).*?, (yuva?\w+|rgb\w+|gray\w*|gbr\w+)(?:\(([^)]*)\))?.*?, (\d+)x(\d+)", source
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


def _judge_end(code: int, path: str | Path) -> None:
    if code < 0:
        raise ProgramKilled(f"{path} was not read to its end: ffmpeg was ended by signal {-code}; try again")


def read_video_frames(path: str | Path) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video, one after another: (height, width, 3) uint8 RGB.

    Raises:
        VideoError: the file does not exist or cannot be decoded.
    """
    info = probe(path)
    command = [ffmpeg_program(), "-hide_banner", "-loglevel", "error", "-nostdin", "-i", str(path), "-map", "0:v:0"]
    command += ["-vf", f"scale=in_color_matrix={'bt709' if 'bt709' in info.colour else 'auto'}", "-pix_fmt", "rgb24"]
    process = processes.start([*command, "-f", "rawvideo", "pipe:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    messages: list[bytes] = []
    reader = threading.Thread(target=_keep_last_lines, args=(process.stderr, messages), daemon=True)
    reader.start()
    size = info.width * info.height * 3
    try:
        while len(data := process.stdout.read(size)) == size:
            yield np.frombuffer(data, np.uint8).reshape(info.height, info.width, 3)
        code = process.wait()
        _judge_end(code, path)
        if code != 0:
            raise VideoError(f"{path} could not be decoded: " + b"".join(messages).decode("utf-8", "replace").strip())
    finally:
        process.kill()
        process.wait()
        reader.join(timeout=10)
        process.stdout.close()
        process.stderr.close()


def read_comment(path: str | Path) -> str:
    """The comment that a film holds, "" where there is none.

    Raises:
        VideoError: the file does not exist or is no film.
    """
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"the video {path} does not exist")
    command = [ffmpeg_program(), "-hide_banner", "-loglevel", "error", "-nostdin", "-i", str(path)]
    run = processes.run([*command, "-f", "ffmetadata", "pipe:1"], capture_output=True)
    _judge_end(run.returncode, path)
    if run.returncode != 0:
        raise VideoError(f"{path} is not a video that can be read")
    # In an ffmetadata file "=", ";", "#", "\" and line ends follow a "\".
    found = re.search(r"^comment=((?:\\.|[^\\\n])*)", run.stdout.decode("utf-8", "replace"), re.I | re.M | re.S)
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.S) if found else ""
