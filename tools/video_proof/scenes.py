# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawn people who speak and gesture: the embedded character in colours of their own, as items to train on."""

import colorsys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from chironomy.body.pose import solve_pose
from chironomy.body.rig import REGION_COLOURS, REGION_NAMES, Rig, load_rig
from chironomy.files import atomic_path
from chironomy.gesture.corpus.texts import sentence
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.corpus.voices import RATE, Voice
from chironomy.gesture.planning.manners import MANNERS, manner_of
from chironomy.gesture.planning.planner import Planner
from chironomy.gesture.space import within_reach
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.shot.camera import Camera
from chironomy.shot.shot import Shot
from chironomy.speech.acoustic import acoustic_phones
from chironomy.speech.contours import speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.lips import lip_opening, lip_track
from chironomy.speech.prosody import prosody_features
from chironomy.video.drawing import shading
from chironomy.video.drawing.studio import Studio
from chironomy.video.maps.frame import vertices_at
from chironomy.video.maps.keypoints import keypoints
from chironomy.video.maps.landmarks import FACE_VERTICES
from chironomy.video.talking.control_maps import ShotMaps
from chironomy.video.talking.training.batches import MemoryItem

FPS = 24.0
WIDTH, HEIGHT = 64, 80

REGIONS = ("skin", "hair", "top")
"""Regions whose colours make a person out."""

_SHOWN_METRES = 0.70
"""Height of the picture: from above the hair to the waist, so that a mouth has a few pixels and hands have room."""

_RAISED = 0.15
"""Metres by which gestures are raised, into the picture."""

_WIDER = 2.0
"""Times by which mouths open wider than speech opens them, to be seen in so small a picture."""

_UNSURE = 0.5
"""Share of people whose hands are not seen surely; those are blurred."""


_BLUR = 2.5
"""Pixels of the standard deviation of a hand's blur at confidence 0."""


@dataclass(frozen=True)
class SceneSettings:
    """What determines the scenes.

    Attributes:
        people: to learn from.
        held_out: others, with voices, words, motions and colours of their own, to be judged by.
        frames: of each.
        held_out_frames: of each of the others.
        seed: any number.
        edition: of the way that scenes are made.
    """

    people: int = 192
    held_out: int = 12
    frames: int = 24
    held_out_frames: int = 24
    seed: int = 0
    edition: int = 1


@dataclass
class Scene:
    """An item and what it was made from.

    Attributes:
        item: what training sees.
        sharp: (T, height, width, 3) the pictures before hands were blurred.
        points: (T, 2, 21, 2) pixels of the hands' points.
        opening: (T,) how far the lips are apart, as `speech.lips.lip_opening`.
        mouth: (T, 4) left, top, right, bottom of the mouth, pixels.
        regions: (T, height, width) uint8, 1 + the index in `REGIONS` of what a pixel shows, else 0.
        colours: (3, 3) sRGB of `REGIONS`, 0 to 255.
    """

    item: MemoryItem
    sharp: NDArray[np.uint8]
    points: NDArray[np.float32]
    opening: NDArray[np.float32]
    mouth: NDArray[np.float32]
    regions: NDArray[np.uint8]
    colours: NDArray[np.float32]


def make_scene(settings: SceneSettings, number: int) -> Scene:
    """Person `number`: the same whenever it is made. Those from `settings.people` on are held out."""
    random = np.random.default_rng([settings.seed, number])
    count = settings.frames if number < settings.people else settings.held_out_frames
    speech = _speech(random, count)
    # Sounds as they are heard, not as words are recognised: lips then depend on what the network hears alone.
    phones = acoustic_phones(speech_contours(speech), 0.0, speech.duration)
    face = lip_track(speech, FPS, count, phones)
    heard = prosody_features(speech, FPS)[:count]
    wide = face.replaced(values=np.clip(face.values * _louder(), 0, 1))
    return _draw(random, number, _gestures(random, count), wide, heard, lip_opening(face))


