# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot: everything an engine needs to render the edited hands, in memory and as one file.

The file is a zip of `shot.json` (plain values), one `.npz` without pickles (the tracks) and the media, each named by
its SHA-256. It is checked on reading and never unpacked to disk; the same shot always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy import __version__
from chironomy.body.pose import BodyPose
from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import Rig, load_rig
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion.face import FaceTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError

FORMAT = "chironomy.shot/1"

LARGEST_FILE = 2 << 30
"""Bytes that a shot may unpack to: an hour of tracks at 24 frames a second takes 0.4 GB, its speech up to 0.7 GB."""

LONGEST_LEAD = 86400.0
"""Seconds that sound may begin before or after the first frame: a day, to which a timeline may be set."""

LARGEST_DESCRIPTION = 1 << 20
"""Bytes that `shot.json` may have."""

_MEMBER = re.compile(r"(tracks|media)/([0-9a-f]{64})(\.[a-z0-9]{1,8})?")
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Media:
    """A sound or a picture: its file's name and bytes."""

    name: str
    data: bytes = field(repr=False)

    @classmethod
    def from_file(cls, path: str | Path) -> Media:
        """Read a file whole.

        Raises:
            VideoError: it does not exist, cannot be read, or is larger than a shot may be.
        """
        path = Path(path)
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise VideoError(f"{path.name} has {path.stat().st_size} bytes; a shot holds at most {LARGEST_FILE}")
            return cls(path.name, path.read_bytes())
        except OSError as error:
            raise VideoError(f"{path} cannot be read: {error.strerror}") from error

    @property
    def sha256(self) -> str:
        """The hash that names it, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def suffix(self) -> str:
        """The lower-case suffix of its name, such as ".wav"; "" where that is unusual."""
        suffix = Path(self.name).suffix.lower()
        return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""


@dataclass(frozen=True, eq=False)
class Shot:
    """What stage 2 renders. Hands, pose and face have the same frame rate and the same number of frames, T.

    Attributes:
        hands: the edited hand tracks.
        pose: every joint of the character as evaluated on the rig, (T, J, …).
        face: the face actions, (T, 52).
        camera: where from, and the size of the picture.
        speech: the sound; None for a silent shot.
        speech_start: seconds into the sound at frame 0; negative where the sound begins later, by that much. The one
            place that says where the sound lies beside hands, pose and face.
        reference: the portrait that an engine may take the person's looks from.
        frame_start: the first frame to render.
        frame_stop: the frame after the last one to render; None means T.
        engine: the name of the engine to render with.
        settings: the engine's own settings; JSON values only.
        proportions: of the person against the character; `pose` is of a body with these.

    Raises:
        VideoError: fields do not fit together; the sentence names the field.
    """

    hands: HandMotion
    pose: BodyPose
    face: FaceTrack
    camera: Camera
    speech: Media | None = None
    reference: Media | None = None
    frame_start: int = 0
    frame_stop: int | None = None
    engine: str = "previz"
    settings: dict[str, Any] = field(default_factory=dict)
    proportions: Proportions = field(default_factory=Proportions)
    speech_start: float = 0.0

    def __post_init__(self) -> None:
        frames = self.hands.frame_count
        for name, fps, count in (
            ("pose", self.pose.fps, len(self.pose.joint_rotation)),
            ("face", self.face.fps, len(self.face.values)),
        ):
            if count != frames:
                raise VideoError(f"{name} has {count} frames, but hands has {frames}; give both the same number")
            if abs(fps - self.hands.fps) > 1e-6:
                raise VideoError(f"{name} has {fps:g} frames a second, but hands has {self.hands.fps:g}")
        joints = self.pose.joint_rotation.shape[1]
        for name, shape in (("joint_rotation", (frames, joints, 4)), ("joint_position", (frames, joints, 3))):
            array = getattr(self.pose, name)
            if array.shape != shape or not np.isfinite(array).all():
                raise VideoError(f"pose {name} is {array.shape}, but must be finite numbers of shape {shape}")
        start = self.speech_start
        if isinstance(start, bool) or not isinstance(start, int | float) or not abs(start) <= LONGEST_LEAD:
            raise VideoError(f"speech_start is {start!r}, but must be seconds, at most {LONGEST_LEAD:g} either way")
        object.__setattr__(self, "speech_start", float(start))
        stop = frames if self.frame_stop is None else int(self.frame_stop)
        start = int(self.frame_start)
        if not 0 <= start < stop <= frames:
            raise VideoError(f"frames {start} to {stop} were asked for, but the tracks have frames 0 to {frames}")
        object.__setattr__(self, "frame_start", start)
        object.__setattr__(self, "frame_stop", stop)
        if not isinstance(self.engine, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", self.engine):
            raise VideoError(f"engine is {self.engine!r}, but must be a name such as previz")
        try:
            json.dumps(self.settings, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise VideoError(f"settings must hold JSON values only: {error}") from error
        if not isinstance(self.settings, dict):
            raise VideoError(f"settings is {type(self.settings).__name__}, but must be a dictionary")

    @property
    def rig(self) -> Rig:
        """The embedded character with the shot's proportions: what its pose is of."""
        return proportioned(load_rig(), self.proportions)

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.hands.fps

    @property
    def width(self) -> int:
        """Pixels."""
        return self.camera.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.camera.height

    @property
    def frames(self) -> range:
        """The frames to render."""
        assert self.frame_stop is not None
        return range(self.frame_start, self.frame_stop)

    def seconds_into_speech(self, frame: int) -> float:
        """Where in the sound a frame is, in seconds; negative before the sound begins."""
        return self.speech_start + frame / self.fps

    @property
    def tracks_sha256(self) -> str:
        """The hash of hands, pose and face, in hexadecimal: it names their file in `save`."""
        return hashlib.sha256(_pack_tracks(self)).hexdigest()

    def replaced(self, **fields: Any) -> Shot:
        """The same shot with some fields changed, checked again."""
        return replace(self, **fields)

    def save(self, path: str | Path) -> str:
        """Write the shot as a zip; whole or not at all.

        Returns:
            the SHA-256 of the file, in hexadecimal. The same shot gives the same file.
        """
        tracks = _pack_tracks(self)
        tracks_name = f"tracks/{hashlib.sha256(tracks).hexdigest()}.npz"
        members = {tracks_name: tracks}
        described: dict[str, Any] = {
            "format": FORMAT,
            "version": __version__,
            "camera": self.camera.to_dict(),
            "proportions": self.proportions.to_dict(),
            "engine": self.engine,
            "settings": self.settings,
            "frame_start": self.frame_start,
            "frame_stop": self.frame_stop,
            "speech_start": self.speech_start,
            "tracks": tracks_name,
        }
        for name in ("speech", "reference"):
            media: Media | None = getattr(self, name)
            described[name] = None
            if media is not None:
                member = f"media/{media.sha256}{media.suffix}"
                members[member] = media.data
                described[name] = {"file": member, "name": media.name}
        text = json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False).encode()
        digest = hashlib.sha256()
        with atomic_path(path) as partial:
            try:
                with zipfile.ZipFile(partial, "w") as archive:
                    for name, data in {"shot.json": text, **members}.items():
                        info = zipfile.ZipInfo(name, _FIXED_TIME)
                        # Sound is dense already and tracks are mostly noise to deflate; only the text is worth it.
                        info.compress_type = zipfile.ZIP_DEFLATED if name == "shot.json" else zipfile.ZIP_STORED
                        archive.writestr(info, data)
            except OSError as error:
                raise VideoError(f"{path} cannot be written: {error.strerror}") from error
            with partial.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    @classmethod
    def load(cls, path: str | Path, maximum_bytes: int = LARGEST_FILE) -> Shot:
        """Read a shot and check every part of it.

        Args:
            path: the zip that `save` wrote.
            maximum_bytes: what it may unpack to, at most.

        Raises:
            VideoError: the file is missing, damaged, too large, or a field is wrong; the message says which.
        """
        path = Path(path)
        try:
            with zipfile.ZipFile(path) as archive:
                return _read(archive, maximum_bytes)
        except FileNotFoundError as error:
            raise VideoError(f"the shot {path} does not exist") from error
        except OSError as error:
            raise VideoError(f"the shot {path} cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
            raise VideoError(f"{path.name} is not a shot that can be read: {error}") from error
        except ChironomyError as error:
            raise VideoError(f"{path.name} is not a shot that can be used: {error}") from error


def _pack_tracks(shot: Shot) -> bytes:
    stream = io.BytesIO()
    np.savez(
        stream,
        allow_pickle=False,
        fps=np.float64(shot.fps),
        wrist_position=shot.hands.wrist_position,
        rotation=shot.hands.rotation,
        confidence=shot.hands.confidence,
        source=np.array(json.dumps(shot.hands.source, sort_keys=True)),
        joint_rotation=np.asarray(shot.pose.joint_rotation, np.float64),
        joint_position=np.asarray(shot.pose.joint_position, np.float64),
        face=np.asarray(shot.face.values, np.float64),
    )
    return stream.getvalue()


def _read(archive: zipfile.ZipFile, maximum_bytes: int) -> Shot:
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if total > maximum_bytes:
        raise VideoError(f"it unpacks to {total} bytes, but {maximum_bytes} are allowed")
    names = [info.filename for info in infos]
    if len(set(names)) != len(names) or len(names) > 8:
        raise VideoError(f"it holds {len(names)} files, some twice or too many")
    if "shot.json" not in names:
        raise VideoError("it holds no shot.json")
    try:
        described = json.loads(_member(archive, "shot.json", LARGEST_DESCRIPTION))
    except (ValueError, RecursionError) as error:
        if isinstance(error, VideoError):
            raise
        raise VideoError(f"shot.json is not JSON: {error}") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        found = described.get("format") if isinstance(described, dict) else None
        raise VideoError(f"shot.json has the format {found!r}, but this version reads {FORMAT!r}")
    for name in ("camera", "engine", "settings", "frame_start", "frame_stop", "tracks", "speech", "reference"):
        if name not in described:
            raise VideoError(f"shot.json has no field {name}")
    for name in ("frame_start", "frame_stop"):
        if not isinstance(described[name], int) or isinstance(described[name], bool):
            raise VideoError(f"{name} is {described[name]!r}, but must be a whole number")
    tracks = _unpack_tracks(_named_member(archive, "tracks", described["tracks"], maximum_bytes))
    try:
        source = json.loads(str(tracks["source"]))
    except ValueError as error:
        raise VideoError(f"tracks field source is not JSON: {error}") from error
    fps = float(tracks["fps"])
    return Shot(
        hands=HandMotion(fps, tracks["wrist_position"], tracks["rotation"], tracks["confidence"], source),
        pose=BodyPose(fps, tracks["joint_rotation"], tracks["joint_position"]),
        face=FaceTrack(fps, tracks["face"]),
        camera=Camera.from_dict(described["camera"]),
        speech=_sound(_media(archive, "speech", described["speech"], maximum_bytes)),
        reference=_media(archive, "reference", described["reference"], maximum_bytes),
        frame_start=described["frame_start"],
        frame_stop=described["frame_stop"],
        engine=described["engine"],
        settings=described["settings"],
        # In shots of older versions people have no proportions of their own, and the sound begins at frame 0.
        proportions=Proportions.from_dict(described["proportions"]) if "proportions" in described else Proportions(),
        speech_start=described.get("speech_start", 0.0),
    )


def _member(archive: zipfile.ZipFile, name: str, maximum_bytes: int) -> bytes:
    """One member's bytes, never more than it declared: a zip that lies about sizes is cut short and refused."""
    with archive.open(name) as stream:
        data = stream.read(maximum_bytes + 1)
    if len(data) > maximum_bytes:
        raise VideoError(f"{name} is larger than {maximum_bytes} bytes")
    return data


def _named_member(archive: zipfile.ZipFile, field_name: str, member: Any, maximum_bytes: int) -> bytes:
    match = _MEMBER.fullmatch(member) if isinstance(member, str) else None
    if match is None:
        raise VideoError(f"{field_name} names the file {member!r}, but files are named by folder and SHA-256")
    if member not in archive.namelist():
        raise VideoError(f"{field_name} names the file {member}, which is not there")
    data = _member(archive, member, min(maximum_bytes, archive.getinfo(member).file_size))
    if hashlib.sha256(data).hexdigest() != match.group(2):
        raise VideoError(f"{field_name} was changed or damaged: its SHA-256 is not the one it is named by")
    return data


def _media(archive: zipfile.ZipFile, field_name: str, described: Any, maximum_bytes: int) -> Media | None:
    if described is None:
        return None
    if not isinstance(described, dict) or not isinstance(described.get("name"), str) or "file" not in described:
        raise VideoError(f"{field_name} must be null or an object with file and name")
    name = Path(described["name"].replace("\\", "/")).name or field_name
    return Media(name, _named_member(archive, field_name, described["file"], maximum_bytes))


def _sound(media: Media | None) -> Media | None:
    """The speech, unless it is a list of other files to open."""
    if media is not None:
        from chironomy.speech.sound import is_playlist

        if is_playlist(media.data[:200]):
            raise VideoError(f"speech {media.name} is a playlist, but must be a recording itself")
    return media


_TRACKS = ("fps", "wrist_position", "rotation", "confidence", "source", "joint_rotation", "joint_position", "face")


def _unpack_tracks(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of the tracks; a header that promises more than its bytes hold is refused before memory is taken."""
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        for name in _TRACKS:
            if f"{name}.npy" not in names:
                raise VideoError(f"tracks has no field {name}")
            info = archive.getinfo(f"{name}.npy")
            if info.compress_type != zipfile.ZIP_STORED:
                raise VideoError(f"tracks field {name} is compressed, but tracks are stored as they are")
            stream = io.BytesIO(_member(archive, info.filename, len(data)))
            try:
                version = np.lib.format.read_magic(stream)
                reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
                shape, fortran, dtype = reader[version](stream)
            except (ValueError, KeyError) as error:
                raise VideoError(f"tracks field {name} is not an array that can be read") from error
            wanted = "U" if name == "source" else "f"
            if dtype.kind != wanted or fortran:
                raise VideoError(
                    f"tracks field {name} holds {dtype}, but must hold {'text' if wanted == 'U' else 'floats'}"
                )
            content = stream.read()
            if any(size < 0 for size in shape) or int(np.prod(shape, dtype=object)) * dtype.itemsize != len(content):
                raise VideoError(f"tracks field {name} says its shape is {shape}, but holds {len(content)} bytes")
            arrays[name] = np.frombuffer(content, dtype).reshape(shape)
    for name in ("fps", "source"):
        if arrays[name].shape != ():
            raise VideoError(f"tracks field {name} has the shape {arrays[name].shape}, but must be a single value")
    return arrays
