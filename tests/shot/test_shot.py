# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot as a file: exact, checked, and refused with a sentence when it was changed."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest

from chironomy.errors import ChironomyError
from chironomy.motion import FaceTrack
from chironomy.shot.errors import VideoError
from chironomy.shot.shot import Media, Shot
from takes import FPS


@pytest.fixture
def saved(speaking_shot, tmp_path):
    path = tmp_path / "take.zip"
    speaking_shot.replaced(
        frame_start=1, frame_stop=5, settings={"threads": 1}, reference=Media("me.png", b"picture")
    ).save(path)
    return path


def rewritten(path, change, compression=zipfile.ZIP_STORED):
    """The file with its members changed by a function on a dict of bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target


def described(change):
    """A change of shot.json's fields."""

    def apply(members):
        fields = json.loads(members["shot.json"])
        change(fields)
        members["shot.json"] = json.dumps(fields).encode()

    return apply


def tracks(change):
    """A change of the tracks, under their true new hash."""

    def apply(members):
        name = next(name for name in members if name.startswith("tracks/"))
        arrays = dict(np.load(io.BytesIO(members.pop(name))))
        change(arrays)
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        new = f"tracks/{hashlib.sha256(stream.getvalue()).hexdigest()}.npz"
        members[new] = stream.getvalue()
        described(lambda fields: fields.update(tracks=new))(members)

    return apply


@pytest.mark.parametrize("start", [0.0, 1.25, -2.0])
def test_where_the_sound_lies_is_kept(speaking_shot, tmp_path, start):
    path = tmp_path / "take.zip"
    speaking_shot.replaced(speech_start=start).save(path)
    again = Shot.load(path)
    assert again.speech_start == start
    assert again.seconds_into_speech(FPS) == start + 1.0


def test_the_sound_of_an_older_shot_begins_at_frame_0(saved):
    older = rewritten(saved, described(lambda fields: fields.pop("speech_start")))
    assert Shot.load(older).speech_start == 0.0


@pytest.mark.parametrize("start", ["1", None, True, 1e9, [0]])
def test_sound_lies_at_no_impossible_time(saved, start):
    with pytest.raises(VideoError, match="speech_start is"):
        Shot.load(rewritten(saved, described(lambda fields: fields.update(speech_start=start))))


@pytest.mark.parametrize("start", [float("nan"), float("-inf"), "1"])
def test_sound_lies_at_a_finite_time(speaking_shot, start):
    with pytest.raises(VideoError, match="speech_start is"):
        speaking_shot.replaced(speech_start=start)


@pytest.mark.parametrize("text", [b"#EXTM3U\n/etc/hostname\n", b"ffconcat version 1.0\nfile 'other.wav'\n"])
def test_speech_may_not_be_a_playlist(speaking_shot, tmp_path, text):
    path = tmp_path / "take.zip"
    speaking_shot.replaced(speech=Media("speech.wav", text)).save(path)
    with pytest.raises(VideoError, match=r"speech speech\.wav is a playlist"):
        Shot.load(path)


def test_a_shot_comes_back_as_it_was(saved, speaking_shot):
    shot = Shot.load(saved)
    for before, after in (
        (speaking_shot.hands.wrist_position, shot.hands.wrist_position),
        (speaking_shot.hands.rotation, shot.hands.rotation),
        (speaking_shot.pose.joint_rotation, shot.pose.joint_rotation),
        (speaking_shot.pose.joint_position, shot.pose.joint_position),
        (speaking_shot.face.values, shot.face.values),
    ):
        np.testing.assert_allclose(before, after, rtol=0, atol=1e-12)
    assert shot.fps == FPS
    assert (shot.width, shot.height) == (256, 352)
    assert list(shot.frames) == [1, 2, 3, 4]
    assert shot.settings == {"threads": 1}
    assert shot.speech == speaking_shot.speech
    assert shot.reference == Media("me.png", b"picture")
    assert shot.camera.to_dict() == speaking_shot.camera.to_dict()


def test_the_same_shot_gives_the_same_file(speaking_shot, tmp_path):
    first, second = speaking_shot.save(tmp_path / "a.zip"), speaking_shot.save(tmp_path / "b.zip")
    assert first == second == hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()


