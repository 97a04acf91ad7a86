# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense motion to sparse Bezier keys within stated errors, so that an animator gets curves and not a key a frame.

All curves here have their handles at thirds of the intervals (`SparseKeys.from_slopes`) and smooth keys. Errors are
bounded at every whole frame, evaluated as Blender evaluates F-curves, quaternions component by component and then
normalised.

Keys that belong to the animator are named by `required_frames`: there a key is placed, exactly on the dense motion,
and the rest is fitted around it. Where such a key is to keep its own handles, require the frames beside it too: then
its handles act only between those frames.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys, evaluate
from chironomy.motion.errors import MotionError
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion
from chironomy.motion.hand_shape import NOMINAL_HAND, HandShape
from chironomy.motion.spline import Spline, Track, fit_splines, place_knots

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

# What stays below the bounds for Blender's single precision.
_MARGIN = 0.98
# Shares of the fingertip's tolerance that wrist position, wrist rotation and the three joints of a finger may take at
# first. They sum to more than one because errors seldom peak together; where they do, the bounds are tightened. Chosen
# for the fewest keys on minimum-jerk gestures.
_POSITION_SHARE, _WRIST_SHARE = 0.40, 0.42
_JOINT_SHARES = (0.60, 0.38, 0.20)
# Rounds of tightening before frames that still miss are made exact.
_ROUNDS = 6
# What contributes less than this part of a fingertip's error is not tightened.
_NEGLIGIBLE = 0.15


@dataclass(frozen=True, eq=False)
class BoneKeys:
    """The keys of one bone; location and rotation share their frames.

    Attributes:
        rotation: K keys of 4 channels, wxyz.
        location: K keys of 3 channels, metres, or None for bones that only turn.
    """

    rotation: SparseKeys
    location: SparseKeys | None = None

    @property
    def frames(self) -> Frames:
        """The (K,) key frames."""
        return self.rotation.frames


def reduce_curves(tracks: Sequence[Track], required_frames: ArrayLike | None = None) -> list[SparseKeys]:
    """Reduce several tracks that share their key frames, like the location and rotation of one bone.

    Args:
        tracks: dense values and tolerances, all of T frames.
        required_frames: frames, 0 to T - 1, that get a key which lies exactly on the dense values.

    Returns:
        The keys of each track. Besides the required frames, the first and the last have keys; tracks that do not
        change at all have one key.

    Raises:
        MotionError: the tracks' shapes do not agree, a tolerance is not positive, or a required frame is not in them.
    """
    return _reduced([tracks], [required_frames])[0]


def reduce_position(values: ArrayLike, tolerance: ArrayLike, required_frames: ArrayLike | None = None) -> SparseKeys:
    """Reduce dense values (T, C), such as a location in metres, to keys within `tolerance` (Euclidean) at every frame.

    Args:
        values: (T, C).
        tolerance: in the unit of the values; one number or (T,).
        required_frames: as in `reduce_curves`.

    Raises:
        MotionError: as in `reduce_curves`.
    """
    return reduce_curves([_track(values, tolerance, rotation=False)], required_frames)[0]


def reduce_columns(
    values: ArrayLike, tolerance: float, required_frames: Sequence[ArrayLike | None] | None = None
) -> list[SparseKeys]:
    """Reduce each column of dense values, such as face actions, to keys of its own: all at once, which is quicker.

    Args:
        values: (T, C).
        tolerance: in the unit of the values.
        required_frames: of each column, as in `reduce_curves`.

    Raises:
        MotionError: as in `reduce_curves`.
    """
    bundles = [[_track(column, tolerance, rotation=False)] for column in np.asarray(values, np.float64).T[:, :, None]]
    return [keys for (keys,) in _reduced(bundles, required_frames or [None] * len(bundles))]


