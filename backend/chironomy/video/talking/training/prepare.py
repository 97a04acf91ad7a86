# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain videos become items to train on: frames, speech, and the points of body and hands that mediapipe sees.

A MANO map needs a hand model fitted to the picture, which points alone do not give truthfully; items of plain videos
have the keypoint map, and their MANO map stays black. The network learns to do without it, as with `mano_dropped`.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.errors import ChironomyError
from chironomy.shot.errors import VideoError
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.video.maps.keypoints import BODY_POINTS
from chironomy.video.talking.training.items import VIDEOS
from chironomy.video.talking.training.tracks import KeypointTracks, hand_boxes
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.video.portrait.perception import Perceived, Perceiver

CROP = 128
"""Pixels of the side of the square in which a hand's sharpness is measured (CyberHost, arXiv 2409.01876)."""

LEAST_SHARP = 8.0
"""Grey levels: the standard deviation of the Laplacian that counts as sharp at least, however soft the whole video."""

NECK = 0.46
"""Where the neck is from between the shoulders to between the ears: the embedded character's proportions."""

_SEEN = 0.5
_LEAST_SEEN = 0.5

# The pose of mediapipe, by its points.
_EARS, _EYES, _SHOULDERS, _ELBOWS, _WRISTS, _HIPS = (7, 8), (2, 5), (11, 12), (13, 14), (15, 16), (23, 24)


@dataclass(frozen=True)
class Prepared:
    """What became of a video.

    Attributes:
        folder: the item.
        frames: how many.
        body_seen: share of the frames in which shoulders and eyes were seen.
        hands_seen: share of the frames in which each hand was seen.
        speech: whether there is sound.
    """

    folder: Path
    frames: int
    body_seen: float
    hands_seen: tuple[float, float]
    speech: bool


def prepare_video(
    video: Path,
    out: Path,
    fps: float = 24.0,
    height: int = 704,
    perceiver: "Perceiver | None" = None,
    work: Work = QUIET,
) -> Prepared:
    """Make an item of a video.

    Args:
        video: the file.
        out: folder for the item; it must not be there yet.
        fps: frames a second of the item; the nearest of the video's.
        height: of the item's frames, at most.
        perceiver: looks at the frames; for one person's video, with `tracking`. Made anew when None.
        work: told after every frame.

    Raises:
        VideoError: the video cannot be read, shows no person in half of it, or shows several.
    """
    from PIL import Image

    from chironomy.video.portrait.perception import Perceiver

    if out.exists():
        raise VideoError(f"{out} is there already; give another folder, or remove it to prepare {video.name} again")
    info = probe(video)
    scale = min(1.0, height / info.height)
    # Encoders and networks want even sizes.
    size = tuple(max(2, 2 * round(side * scale / 2)) for side in (info.width, info.height))
    total = max(1, round(info.frame_count / info.fps * fps))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".preparing-") as temporary:
        part = Path(temporary) / "item"
        (part / "frames").mkdir(parents=True)
        seen: list[_Seen] = []
        looking = perceiver or Perceiver(tracking=True, mask=False)
        try:
            for number, frame in enumerate(_at_rate(video, info.fps, fps, total)):
                small = Image.fromarray(frame).resize((size[0], size[1]), Image.Resampling.LANCZOS)
                small.save(part / "frames" / f"{number:06d}.jpg", quality=95, subsampling=0)
                picture = np.array(small)
                seen.append(_look(picture, looking(picture)))
                work.progress((number + 1) / total)
        finally:
            if perceiver is None:
                looking.close()
        if not seen:
            raise VideoError(f"{video} has no frames that can be read")
        tracks = _tracks(part / "keypoints.npz", fps, (size[0], size[1]), seen)
        body_seen = float(np.isfinite(tracks.body[:, :6]).all(axis=(1, 2)).mean())
        if body_seen < _LEAST_SEEN:
            raise VideoError(
                f"{video} shows a person's face and shoulders in {100 * body_seen:.0f} % of its frames; cut it to "
                "where one person is seen from the front"
            )
        if np.mean([one.faces > 1 for one in seen]) > 1 - _LEAST_SEEN:
            raise VideoError(f"{video} shows several people; crop it to one")
        tracks.save()
        speech = info.audio_codec is not None
        if speech:
            _write_speech(video, part / "speech.wav")
        hands = np.isfinite(tracks.hand_points).all(axis=(2, 3)).mean(axis=0)
        made = Prepared(out, len(seen), body_seen, (float(hands[0]), float(hands[1])), speech)
        note = {"video": video.name, "frames": made.frames, "body_seen": body_seen, "hands_seen": made.hands_seen}
        (part / "prepared.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
        part.replace(out)
    return made


def videos_of(folder: Path) -> list[Path]:
    """The videos in a folder, or the one that is given.

    Raises:
        VideoError: there are none.
    """
    if folder.is_file():
        return [folder]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEOS) if folder.is_dir() else []
    if not found:
        raise VideoError(f"{folder} holds no videos ({', '.join(VIDEOS)})")
    return found


