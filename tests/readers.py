# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reader of a file that comes from others, with a small file that it reads and what may happen to that."""

import json
import math
import pickle
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chironomy.body.accompaniment import Accompaniment, load_accompaniment, save_accompaniment
from chironomy.body.mano import read_mano_model
from chironomy.body.performance import Performance, load_performance, save_performance
from chironomy.body.rig import load_rig
from chironomy.body.smplx_model import load_smplx_model
from chironomy.gesture import clips
from chironomy.gesture.pins import load_pinned_mask
from chironomy.motion import load_face, load_hands, load_motion, save_face, save_hands, save_smplx
from chironomy.motion import rotation as quaternion
from chironomy.shot.fit import Fit
from chironomy.shot.packed import unpack_pictures
from chironomy.shot.shot import Shot
from chironomy.speech.words.transcripts import read_transcript
from damage import ARRAYS, BYTES, GLB, PICTURE, SHOT, TEXT, WAVE, WORDS, Damage, answer
from shots import small_speaking_shot
from takes import hands_before_the_chest, write_tone


@dataclass(frozen=True)
class Reader:
    """How a kind of file is written and read, and what may happen to it."""

    file: str
    write: Callable[[Path, Shot], Any]
    read: Callable[[Path], Any]
    damages: list[Damage]
    count: int = 40


def _fit(path: Path, shot: Shot) -> None:
    Fit(
        camera=shot.camera,
        proportions=shot.proportions,
        wrist_position=shot.hands.wrist_position[0],
        hand_rotation=shot.hands.rotation[0],
        hands_seen=np.array([True, False]),
        head_rotation=quaternion.IDENTITY,
        points={"nose": (1.0, 2.0)},
        residuals={"nose": 0.01},
        notes=("a note",),
    ).save(path)


def _accompaniment(path: Path, _: Shot) -> None:
    turn = np.tile(quaternion.IDENTITY, (5, 1))
    shoulder, shift = np.tile(turn[:, None], (1, 2, 1)), np.zeros((5, 3))
    save_accompaniment(Accompaniment(24.0, turn, turn, shoulder, turn, shift), path)


def _performance(path: Path, shot: Shot) -> None:
    save_performance(Performance(shot.hands, shot.face, None), path)


def _parts(path: Path, _: Shot) -> None:
    angles = np.random.default_rng(1)
    np.savez(
        path,
        root_orient=np.zeros((30, 3)),
        pose_body=angles.normal(size=(30, 63)) / 9,
        pose_hand=angles.normal(size=(30, 90)) / 9,
        mocap_framerate=30.0,
    )


def _model(path: Path, _: Shot) -> None:
    places = np.random.default_rng(0).normal(size=(55, 3))
    fields: dict[str, Any] = {"v_template": places, "shapedirs": np.zeros((55, 3, 10)), "J_regressor": np.eye(55)}
    fields |= {f"hands_mean{side}": np.zeros(45) for side in "lr"}
    fields |= {f"hands_components{side}": np.eye(45) for side in "lr"}
    fields["hands_mean"] = np.zeros(45)
    if path.suffix == ".npz":
        np.savez_compressed(path, **fields)
    else:
        path.write_bytes(pickle.dumps(fields, protocol=2))


def _keypoints(path: Path, _: Shot) -> None:
    from chironomy.video.talking.training.tracks import KeypointTracks

    places = np.full((4, 2, 21, 2), 20.0)
    KeypointTracks(
        path, 24.0, (64, 64), places[:, 0, :12], places, np.ones((4, 2)), np.tile([1.0, 1, 9, 9], (4, 1))
    ).save()


def _read_keypoints(path: Path) -> Any:
    from chironomy.video.talking.training.tracks import KeypointTracks

    return KeypointTracks.load(path)


def _clips(path: Path, _: Shot) -> None:
    clip = clips.Clip(np.zeros((9, 34), np.float16), np.zeros((9, 198), np.float32), np.ones(5, np.float32))
    clips.write_shard(path, [clip, clip])


