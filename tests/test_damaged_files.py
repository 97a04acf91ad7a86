# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reader answers every damaged file in one sentence of the project's own, or reads it."""

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chironomy.body.accompaniment import Accompaniment, load_accompaniment, save_accompaniment
from chironomy.body.mano import read_mano_model
from chironomy.body.performance import Performance, load_performance, save_performance
from chironomy.body.rig import load_rig
from chironomy.body.smplx_model import load_smplx_model
from chironomy.errors import ChironomyError
from chironomy.gesture import clips
from chironomy.gesture.pins import load_pinned_mask
from chironomy.motion import load_face, load_hands, load_motion, save_face, save_hands, save_smplx
from chironomy.motion import rotation as quaternion
from chironomy.shot.fit import Fit
from chironomy.shot.packed import unpack_pictures
from chironomy.shot.shot import Shot
from chironomy.speech.words.transcripts import read_transcript
from damage import ARRAYS, BYTES, SHOT, TEXT, Damage, answer
from shots import rig, shot, speaking_shot
from takes import hands_before_the_chest

__all__ = ["rig", "shot", "speaking_shot"]


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
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_damaged_file_is_read_or_answered_in_one_sentence(kind: str, speaking_shot: Shot, tmp_path: Path) -> None:
    reader = READERS[kind]
    assert tell(reader, speaking_shot, tmp_path, reader.count, seed=7) == []


def tell(reader: Reader, shot: Shot, folder: Path, count: int, seed: int) -> list[str]:
    """What a reader said that is no sentence, of `count` damaged files; the whole file must be read."""
    path, rng, wrong = folder / reader.file, np.random.default_rng(seed), []
    reader.write(path, shot)
    whole = path.read_bytes()
    assert answer(lambda: reader.read(path), path.name) == ""
    for number in range(count):
        damaged = reader.damages[number % len(reader.damages)](whole, rng)
        path.write_bytes(damaged)
        said = answer(lambda: reader.read(path), path.stem)
        if said not in ("", "sentence"):
            wrong.append(f"{number} {reader.damages[number % len(reader.damages)].__name__}: {said}")
    return wrong


def test_a_long_and_deep_text_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    for text in (
        "[" * 100_000,
        '{"a":' * 300 + "1" + "}" * 300,
        "1" * 5000,
        " " * (2 << 20),
        json.dumps({"format": 3}),
    ):
        path.write_text(text)
        assert answer(lambda: Fit.load(path), "fit.json") == "sentence"


def test_members_without_end_are_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", **{f"m{number}": np.zeros(1) for number in range(2001)})
    with pytest.raises(ChironomyError, match="holds 2001 members, and 2000 are the most"):
        load_hands(tmp_path / "many.npz")
