# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of videos with what is known of them, checked on reading.

A data set is a folder of items; an item is a folder with

- `frames/`, pictures in the order of their names, or `video.mp4` (`.mov`, `.mkv`, `.webm`);
- `shot.zip` (`chironomy.shot/1`: hands, evaluated pose, camera, also speech and portrait), from which both maps are
  drawn; or `keypoints.npz` (`chironomy.keypoints/1`), from which the keypoint map is drawn, the MANO map being black;
- `speech.wav` (or another sound), unless the shot has it; without any, the item teaches nothing of speech;
- `portrait.png` (or `.jpg`), if there is one beside the frames.
"""

import hashlib
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.shot.errors import VideoError
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.video.talking.training.framing import Framing
from chironomy.video.talking.training.tracks import KeypointTracks, ShotTracks, Tracks

if TYPE_CHECKING:
    from chironomy.speech.decode import Speech
    from chironomy.video.talking.pipeline import TalkingPipeline

VIDEOS = (".mp4", ".mov", ".mkv", ".webm")
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac")


class FolderItem:
    """An item on disk; see `batches.Item`.

    Args:
        folder: of the item.
        size: width and height of the pictures to train on; the middle of the frames that has these proportions.
        pipeline: what it hears, and at how many frames a second.
        cache: folder for unpacked videos and what was heard.

    Raises:
        VideoError: something is missing, damaged or does not fit together; the sentence names the file.
    """

    def __init__(self, folder: Path, size: tuple[int, int], pipeline: "TalkingPipeline", cache: Path):
        self.name = folder.name
        fps = float(pipeline.config["fps"])
        self.tracks = read_tracks(folder)
        if abs(self.tracks.fps - fps) > 1e-3:
            raise VideoError(
                f"{self.tracks.path} has {self.tracks.fps:g} frames a second, but this video model learns at {fps:g}; "
                "prepare the video again with that --fps"
            )
        shown, video = _frames_of(folder)
        given = probe(video) if video is not None else None
        if given is not None and abs(given.fps - fps) > 0.01:
            raise VideoError(f"{video} has {given.fps:g} frames a second, but its tracks have {fps:g}")
        count, source = (len(shown), folder / "frames") if given is None else (given.frame_count, video)
        if count < self.frame_count:
            raise VideoError(f"{source} has {count} frames, but {self.tracks.path.name} has {self.frame_count}")
        first = _size_of(shown[0]) if given is None else (given.width, given.height)
        if first != self.tracks.size:
            raise VideoError(
                f"{source} is {first[0]}x{first[1]}, but {self.tracks.path.name} is for "
                f"{self.tracks.size[0]}x{self.tracks.size[1]}"
            )
        self.framing = Framing.fitting(first, size)
        self.confidence = self.tracks.confidence.astype(np.float32)
        self.face = self.framing.boxes(self.tracks.face).astype(np.float32)
        self.hands = self.framing.boxes(self.tracks.hands).astype(np.float32)
        key = _key(folder, size)
        self._frames = shown if video is None else _unpacked(video, cache / key, self.framing, self.frame_count)
        self._fitted = video is not None
        self._portrait = portrait_of(folder, self.tracks)
        speech = speech_of(folder, self.tracks)
        self.hears = speech is not None
        kept = cache / f"{key}-{pipeline.config['audio_features']}.npy"
        self.audio = _heard(speech, pipeline, fps, self.frame_count, kept)
        self._maps = self.tracks.maps(self.framing)

    @property
    def frame_count(self) -> int:
        """How many frames: as many as the tracks have."""
        return self.tracks.frame_count

    def pictures(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(rows, height, width, 3) RGB."""
        return np.stack([self._picture(self._frames[row]) for row in rows])

    def maps(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(rows, height, width, 6): MANO map and keypoint map."""
        return np.stack([self._maps(int(row)) for row in rows])

    def portrait(self) -> NDArray[np.uint8] | None:
        """(height, width, 3) the portrait, if there is one."""
        return None if self._portrait is None else Framing.fitting(*_proportions(self)).picture(self._portrait)

    def _picture(self, path: Path) -> NDArray[np.uint8]:
        picture = read_rgb(path)
        if self._fitted:
            return picture
        if picture.shape[1::-1] != self.tracks.size:
            raise VideoError(f"{path} is {picture.shape[1]}x{picture.shape[0]}, unlike the frames before it")
        return self.framing.picture(picture)


def _proportions(item: FolderItem) -> tuple[tuple[int, int], tuple[int, int]]:
    assert item._portrait is not None
    height, width = item._portrait.shape[:2]
    return (width, height), item.framing.size


def load_items(
    folder: str | Path, size: tuple[int, int], pipeline: "TalkingPipeline", cache: str | Path
) -> list[FolderItem]:
    """All items of a data set, in the order of their names.

    Raises:
        VideoError: there are none, or one is wrong; the sentence names it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise VideoError(f"{folder} is no folder; give the folder that holds the items")
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    folders = [path for path in folders if any((path / name).is_file() for name in ("shot.zip", "keypoints.npz"))]
    if not folders:
        raise VideoError(
            f"{folder} holds no items, which are folders with shot.zip or keypoints.npz; make them of videos with: "
            "chironomy train prepare-video VIDEOS --out FOLDER"
        )
    return [FolderItem(path, size, pipeline, Path(cache)) for path in folders]


def read_tracks(folder: Path) -> Tracks:
    """What is known of the hands and the body in an item.

    Raises:
        VideoError: there is nothing, or it is damaged.
    """
    shot, points = folder / "shot.zip", folder / "keypoints.npz"
    if shot.is_file():
        return ShotTracks(shot)
    if points.is_file():
        return KeypointTracks.load(points)
    raise VideoError(f"{folder} has neither shot.zip nor keypoints.npz; prepare it with: chironomy train prepare-video")


def speech_of(folder: Path, tracks: Tracks) -> "Speech | None":
    """The item's sound, or the shot's.

    Raises:
        ChironomyError: it cannot be decoded.
    """
    from chironomy.speech.decode import load_speech

    path = _only(folder, "speech", SOUNDS)
    return tracks.speech if path is None else load_speech(path)


def portrait_of(folder: Path, tracks: Tracks) -> NDArray[np.uint8] | None:
    """The item's portrait, or the shot's."""
    from chironomy.video.portrait.picture import read_picture

    path = _only(folder, "portrait", PICTURES)
    if path is not None:
        return read_picture(path)
    return None if tracks.portrait is None else read_picture(tracks.portrait.data, tracks.portrait.name)


@lru_cache(maxsize=64)
def read_rgb(path: Path) -> NDArray[np.uint8]:
    """A frame, (height, width, 3) uint8.

    Raises:
        VideoError: it is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise VideoError(f"{path} cannot be read as a picture ({error}); prepare the video again") from error


def _size_of(path: Path) -> tuple[int, int]:
    height, width = read_rgb(path).shape[:2]
    return width, height


def _frames_of(folder: Path) -> tuple[list[Path], Path | None]:
    """The item's pictures, or its video."""
    video = _only(folder, "video", VIDEOS)
    frames = folder / "frames"
    shown = sorted(path for path in frames.iterdir() if path.suffix.lower() in PICTURES) if frames.is_dir() else []
    if shown:
        return shown, None
    if video is None:
        raise VideoError(f"{folder} has neither pictures in frames nor a file video.mp4")
    return [], video


def _only(folder: Path, stem: str, suffixes: tuple[str, ...]) -> Path | None:
    found = sorted(path for path in folder.glob(f"{stem}.*") if path.suffix.lower() in suffixes)
    if len(found) > 1:
        raise VideoError(f"{folder} has {found[0].name} and {found[1].name}; keep one")
    return found[0] if found else None


def _key(folder: Path, size: tuple[int, int]) -> str:
    """A name in the cache that changes when a file of the item does."""
    seen = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())]
    digest = hashlib.sha256(repr((str(folder.resolve()), size, seen)).encode()).hexdigest()[:16]
    return f"{folder.name}-{digest}"


def _unpacked(video: Path, folder: Path, framing: Framing, count: int) -> list[Path]:
    """The video's frames as pictures in a folder, made once."""
    from PIL import Image

    paths = [folder / f"{frame:06d}.jpg" for frame in range(count)]
    if folder.is_dir():
        return paths
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as temporary:
        part = Path(temporary) / "frames"
        part.mkdir()
        for path, frame in zip(paths, read_video_frames(video), strict=False):
            Image.fromarray(framing.picture(frame)).save(part / path.name, quality=95, subsampling=0)
        try:
            part.replace(folder)
        except OSError as error:
            if not folder.is_dir():  # another process may have been quicker
                raise VideoError(f"{folder} cannot be written: {error.strerror}") from error
    return paths


def _heard(
    speech: "Speech | None", pipeline: "TalkingPipeline", fps: float, count: int, path: Path
) -> NDArray[np.float32]:
    """What is heard in every frame, (T, …); kept in half precision, on disk."""
    if not path.is_file():
        heard: NDArray[Any] = pipeline.hear(speech, fps, count)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, heard.astype(np.float16))
    return np.load(path, mmap_mode="r")