def _speech(random: np.random.Generator, count: int) -> Speech:
    """Sentences by one voice, with the second in which the last of them may fade."""
    voice = Voice(random)
    parts: list[NDArray[np.float32]] = []
    while sum(map(len, parts)) < (count / FPS + 1.0) * RATE:
        parts += [voice.speak(sentence(random)), np.zeros(round(random.uniform(0.1, 0.3) * RATE), np.float32)]
    return Speech.from_samples(np.concatenate(parts), RATE, "speech")


def _louder() -> NDArray[np.float64]:
    """(52,) how much more each face action does."""
    return np.array([_WIDER if name.startswith(("jaw", "mouth")) else 1.0 for name in FACE_ACTIONS])


def _gestures(random: np.random.Generator, count: int) -> HandMotion:
    """Gestures to accents of chance, so that hands tell nothing of the speech, nor the speech of the hands."""
    seconds = count / FPS + 4.0
    times = np.cumsum(random.uniform(0.35, 0.9, 40))
    times = times[times < seconds]
    style = str(random.choice(sorted(MANNERS)))
    planner = Planner(style, float(random.uniform(0.9, 1.5)), float(random.uniform(0.9, 1.4)), random, None)
    movement = planner.plan(times, random.uniform(0.5, 1.0, len(times)), [(0.0, seconds)])
    motion = play(movement, round(seconds * FPS), FPS, manner_of({style: 1.0}).idle, random)
    # From the second on in which hands have left their rest.
    first = round(1.5 * FPS)
    shown = motion.sliced(first, first + count)
    return shown.replaced(wrist_position=within_reach(shown.wrist_position + np.array([0.0, _RAISED, 0.0])))


def _draw(
    random: np.random.Generator,
    number: int,
    motion: HandMotion,
    face: FaceTrack,
    heard: NDArray[np.float32],
    opening: NDArray[np.float64],
) -> Scene:
    rig = load_rig()
    count = motion.frame_count
    shot = Shot(motion, solve_pose(rig, motion), face, _camera(rig, 1))
    colours = _colours(random)
    studio = Studio(rig, _camera(rig, 2))
    faces_seen = Studio(rig, shot.camera)
    palette = {**REGION_COLOURS, **{name: tuple(colour) for name, colour in zip(REGIONS, colours, strict=True)}}
    palette["nails"] = palette["skin"]
    palette["brows"] = tuple(0.7 * colours[1])
    studio.albedo = shading.to_linear(np.array(list(palette.values()), np.float64))
    shown = [REGION_NAMES.index(name) for name in REGIONS]
    maps = ShotMaps(shot, "mano_keypoints", rig)[:]
    sharp = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    regions = np.zeros((count, HEIGHT, WIDTH), np.uint8)
    points = np.empty((count, 2, 21, 2), np.float32)
    mouths, faces = np.empty((count, 4), np.float32), np.empty((count, 4), np.float32)
    for frame in range(count):
        vertices = vertices_at(shot, frame, rig)
        sharp[frame] = _smaller(studio.draw(vertices))
        seen = faces_seen.visible_faces(vertices)
        for place, region in enumerate(shown):
            regions[frame][(seen >= 0) & (rig.regions[seen] == region)] = place + 1
        points[frame] = keypoints(shot, frame, rig)[1]
        landmarks, _ = shot.camera.project(vertices[list(FACE_VERTICES)])
        faces[frame] = _box(landmarks, 1.0)
        mouths[frame] = _box(landmarks[48:], 1.0)
    confidence = np.ones((count, 2), np.float32)
    if random.random() < _UNSURE:
        confidence[:] = random.uniform(0, 0.3)
    pictures = _blurred_hands(sharp, maps[..., :3], confidence)
    hands = np.stack([[_box(one, 2.0) for one in both] for both in points])
    item = MemoryItem(f"person {number}", pictures, maps, heard, confidence, faces, hands.astype(np.float32))
    return Scene(item, sharp, points, opening.astype(np.float32), mouths, regions, colours.astype(np.float32))


