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

from chironomy import __version__
from chironomy.body.pose import BodyPose
from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import Rig, load_rig
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion.face import FaceTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import LARGEST_JSON, Archive, read_arrays
from chironomy.schema import Schema
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError

SHOT_FILE = Schema("chironomy.shot", "a shot", VideoError, "save it anew from Blender or by chironomy animate")

LARGEST_FILE = 2 << 30
"""Bytes that a shot may unpack to: an hour of tracks at 24 frames a second takes 0.4 GB, its speech up to 0.7 GB."""

MOST_MEMBERS = 8
"""Files that a shot may hold."""

LONGEST_LEAD = 86400.0
"""Seconds that sound may begin before or after the first frame: a day, to which a timeline may be set."""

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
            "format": SHOT_FILE.format,
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
        with Archive(path, VideoError, advice=SHOT_FILE.advice, maximum_bytes=maximum_bytes) as archive:
            try:
                return _read(archive, maximum_bytes)
            except ChironomyError as error:
                if str(error).startswith(archive.about.name):
                    raise
                raise VideoError(f"{path.name} is not a shot that can be used: {error}") from error


def _pack_tracks(shot: Shot) -> bytes:
    stream = io.BytesIO()
    np.savez(
        stream,
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


def _read(archive: Archive, maximum_bytes: int) -> Shot:
    if len(archive.names) > MOST_MEMBERS:
        raise VideoError(f"it holds {len(archive.names)} files, too many")
    if "shot.json" not in archive.names:
        raise VideoError("it holds no shot.json")
    described = SHOT_FILE.read_json(archive.read("shot.json", LARGEST_JSON), name="shot.json")
    for name in ("camera", "engine", "settings", "frame_start", "frame_stop", "tracks", "speech", "reference"):
        if name not in described:
            raise VideoError(f"shot.json has no field {name}")
    for name in ("frame_start", "frame_stop"):
        if not isinstance(described[name], int) or isinstance(described[name], bool):
            raise VideoError(f"{name} is {described[name]!r:.60}, but must be a whole number")
    tracks = read_arrays(
        _named_member(archive, "tracks", described["tracks"], maximum_bytes),
        VideoError,
        name="tracks",
        advice=SHOT_FILE.advice,
        maximum_bytes=maximum_bytes,
    )
    fps = tracks.number("fps")
    hands = HandMotion(
        fps=fps,
        wrist_position=tracks.numbers("wrist_position"),
        rotation=tracks.numbers("rotation"),
        confidence=tracks.numbers("confidence"),
        source=tracks.json("source"),
    )
    return Shot(
        hands=hands,
        pose=BodyPose(fps, tracks.numbers("joint_rotation"), tracks.numbers("joint_position")),
        face=FaceTrack(fps, tracks.numbers("face")),
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


def _named_member(archive: Archive, field_name: str, member: Any, maximum_bytes: int) -> bytes:
    match = _MEMBER.fullmatch(member) if isinstance(member, str) else None
    if match is None:
        raise VideoError(f"{field_name} names the file {member!r:.90}, but files are named by folder and SHA-256")
    if member not in archive.names:
        raise VideoError(f"{field_name} names the file {member}, which is not there")
    data = archive.read(member, maximum_bytes)
    if hashlib.sha256(data).hexdigest() != match.group(2):
        raise VideoError(f"{field_name} was changed or damaged: its SHA-256 is not the one it is named by")
    return data


def _media(archive: Archive, field_name: str, described: Any, maximum_bytes: int) -> Media | None:
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