def _manifest(path: Path, _: Shot) -> None:
    clips.write_description(path.parent, {"shards": 0, "style_names": ["a"], "fps": 24.0, "trained_on": "x"})


def _pictures(path: Path, _: Shot) -> None:
    from chironomy.shot.packed import pack_pictures

    folder = path.with_name("take")
    folder.mkdir()
    for name in ("take.00000.png", "take.00001.png", "take.wav", "about.json"):
        (folder / name).write_bytes(name.encode() * 9)
    pack_pictures(folder, path)


def _unpack(path: Path) -> None:
    unpack_pictures(path, path.with_name(f"out-{path.stat().st_mtime_ns}"))


def _rig(path: Path, _: Shot) -> None:
    path.write_bytes((Path(load_rig.__code__.co_filename).with_name("rig.npz")).read_bytes())


_SCRIPTS = {
    ".txt": "Hello [wave] you\n안녕 [big] so\n",
    ".srt": "1\n00:00:00,500 --> 00:00:02,000\nHello and\n\n2\n00:00:03,000 --> 00:00:04,000\nwelcome\n",
    ".vtt": "WEBVTT\n\n00:00.500 --> 00:02.000\nHello <00:00:01.000>and\n\n00:03.000 --> 00:04.000\nwelcome\n",
    ".TextGrid": 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n1\n"IntervalTier"\n'
    '"words"\n0\n3\n2\n0\n1\n"hello"\n1\n3\n"you"\n',
}


def _script(path: Path, _: Shot) -> None:
    path.write_text(_SCRIPTS[path.suffix], encoding="utf-8")


def _transcript(path: Path, _: Shot) -> None:
    words = [{"word": " Hello", "start": 0.5, "end": 0.9}, {"word": " you", "start": 1.0, "end": 1.2}]
    segment = {"start": 0.5, "end": 1.2, "text": " Hello you", "words": words}
    path.write_text(json.dumps({"language": "en", "segments": [segment, {**segment, "words": []}]}))


def _vrma(path: Path, _: Shot) -> None:
    from chironomy.body.pose import solve_pose
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
    from chironomy.exchange.vrma import save_vrma

    rig = load_rig()
    motion = in_t_pose(rig, skeleton_of_pose(rig, solve_pose(rig, hands_before_the_chest(4))))
    save_vrma(motion, path.with_suffix(".vrma"))
    if path.suffix != ".vrma":
        path.with_suffix(".vrma").replace(path)


def _bvh(path: Path, _: Shot) -> None:
    joints = (
        "HIERARCHY\nROOT hips\n{\nOFFSET 0 90 0\n"
        "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
        "JOINT arm\n{\nOFFSET 10 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\nEnd Site\n{\nOFFSET 20 0 0\n}\n}\n}\n"
    )
    frames = "\n".join(" ".join(f"{number + column:.3f}" for column in range(9)) for number in range(5))
    path.write_text(f"{joints}MOTION\nFrames: 5\nFrame Time: 0.0333333\n{frames}\n")


def _read_hands(path: Path) -> Any:
    from chironomy.exchange.files import load_hand_motion

    return load_hand_motion(path)


def _read_bvh(path: Path) -> Any:
    from chironomy.exchange.bvh import load_bvh

    return load_bvh(path)


def _sound(path: Path, _: Shot) -> None:
    import soundfile

    write_tone(path.with_suffix(".wav"), 0.3)
    if path.suffix != ".wav":
        samples, rate = soundfile.read(path.with_suffix(".wav"))
        soundfile.write(path, samples, rate)


def _read_sound(path: Path) -> Any:
    from chironomy.speech.decode import load_speech

    return load_speech(path)


def _picture(path: Path, _: Shot) -> None:
    from PIL import Image

    pixels = np.random.default_rng(3).integers(0, 255, (96, 80, 3), np.uint8)
    Image.fromarray(pixels).resize((320, 384)).save(path)