def reduce_rotation(q: ArrayLike, tolerance_rad: ArrayLike, required_frames: ArrayLike | None = None) -> SparseKeys:
    """Reduce dense rotations to keys of quaternion channels within an angle of `tolerance_rad` at every frame.

    Args:
        q: (T, 4) unit quaternions, wxyz. Signs are made continuous from the first on.
        tolerance_rad: radians; one number or (T,).
        required_frames: as in `reduce_curves`.

    Raises:
        MotionError: as in `reduce_curves`.
    """
    return reduce_curves([_track(q, tolerance_rad, rotation=True)], required_frames)[0]


def hand_bones() -> tuple[str, ...]:
    """Return the names of the 32 bones that carry a hand motion: `hand.L`, `index1.L` … `thumb3.R`."""
    return tuple(f"{'hand' if name == 'wrist' else name}.{side}" for side in "LR" for name in MANO_JOINTS)


def reduce_hands(
    motion: HandMotion,
    fingertip_tolerance: float = 0.002,
    joint_tolerance: float = float(np.radians(1.0)),
    required_frames: Mapping[str, ArrayLike] | ArrayLike | None = None,
    shape: HandShape = NOMINAL_HAND,
) -> dict[str, BoneKeys]:
    """Reduce a motion to sparse keys of the hand controls and finger bones.

    At every frame each joint turns within `joint_tolerance` of the dense motion and each fingertip lies within
    `fingertip_tolerance` of where it was, by forward kinematics over `shape` from the wrist on. Location is the
    wrist's in the frame of the body; rotations are those of `HandMotion`. `SparseKeys.mapped` takes them into the frame
    of any bone.

    Args:
        motion: the dense motion.
        fingertip_tolerance: metres.
        joint_tolerance: radians, at most 90 degrees.
        required_frames: as in `reduce_curves`; for all bones, or by bone name.
        shape: the hand's bones; the default is a large adult hand.

    Returns:
        Keys by bone name, in the order of `hand_bones`; `hand.L` and `hand.R` have locations. Frames count from the
        motion's first.

    Raises:
        MotionError: a tolerance is not positive, or `required_frames` names another bone or a frame outside.
    """
    if not (fingertip_tolerance > 0.0 and 0.0 < joint_tolerance <= np.pi / 2):
        raise MotionError(
            f"tolerances are {fingertip_tolerance} m and {joint_tolerance} radians; both must be positive, "
            "and the second at most 90 degrees"
        )
    bones = _Bones.of(motion, fingertip_tolerance * _MARGIN, joint_tolerance * _MARGIN, required_frames, shape)
    dirty = set(range(len(bones.tracks)))
    bones.knots = place_knots(bones.tracks, bones.required)
    tips = shape.fingertips(motion)
    rounds = 0
    while dirty:
        bones.fit(dirty)
        error = np.linalg.norm(shape.fingertips(bones.fitted_motion(motion)) - tips, axis=-1)
        misses = np.argwhere(error > fingertip_tolerance * _MARGIN)
        rounds += 1
        if rounds <= _ROUNDS:
            dirty = bones.tighten(misses, error, fingertip_tolerance * _MARGIN)
        else:
            dirty = bones.make_exact(misses)
    return dict(zip(hand_bones(), bones.keys(), strict=True))


def motion_of_keys(keys: Mapping[str, BoneKeys], motion: HandMotion) -> HandMotion:
    """Evaluate keys from `reduce_hands` at the frames of `motion`, which gives frame rate, confidence and source."""
    frames = np.arange(motion.frame_count)
    rotation = np.stack([quaternion.normalize(evaluate(keys[bone].rotation, frames)) for bone in hand_bones()], axis=1)
    locations = [location for name in ("hand.L", "hand.R") if (location := keys[name].location) is not None]
    return motion.replaced(
        rotation=rotation.reshape(motion.rotation.shape),
        wrist_position=np.stack([evaluate(location, frames) for location in locations], axis=1),
    )


def key_ratio(keys: Mapping[str, BoneKeys], frame_count: int) -> float:
    """Return the number of keys, counted by bone and frame, as a part of one key for every bone and frame."""
    return sum(len(bone.frames) for bone in keys.values()) / (len(keys) * frame_count)