def _camera(rig: Rig, times: int) -> Camera:
    top = float(rig.vertices[:, 1].max()) + 0.03
    height = times * HEIGHT
    distance = 2.8
    return Camera(
        times * WIDTH, height, height * distance / _SHOWN_METRES, np.array([0.0, top - _SHOWN_METRES / 2, distance])
    )


def _colours(random: np.random.Generator) -> NDArray[np.float64]:
    """(3, 3) sRGB of skin, hair and clothes."""
    light = random.uniform(0.25, 1.0)
    skin = light * np.array([235.0, random.uniform(165, 195), random.uniform(125, 165)])
    hair, top = (
        255 * np.array(colorsys.hsv_to_rgb(random.random(), random.uniform(*saturation), random.uniform(*value)))
        for saturation, value in (((0.1, 0.9), (0.15, 0.9)), ((0.3, 1.0), (0.3, 1.0)))
    )
    return np.stack([skin, hair, top]).astype(np.float64)


def _smaller(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half the size: every pixel the mean of four."""
    quarters = picture.reshape(HEIGHT, 2, WIDTH, 2, 3).astype(np.float32)
    return np.floor(quarters.mean(axis=(1, 3)) + 0.5).astype(np.uint8)


def _box(points: NDArray[np.floating], margin: float) -> NDArray[np.floating]:
    return np.concatenate([points.min(axis=0) - margin, points.max(axis=0) + margin])


def _blurred_hands(
    pictures: NDArray[np.uint8], mano: NDArray[np.uint8], confidence: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Hands as a fast shutter would not have seen them: the less sure, the more blurred."""
    blurred = pictures.astype(np.float32)
    for frame, sure in enumerate(confidence.mean(axis=1)):
        if sure < 1:
            soft = gaussian_filter(blurred[frame], (_BLUR * (1 - sure), _BLUR * (1 - sure), 0))
            near = np.clip(gaussian_filter((mano[frame].max(axis=2) > 0).astype(np.float32), 2.0) * 3, 0, 1)[..., None]
            blurred[frame] += near * (soft - blurred[frame])
    return np.floor(blurred + 0.5).astype(np.uint8)


_ARRAYS = ("frames", "drawn", "audio", "confidence", "face", "hands")
_MEASURED = ("sharp", "points", "opening", "mouth", "regions", "colours")


def load_scenes(folder: Path, settings: SceneSettings, workers: int = 2) -> tuple[list[Scene], list[Scene]]:
    """Make whatever is missing in `folder`, and read all: people to learn from, and held-out ones."""
    folder.mkdir(parents=True, exist_ok=True)
    key = "-".join(str(value) for value in asdict(settings).values())
    total = settings.people + settings.held_out
    paths = [folder / f"scene-{key}-{number:04d}.npz" for number in range(total)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    with ProcessPoolExecutor(workers) as pool:
        for _ in pool.map(partial(_write_scene, settings, paths), missing):
            pass
    scenes = [_read_scene(path, number) for number, path in enumerate(paths)]
    return scenes[: settings.people], scenes[settings.people :]


def _write_scene(settings: SceneSettings, paths: list[Path], number: int) -> None:
    scene = make_scene(settings, number)
    arrays = {name: getattr(scene.item, name) for name in _ARRAYS} | {name: getattr(scene, name) for name in _MEASURED}
    with atomic_path(paths[number]) as partial_path, partial_path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def _read_scene(path: Path, number: int) -> Scene:
    with np.load(path, allow_pickle=False) as arrays:
        item = MemoryItem(f"person {number}", *(arrays[name] for name in _ARRAYS))
        return Scene(item, *(arrays[name] for name in _MEASURED))