def _read_picture(path: Path) -> Any:
    from chironomy.video.portrait.picture import read_picture

    return read_picture(path)


def _score(path: Path, _: Shot) -> None:
    from chironomy.gesture.score.phrases import Phrase, Score, Stroke

    first = Phrase(0.5, 1.5, (Stroke(0.9, 0.1),), "beat", "right")
    score = Score((first, Phrase(2.0, 3.0, (Stroke(2.4),), "wave", "both", size=0.2, word="so")), 4.0)
    score.save(path)


def _read_score(path: Path) -> Any:
    from chironomy.gesture.score.phrases import Score

    return Score.load(path)


def _own_pose(path: Path, _: Shot) -> None:
    from chironomy.gesture.repertoire.own_hand_poses import save_own_pose

    save_own_pose(path.parent, "damaged", np.tile(quaternion.IDENTITY, (15, 1)))
    next(path.parent.glob("hand-*.json")).replace(path)


def _read_own_pose(path: Path) -> Any:
    from chironomy.gesture.repertoire.own_hand_poses import load_own_pose

    return load_own_pose(path)


def _bone_map(path: Path, _: Shot) -> None:
    from chironomy.retarget.bone_map import BoneMap
    from chironomy.retarget.roles import all_roles

    BoneMap({role: f"bone {role}" for role in all_roles()}).save(path)


def _read_bone_map(path: Path) -> Any:
    from chironomy.retarget.bone_map import BoneMap

    return BoneMap.load(path)


def _plan(path: Path, _: Shot) -> None:
    from chironomy.service.farm.plan import items_of, write_plan

    write_tone(path.with_name("damaged.wav"), 0.3)
    write_plan(path, items_of([path.with_name("damaged.wav")], video={"width": 256, "height": 256}))


def _read_plan(path: Path) -> Any:
    from chironomy.service.farm.plan import read_plan

    return read_plan(path)


def _users(path: Path, _: Shot) -> None:
    from chironomy.service.users import add_user

    add_user(path, "ana")
    add_user(path, "ben")


def _read_users(path: Path) -> Any:
    from chironomy.service.users import read_users

    return read_users(path)


def _handshake(path: Path, _: Shot) -> None:
    told = {"url": "http://127.0.0.1:8123", "token": "a-token-of-more-than-16-characters", "pid": 1, "version": "1.0"}
    path.write_text(json.dumps(told))


def _read_handshake(path: Path) -> Any:
    from chironomy.client.process import read_handshake

    return read_handshake(path)


def _tensors(path: Path, _: Shot) -> None:
    from chironomy.gesture import embedded_weights

    source = min(Path(embedded_weights()).rglob("*.safetensors"), key=lambda found: found.stat().st_size)
    path.write_bytes(source.read_bytes())


def _read_tensors(path: Path) -> Any:
    from chironomy.gesture.runtime.weights import read_tensors

    return read_tensors(path)


