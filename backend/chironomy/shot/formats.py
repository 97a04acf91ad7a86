# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of file that a shot can be written as."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chironomy.shot.errors import VideoError

QUALITY = 18
"""x264's constant rate factor: no visible loss."""

AUDIO_RATE = 48000
"""Samples a second of the sound track: what every player takes, and AAC blocks of 21 ms, shorter than a frame."""


@dataclass(frozen=True)
class Format:
    """How frames and sound are stored.

    Attributes:
        name: as it is asked for.
        suffix: of the file; of each frame's file in a sequence.
        title: for people.
        sequence: a folder with one file a frame.
        alpha: transparency is kept.
        even: width and height must be even numbers.
        exact: RGB is stored as it is, so that programs read back every bit; few players for people show it.
        pixels: ffmpeg's pixel format; "" for a sequence.
        alpha_pixels: the same for frames with alpha.
        video: ffmpeg's options for the picture.
        audio: ffmpeg's options for the sound.
        container: ffmpeg's options for the file.
        media_type: over HTTP.
    """

    name: str
    suffix: str
    title: str
    sequence: bool = False
    alpha: bool = False
    even: bool = True
    exact: bool = False
    pixels: str = ""
    alpha_pixels: str = ""
    video: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()
    container: tuple[str, ...] = ()
    media_type: str = "application/octet-stream"


_PCM = ("-c:a", "pcm_s24le", "-ar", str(AUDIO_RATE))

FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format(
            "mp4", ".mp4", "MP4 (H.264, AAC): plays everywhere",
            pixels="yuv420p",
            video=("-c:v", "libx264", "-preset", "veryfast", "-crf", str(QUALITY)),
            audio=("-c:a", "aac", "-b:a", "160k", "-ar", str(AUDIO_RATE)),
            container=("-movflags", "+faststart", "-f", "mp4"),
            media_type="video/mp4",
        ),
        Format(
            "webm", ".webm", "WebM (VP9, Opus), with alpha where the backdrop is transparent: for web pages",
            alpha=True,
            pixels="yuv420p", alpha_pixels="yuva420p",
            video=(
                "-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-deadline", "good", "-cpu-used", "5", "-row-mt", "1",
                "-auto-alt-ref", "0",
            ),
            audio=("-c:a", "libopus", "-b:a", "128k", "-ar", str(AUDIO_RATE)),
            container=("-f", "webm"),
            media_type="video/webm",
        ),
        Format(
            "prores", ".mov", "ProRes 422 HQ (24-bit sound): for the edit",
            pixels="yuv422p10le",
            video=("-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0"),
            audio=_PCM,
            container=("-movflags", "+write_colr", "-f", "mov"),
            media_type="video/quicktime",
        ),
        Format(
            "prores4444", ".mov", "ProRes 4444 with straight alpha (24-bit sound): for compositing",
            alpha=True,
            pixels="yuv444p10le", alpha_pixels="yuva444p10le",
            video=("-c:v", "prores_ks", "-profile:v", "4", "-vendor", "apl0", "-alpha_bits", "16"),
            audio=_PCM,
            container=("-movflags", "+write_colr", "-f", "mov"),
            media_type="video/quicktime",
        ),
        Format(
            "png", ".png", "a folder of PNG files, straight alpha, the speech beside",
            sequence=True, alpha=True, even=False,
        ),
        Format(
            "exr", ".exr", "a folder of OpenEXR files: half floats, linear, alpha premultiplied, the speech beside",
            sequence=True, alpha=True, even=False,
        ),
    )
}  # fmt: skip
"""By name; the first is the default."""

# Readers differ in the matrix by which they turn YUV into RGB, so what must be exact is never made YUV.
EXACT = Format(
    "exact", ".mp4", "MP4 (H.264 of RGB, without loss): for programs",
    exact=True,
    pixels="gbrp",
    video=("-c:v", "libx264rgb", "-preset", "veryfast", "-qp", "0"),
    container=("-movflags", "+faststart", "-f", "mp4"),
    media_type="video/mp4",
)  # fmt: skip
"""For maps that another program reads; not one of `FORMATS`, because people's players rarely show it."""


def format_of(path: str | Path, name: str | None = None) -> Format:
    """The format that a file's name or an explicit name asks for.

    A name without a suffix is a folder: one of PNG files, unless `name` says otherwise.

    Raises:
        VideoError: there is no such format, or the file's suffix is another one's.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if name is not None:
        if name not in FORMATS:
            raise VideoError(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")
        chosen = FORMATS[name]
        if chosen.sequence and suffix in {entry.suffix for entry in FORMATS.values()}:
            raise VideoError(f"{path.name} must be a folder's name for {name} files, without {suffix}")
        if not chosen.sequence and suffix != chosen.suffix:
            raise VideoError(f"{path.name} must end in {chosen.suffix} for the format {name}")
        return chosen
    for chosen in FORMATS.values():
        if suffix == chosen.suffix and not chosen.sequence:
            return chosen
    if not suffix:
        return FORMATS["png"]
    films = sorted({entry.suffix for entry in FORMATS.values() if not entry.sequence})
    raise VideoError(
        f"{path.name} must end in {', '.join(films[:-1])} or {films[-1]}, or be the name of a folder for pictures"
    )