def test_every_file_inside_is_named_by_its_hash(saved):
    with zipfile.ZipFile(saved) as archive:
        names = set(archive.namelist()) - {"shot.json"}
        assert len(names) == 3
        for name in names:
            assert hashlib.sha256(archive.read(name)).hexdigest() in name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.pop("shot.json"), "no shot.json"),
        (lambda m: m.update({"shot.json": b"{"}), "not JSON"),
        (lambda m: m.update({"shot.json": b'{"format": "other/2"}'}), "format 'other/2'"),
        (lambda m: m.update({f"media/{k}": b"" for k in range(9)}), "too many"),
        (described(lambda f: f.pop("engine")), "no field engine"),
        (described(lambda f: f.update(engine="../x")), "engine is '../x'"),
        (described(lambda f: f.update(frame_start="1")), "frame_start is '1'"),
        (described(lambda f: f.update(frame_stop=99)), "frames 1 to 99"),
        (described(lambda f: f["camera"].update(focal=0)), "focal is 0"),
        (described(lambda f: f.update(tracks="../../etc/passwd")), "tracks names the file '../../etc/passwd'"),
        (described(lambda f: f["speech"].update(file="media/" + 64 * "0" + ".wav")), "speech names .* not there"),
        (described(lambda f: f.update(reference=7)), "reference must be"),
        (tracks(lambda a: a.pop("face")), "no field face"),
        (tracks(lambda a: a.update(face=a["face"][:, :51])), "values"),
        (tracks(lambda a: a.update(rotation=a["rotation"][:, :1])), "rotation"),
        (tracks(lambda a: a.update(rotation=2 * a["rotation"])), "rotation"),
        (tracks(lambda a: a.update(wrist_position=np.full((6, 2, 3), np.nan))), "wrist_position"),
        (tracks(lambda a: a.update(joint_rotation=a["joint_rotation"][:5])), "joint_position|pose has"),
        (tracks(lambda a: a.update(joint_rotation=np.full_like(a["joint_rotation"], np.inf))), "joint_rotation"),
        (tracks(lambda a: a.update(fps=np.float64(0))), "fps"),
        (tracks(lambda a: a.update(fps=np.array([24.0, 25.0]))), "fps has the shape"),
        (tracks(lambda a: a.update(source=np.array("{"))), "source is not JSON"),
        (tracks(lambda a: a.update(confidence=a["confidence"].astype(complex))), "confidence holds complex numbers"),
        (tracks(lambda a: a.update(face=a["face"].astype(str))), "face holds text"),
    ],
)
def test_a_damaged_part_is_named(saved, change, said):
    with pytest.raises(VideoError, match=said):
        Shot.load(rewritten(saved, change))


@pytest.mark.parametrize("folder", ["tracks", "media"])
def test_a_changed_byte_is_noticed(saved, folder):
    def flip(members):
        name = next(name for name in members if name.startswith(folder))
        members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])

    with pytest.raises(VideoError, match="SHA-256"):
        Shot.load(rewritten(saved, flip))


def test_pickles_are_never_opened(saved):
    def pickled(arrays):
        arrays["face"] = np.array([{"a": 1}], dtype=object)

    with pytest.raises(VideoError, match="face holds Python objects"):
        Shot.load(rewritten(saved, tracks(pickled)))


def test_an_array_that_promises_more_than_it_holds_is_refused(saved):
    def lie(members):
        name = next(name for name in members if name.startswith("tracks/"))
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(members.pop(name))) as old, zipfile.ZipFile(stream, "w") as new:
            for info in old.infolist():
                data = old.read(info)
                if info.filename == "face.npy":
                    header = io.BytesIO()
                    described_array = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 52)}
                    np.lib.format.write_array_header_1_0(header, described_array)
                    data = header.getvalue() + b"short"
                new.writestr(info.filename, data)
        changed = f"tracks/{hashlib.sha256(stream.getvalue()).hexdigest()}.npz"
        members[changed] = stream.getvalue()
        described(lambda fields: fields.update(tracks=changed))(members)

    with pytest.raises(VideoError, match="face says its shape"):
        Shot.load(rewritten(saved, lie))


def test_a_file_that_unpacks_to_too_much_is_refused(saved):
    def swell(members):
        members["media/large"] = bytes(1 << 22)

    swollen = rewritten(saved, swell, zipfile.ZIP_DEFLATED)
    assert swollen.stat().st_size < 1 << 20
    with pytest.raises(VideoError, match="unpacks to"):
        Shot.load(swollen, maximum_bytes=1 << 21)


def test_what_is_no_zip_or_not_there_is_said(tmp_path):
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(VideoError, match=r"text\.zip is no whole zip file"):
        Shot.load(tmp_path / "text.zip")
    with pytest.raises(VideoError, match="does not exist"):
        Shot.load(tmp_path / "none.zip")


def test_a_shot_that_cannot_be_written_leaves_nothing(shot, tmp_path):
    with pytest.raises(ChironomyError, match="no folder"):
        shot.save(tmp_path / "missing" / "take.zip")
    assert list(tmp_path.iterdir()) == []


def test_tracks_of_different_lengths_are_refused(shot):
    with pytest.raises(VideoError, match="face has 5 frames, but hands has 6"):
        shot.replaced(face=FaceTrack(FPS, shot.face.values[:5]))
    with pytest.raises(VideoError, match="face has 25 frames a second"):
        shot.replaced(face=FaceTrack(25, shot.face.values))


def test_settings_must_be_json(shot):
    with pytest.raises(VideoError, match="settings"):
        shot.replaced(settings={"seed": np.float64("nan")})