READERS: dict[str, Reader] = {
    "motion": Reader("damaged.npz", lambda path, _: save_hands(hands_before_the_chest(5), path), load_hands, ARRAYS),
    "smplx": Reader("damaged.npz", lambda path, _: save_smplx(hands_before_the_chest(5), path), load_motion, ARRAYS),
    "amass": Reader("damaged.npz", _parts, load_motion, ARRAYS),
    "face": Reader("damaged.npz", lambda path, shot: save_face(shot.face, path), load_face, ARRAYS),
    "accompaniment": Reader("damaged.npz", _accompaniment, load_accompaniment, ARRAYS),
    "performance": Reader("damaged.zip", _performance, load_performance, ARRAYS),
    "pinned mask": Reader(
        "damaged.npz", lambda path, _: np.savez(path, mask=np.ones((9, 2), bool)), load_pinned_mask, ARRAYS
    ),
    "rig": Reader("damaged.npz", _rig, load_rig, ARRAYS, 8),
    "smplx model": Reader("damaged.npz", _model, load_smplx_model, ARRAYS),
    "smplx pickle": Reader("damaged.pkl", _model, load_smplx_model, BYTES),
    "mano": Reader("damaged.npz", _model, read_mano_model, ARRAYS),
    "mano pickle": Reader("damaged.pkl", _model, read_mano_model, BYTES),
    "shot": Reader("damaged.zip", lambda path, shot: shot.save(path), Shot.load, SHOT),
    "fit": Reader("damaged.json", _fit, Fit.load, TEXT),
    **{f"script{end}": Reader(f"damaged{end}", _script, read_transcript, BYTES) for end in _SCRIPTS},
    "transcript": Reader("damaged.json", _transcript, read_transcript, TEXT),
    "keypoints": Reader("damaged.npz", _keypoints, _read_keypoints, ARRAYS),
    "clips": Reader("damaged.npz", _clips, lambda path: list(clips.read_shard(path)), ARRAYS),
    "description of clips": Reader("clips.json", _manifest, lambda path: clips.read_description(path.parent), TEXT),
    "pictures": Reader("damaged.zip", _pictures, _unpack, [*BYTES, *ARRAYS[3:5]]),
    **{f"sound{end}": Reader(f"damaged{end}", _sound, _read_sound, BYTES, 8) for end in (".flac", ".ogg")},
    "sound.wav": Reader("damaged.wav", _sound, _read_sound, WAVE),
    "picture.png": Reader("damaged.png", _picture, _read_picture, PICTURE),
    **{f"picture{end}": Reader(f"damaged{end}", _picture, _read_picture, BYTES) for end in (".jpg", ".webp", ".gif")},
    "bvh": Reader("damaged.bvh", _bvh, _read_bvh, WORDS),
    "glb": Reader("damaged.glb", _vrma, _read_hands, GLB),
    "vrma": Reader("damaged.vrma", _vrma, _read_hands, GLB),
    "score": Reader("damaged.json", _score, _read_score, TEXT),
    "own hand pose": Reader("damaged.json", _own_pose, _read_own_pose, TEXT),
    "bone map": Reader("damaged.json", _bone_map, _read_bone_map, TEXT),
    "plan of a batch": Reader("damaged.json", _plan, _read_plan, TEXT),
    "users": Reader("damaged.json", _users, _read_users, TEXT),
    "handshake": Reader("damaged.json", _handshake, _read_handshake, TEXT),
    "safetensors": Reader("damaged.safetensors", _tensors, _read_tensors, BYTES, 12),
}


@dataclass
class Told:
    """What a reader said of damaged files.

    Attributes:
        read: how many it read, in spite of the damage.
        sentences: how many it answered in one sentence.
        wrong: what else it did.
        longest: seconds that one file took, and which.
    """

    read: int = 0
    sentences: int = 0
    wrong: list[str] = field(default_factory=list)
    longest: tuple[float, str] = (0.0, "")


def tell(reader: Reader, shot: Shot, folder: Path, count: int, seed: int, seconds: float = math.inf) -> Told:
    """What a reader says of `count` damaged files, or as many as some seconds suffice for; it must read the whole."""
    path, rng, told = folder / reader.file, np.random.default_rng(seed), Told()
    reader.write(path, shot)
    whole = path.read_bytes()
    assert answer(lambda: reader.read(path), path.name) == ""
    began = time.monotonic()
    for number in range(count):
        damage = reader.damages[number % len(reader.damages)]
        path.write_bytes(damage(whole, rng))
        start = time.monotonic()
        said = answer(lambda: reader.read(path), path.stem)
        end = time.monotonic()
        told.longest = max(told.longest, (end - start, f"{number} {damage.__name__}"))
        if said == "":
            told.read += 1
        elif said == "sentence":
            told.sentences += 1
        else:
            told.wrong.append(f"{number} {damage.__name__}: {said}")
        if end - began > seconds:
            break
    return told


def small_shot() -> Shot:
    """As the fixture `speaking_shot`."""
    with tempfile.TemporaryDirectory() as folder:
        return small_speaking_shot(Path(folder))