@dataclass(eq=False)
class _Bones:
    """The 32 bones on their way to keys; index `hand * 16 + joint`."""

    tracks: list[list[Track]]
    required: list[Frames]
    lever: Array
    knots: list[Frames] = field(default_factory=list)
    splines: dict[int, Spline] = field(default_factory=dict)
    rotation: Array = field(default_factory=lambda: np.zeros(0))
    position: Array = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(
        cls,
        motion: HandMotion,
        fingertip: float,
        joint: float,
        required_frames: Mapping[str, ArrayLike] | ArrayLike | None,
        shape: HandShape,
    ) -> "_Bones":
        names, tracks = hand_bones(), []
        lever = shape.lever
        for hand in range(2):
            wrist = min(_WRIST_SHARE * fingertip / lever[hand, :, 0].max(), joint)
            tracks.append(
                [
                    _track(motion.wrist_position[:, hand], _POSITION_SHARE * fingertip, rotation=False),
                    _track(motion.rotation[:, hand, 0], wrist, rotation=True),
                ]
            )
            for index in range(15):
                tolerance = min(_JOINT_SHARES[index % 3] * fingertip / lever[hand, index // 3, index % 3 + 1], joint)
                tracks.append([_track(motion.rotation[:, hand, index + 1], tolerance, rotation=True)])
        if isinstance(required_frames, Mapping):
            unknown = sorted(set(required_frames) - set(names))
            if unknown:
                raise MotionError(f"required_frames names {unknown[0]!r}, which is none of the 32 bones of the hands")
            given = [required_frames.get(name) for name in names]
        else:
            given = [required_frames] * len(names)
        required = [_checked_frames(frames, motion.frame_count) for frames in given]
        bones = cls(tracks=tracks, required=required, lever=lever)
        bones.rotation = np.array(motion.rotation)
        bones.position = np.array(motion.wrist_position)
        return bones

    def fit(self, bones: Iterable[int]) -> None:
        """Fit bones within their tolerances, from their knots so far."""
        chosen = sorted(bones)
        splines = fit_splines(
            [self.tracks[bone] for bone in chosen],
            [self.knots[bone] for bone in chosen],
            [self.required[bone] for bone in chosen],
        )
        for bone, spline in zip(chosen, splines, strict=True):
            hand, joint = divmod(bone, len(MANO_JOINTS))
            self.splines[bone], self.knots[bone] = spline, spline.knots
            self.rotation[:, hand, joint] = quaternion.normalize(spline.everywhere[:, -4:])
            if joint == 0:
                self.position[:, hand] = spline.everywhere[:, :3]

    def keys(self) -> list[BoneKeys]:
        """Return the keys of what was fitted last."""
        found = [_keys(tracks, self.splines[bone]) for bone, tracks in enumerate(self.tracks)]
        return [BoneKeys(rotation=each[-1], location=each[0] if len(each) > 1 else None) for each in found]

    def fitted_motion(self, motion: HandMotion) -> HandMotion:
        return motion.replaced(rotation=self.rotation, wrist_position=self.position)

    def tighten(self, misses: NDArray[np.intp], error: Array, tolerance: float) -> set[int]:
        """Lower the tolerances of what moved the fingertips too far, in proportion; return the bones concerned."""
        dirty = set()
        for hand, finger, frames in _by_finger(misses):
            factor = 0.95 * tolerance / error[frames, hand, finger]
            for bone, lever in self._chain(hand, finger):
                for index, track in enumerate(self.tracks[bone]):
                    arm = lever if track.rotation else 1.0
                    found = self._error(bone, index, frames)
                    much = found * arm > _NEGLIGIBLE * tolerance
                    if not much.any():
                        continue
                    for beside in (-1, 0, 1):
                        near = np.clip(frames[much] + beside, 0, len(track.tolerance) - 1)
                        np.minimum.at(track.tolerance, near, (found * factor)[much])
                    dirty.add(bone)
        return dirty

    def make_exact(self, misses: NDArray[np.intp]) -> set[int]:
        """Require exact keys wherever a fingertip is still too far off; return the bones concerned."""
        dirty = set()
        for hand, finger, frames in _by_finger(misses):
            for bone, _ in self._chain(hand, finger):
                self.required[bone] = np.union1d(self.required[bone], frames)
                dirty.add(bone)
        return dirty

    def _chain(self, hand: int, finger: int) -> list[tuple[int, float]]:
        """Return the bones from the wrist to a fingertip, each with the most that lies between it and the tip."""
        first = hand * len(MANO_JOINTS)
        bones = [first, *(first + 1 + 3 * finger + joint for joint in range(3))]
        return list(zip(bones, self.lever[hand, finger].tolist(), strict=True))

    def _error(self, bone: int, index: int, frames: NDArray[np.intp]) -> Array:
        """Return how far a track is off at frames, in its unit."""
        hand, joint = divmod(bone, len(MANO_JOINTS))
        track = self.tracks[bone][index]
        if track.rotation:
            return quaternion.angle(self.rotation[frames, hand, joint], track.values[frames])
        return np.linalg.norm(self.position[frames, hand] - track.values[frames], axis=-1)


def _by_finger(misses: NDArray[np.intp]) -> list[tuple[int, int, NDArray[np.intp]]]:
    """Sort (n, 3) frames, hands and fingers: of each hand and finger the frames."""
    fingers, which = np.unique(misses[:, 1:], axis=0, return_inverse=True)
    which = which.reshape(-1)  # of one numpy, (n, 1)
    return [(int(hand), int(finger), misses[which == i, 0]) for i, (hand, finger) in enumerate(fingers)]


def _reduced(bundles: Sequence[Sequence[Track]], required_frames: Sequence[ArrayLike | None]) -> list[list[SparseKeys]]:
    required = [
        _checked_frames(frames, _checked_tracks(tracks))
        for tracks, frames in zip(bundles, required_frames, strict=True)
    ]
    splines = fit_splines(bundles, place_knots(bundles, required), required)
    return [_keys(tracks, spline) for tracks, spline in zip(bundles, splines, strict=True)]


def _keys(tracks: Sequence[Track], spline: Spline) -> list[SparseKeys]:
    channels = np.cumsum([track.values.shape[1] for track in tracks])[:-1]
    parts = zip(np.split(spline.values, channels, axis=1), np.split(spline.slopes, channels, axis=1), strict=True)
    return [SparseKeys.from_slopes(spline.knots, value, slope) for value, slope in parts]


def _track(values: ArrayLike, tolerance: ArrayLike, *, rotation: bool) -> Track:
    values = np.asarray(values, dtype=np.float64)
    if rotation:
        values = quaternion.make_continuous(values)
    return Track(values, np.broadcast_to(np.asarray(tolerance, np.float64), values.shape[:1]).copy(), rotation)


def _checked_tracks(tracks: Sequence[Track]) -> int:
    """Return the number of frames, or raise MotionError."""
    for track in tracks:
        if track.values.ndim != 2 or len(track.values) == 0 or (track.rotation and track.values.shape[1] != 4):
            wanted = "(frames, 4)" if track.rotation else "(frames, channels)"
            raise MotionError(f"values to reduce have shape {track.values.shape}; they must be {wanted}")
        if not np.isfinite(track.values).all():
            raise MotionError("values to reduce are not all finite; repair the motion first")
        if not np.all(track.tolerance > 0.0):
            raise MotionError(f"the tolerance is {np.min(track.tolerance)}; it must be more than 0")
    counts = {len(track.values) for track in tracks}
    if len(counts) != 1:
        raise MotionError(f"tracks that share keys have {sorted(counts)} frames; they must have the same number")
    return counts.pop()


def _checked_frames(frames: ArrayLike | None, count: int) -> Frames:
    """Return `frames` as an increasing array of whole numbers, or raise MotionError where one is not in the motion."""
    if frames is None:
        return np.zeros(0, dtype=np.int64)
    numbers = np.unique(np.asarray(frames, dtype=np.float64))
    for number in numbers:
        if number != np.round(number) or not 0 <= number < count:
            raise MotionError(f"required frame {number:g} is not one of the motion's frames, 0 to {count - 1}")
    return numbers.astype(np.int64)