def sharpness(picture: NDArray[np.uint8], box: NDArray[np.floating]) -> float:
    """How sharp a hand is: the standard deviation of the Laplacian of a crop of 128 x 128 grey pixels.

    CyberHost conditions on it (arXiv 2409.01876); EMO2 does not say how it measures hand confidence.

    Args:
        picture: (height, width, 3) uint8.
        box: (4,) left, top, right, bottom of the hand in pixels.
    """
    from PIL import Image

    left, top, right, bottom = (float(value) for value in box)
    half = 0.5 * max(right - left, bottom - top, 1.0)
    x, y = 0.5 * (left + right), 0.5 * (top + bottom)
    grey = Image.fromarray(picture).convert("L")
    crop = grey.resize((CROP, CROP), Image.Resampling.BILINEAR, box=_inside(grey.size, x, y, half))
    levels = np.asarray(crop, np.float64)
    laplacian = levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:] - 4 * levels[1:-1, 1:-1]
    return float(laplacian.std())


def hand_confidence(scores: NDArray[np.floating], sharp: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, 2) confidence of hands: how surely each was found, times how sharp it is beside the sharpest of its video.

    That product is this project's: sharpness alone depends on the lens and the codec as much as on the hand.

    Args:
        scores: (T, 2) of the detector, 0 where not found.
        sharp: (T, 2) grey levels, of `sharpness`.
    """
    found = scores > 0
    best = max(LEAST_SHARP, float(np.quantile(sharp[found], 0.95))) if found.any() else LEAST_SHARP
    return np.clip(scores, 0, 1) * np.clip(sharp / best, 0, 1)


@dataclass
class _Seen:
    body: NDArray[np.float64]
    hands: NDArray[np.float64]
    scores: NDArray[np.float64]
    sharp: NDArray[np.float64]
    face: NDArray[np.float64]
    faces: int


def _look(picture: NDArray[np.uint8], seen: "Perceived") -> _Seen:
    hands = np.where((seen.hand_scores > 0)[:, None, None], seen.hands, np.nan)
    boxes = hand_boxes(hands)
    sharp = np.array([sharpness(picture, box) if np.isfinite(box).all() else 0.0 for box in boxes])
    face = np.full(4, np.nan)
    if seen.face is not None:
        face = np.concatenate([seen.face.min(axis=0), seen.face.max(axis=0)])
    return _Seen(_body(seen.pose), hands, np.asarray(seen.hand_scores, np.float64), sharp, face, seen.face_count)


def _body(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """(12, 2) points in the order of `BODY_POINTS` of mediapipe's pose (33, 3); NaN where they were not seen."""
    points = np.where(pose[:, 2:] >= _SEEN, pose[:, :2], np.nan)
    ears, shoulders = points[list(_EARS)].mean(axis=0), points[list(_SHOULDERS)].mean(axis=0)
    named = {"head": ears, "neck": shoulders + NECK * (ears - shoulders)}
    pairs = (("eye", _EYES), ("upper_arm", _SHOULDERS), ("forearm", _ELBOWS), ("wrist", _WRISTS), ("upper_leg", _HIPS))
    for name, places in pairs:
        named |= {f"{name}.{side}": points[place] for side, place in zip("LR", places, strict=True)}
    return np.stack([named[name] for name in BODY_POINTS])


def _tracks(path: Path, fps: float, size: tuple[int, int], seen: list[_Seen]) -> KeypointTracks:
    confidence = hand_confidence(np.stack([one.scores for one in seen]), np.stack([one.sharp for one in seen]))
    return KeypointTracks(
        path,
        fps,
        size,
        np.stack([one.body for one in seen]),
        np.stack([one.hands for one in seen]),
        confidence,
        np.stack([one.face for one in seen]),
    )


def _at_rate(video: Path, native: float, fps: float, total: int) -> Iterator[NDArray[np.uint8]]:
    """The video's frames nearest to the times of another rate."""
    wanted = np.round((np.arange(total) + 0.5) * native / fps - 0.5).astype(int)
    place = 0
    last: NDArray[np.uint8] | None = None
    for number, frame in enumerate(read_video_frames(video)):
        last = frame
        while place < total and wanted[place] <= number:
            yield frame
            place += 1
    while last is not None and place < total:
        yield last
        place += 1


def _write_speech(video: Path, path: Path) -> None:
    from chironomy.speech.decode import load_speech, write_wav

    try:
        write_wav(load_speech(video, film_time=True), path)
    except ChironomyError as error:
        raise VideoError(f"the sound of {video} cannot be read: {error}") from error


def _inside(size: tuple[int, int], x: float, y: float, half: float) -> tuple[float, float, float, float]:
    """A square about a point, moved into a picture; smaller where the picture is."""
    half = min(half, size[0] / 2, size[1] / 2)
    x, y = (float(np.clip(value, half, side - half)) for value, side in zip((x, y), size, strict=True))
    return x - half, y - half, x + half, y + half
