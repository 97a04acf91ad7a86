# SPDX-License-Identifier: GPL-3.0-or-later
"""Biovision's BVH: a skeleton, then a line of numbers a frame.

A joint of BVH turns about the axes of the world at rest, by three angles in an order of its own, so a `SkeletonMotion`
is told as it is. Written are centimetres, y up. The root's OFFSET is zero and its place is in its channels alone, as in
the files of Carnegie Mellon's library: of a root with an offset some readers add the channels to it and others do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.rates import told_rate
from chironomy.exchange.skeleton import SkeletonMotion, posed
from chironomy.files import atomic_path
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MAXIMUM_FPS, MINIMUM_FPS

Array = NDArray[np.float64]

CENTIMETRE = 0.01
"""Metres."""

LARGEST_FILE = 1 << 30
"""Bytes of a file that is read; ten minutes at 120 frames a second of 80 joints are a fifth of it."""

_ADVICE = "choose a BVH file, or export it anew"
_PLACES = {"Xposition": 0, "Yposition": 1, "Zposition": 2}
_TURNS = {"Xrotation": 0, "Yrotation": 1, "Zrotation": 2}
_DEEPEST = 200
# Below this cosine of the middle angle, a thousandth of a degree from the pole, the two other axes are one.
_POLE = 1e-5


@dataclass
class _Joint:
    name: str
    parent: int
    offset: Array
    channels: list[str] = field(default_factory=list)
    end: Array | None = None


def save_bvh(motion: SkeletonMotion, path: str | Path) -> None:
    """Write a skeleton and its motion.

    All joints turn; a joint that also moves against its parent by more than a hundredth of a millimetre has channels
    for its place, too. Blanks end names, and three.js takes what follows a dot for a property, so that the joint does
    not move: both become underscores.

    Raises:
        ExchangeError: the skeleton has more than one root, or two joints of one name.
        ChironomyError: `path` cannot be written.
    """
    if Path(path).suffix.lower() != ".bvh":
        raise ExchangeError(f"{path} does not end in .bvh; give the file that ending")
    if motion.parents.count(-1) != 1:
        raise ExchangeError(f"BVH holds one skeleton with one root, and this has {motion.parents.count(-1)}")
    names = ["_".join(name.replace(".", " ").split()) or "joint" for name in motion.names]
    if len(set(names)) != len(names):
        raise ExchangeError("two joints have one name, which BVH cannot tell apart; rename one")
    place, offset = motion.local_position / CENTIMETRE, motion.rest_offset / CENTIMETRE
    moves = np.abs(place - offset).max(axis=(0, 2)) > 0.001
    moves[0] = True
    offset[0] = 0.0
    angles = euler_angles(motion.local_rotation)
    tail = (motion.rest_tail - motion.rest_position) / CENTIMETRE
    lines, columns, children = ["HIERARCHY"], [], motion.children

    def tell(joint: int, depth: int) -> None:
        tab = "\t" * depth
        lines.append(f"{tab}{'JOINT' if depth else 'ROOT'} {names[joint]}")
        lines.append(f"{tab}{{")
        lines.append(f"{tab}\tOFFSET {_numbers(offset[joint])}")
        turns = "Zrotation Xrotation Yrotation"
        if moves[joint]:
            lines.append(f"{tab}\tCHANNELS 6 Xposition Yposition Zposition {turns}")
            columns.append(place[:, joint])
        else:
            lines.append(f"{tab}\tCHANNELS 3 {turns}")
        columns.append(angles[:, joint])
        for child in children[joint]:
            tell(child, depth + 1)
        if not children[joint]:
            lines.extend((f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {_numbers(tail[joint])}", f"{tab}\t}}"))
        lines.append(f"{tab}}}")

    tell(0, 0)
    lines += ["MOTION", f"Frames: {motion.frame_count}", f"Frame Time: {1.0 / motion.fps:.10f}"]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("\n".join(lines) + "\n")
        np.savetxt(stream, np.concatenate(columns, axis=1), fmt="%.6f")


def load_bvh(path: str | Path, metres: float = CENTIMETRE) -> SkeletonMotion:
    """Read a skeleton and its motion; the names of joints are as the file has them.

    Args:
        path: of the file; y is up in it, as it is by custom.
        metres: how long the file's unit is, which no file tells.

    Raises:
        ExchangeError: the file is missing, is none, is cut short, or its frame rate is out of range.
    """
    path = Path(path)
    joints, fps, rows = _parse(path, _text(path))
    parents = tuple(joint.parent for joint in joints)
    offset = np.array([joint.offset for joint in joints]) * metres
    rest = offset.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            rest[joint] += rest[parent]
    turns = np.tile(quaternion.IDENTITY, (len(rows), len(joints), 1))
    places = np.tile(offset, (len(rows), 1, 1))
    column = 0
    for number, joint in enumerate(joints):
        for channel in joint.channels:
            values = rows[:, column]
            column += 1
            if channel in _PLACES:
                # By the format's own account a place is added to the offset; of joints below the root every program
                # that writes one writes the whole place.
                axis = _PLACES[channel]
                places[:, number, axis] = values * metres + (0.0 if number else offset[0, axis])
            else:
                vector = np.zeros((len(rows), 3))
                vector[:, _TURNS[channel]] = np.deg2rad(values)
                turns[:, number] = quaternion.multiply(turns[:, number], quaternion.from_rotation_vector(vector))
    ends = rest.copy()
    for number, joint in enumerate(joints):
        first = next((child for child, other in enumerate(joints) if other.parent == number), None)
        if joint.end is not None:
            ends[number] += joint.end * metres
        elif first is not None:
            ends[number] = rest[first]
    names = tuple(joint.name for joint in joints)
    return posed(fps, names, parents, rest, ends, quaternion.make_continuous(turns), places)


def euler_angles(rotation: Array) -> Array:
    """Return (T, ..., 3) degrees about z, x and y of rotations (T, ..., 4), continuous in time: R = Rz Rx Ry.

    Each rotation has two such triples and their turns by 360 degrees; of these the one next to the frame before is
    taken, so that a program that goes linearly between frames goes the short way. Where the x axis stands upright, only
    the sum of the two others counts: the one about y stays as it was.
    """
    # With its axes in the order z, x, y the matrix reads as that of angles about x, y and z does.
    matrix = quaternion.to_matrix(rotation)[..., [2, 0, 1], :][..., :, [2, 0, 1]]
    middle = np.arcsin(np.clip(matrix[..., 0, 2], -1.0, 1.0))
    pole = np.hypot(matrix[..., 0, 0], matrix[..., 0, 1]) < _POLE
    first = np.where(
        pole,
        np.arctan2(matrix[..., 2, 1], matrix[..., 1, 1]),
        np.arctan2(-matrix[..., 1, 2], matrix[..., 2, 2]),
    )
    third = np.where(pole, 0.0, np.arctan2(-matrix[..., 0, 1], matrix[..., 0, 0]))
    angles = np.stack([first, middle, third], axis=-1)
    other = np.stack([first + np.pi, np.pi - middle, third + np.pi], axis=-1)
    for frame in range(1, len(angles)):
        before, here = angles[frame - 1], angles[frame]
        held = np.where(pole[frame], before[..., 2], 0.0)
        here[..., 2] += held
        here[..., 0] -= np.where(middle[frame] > 0.0, held, -held)
        pair = [each + 2.0 * np.pi * np.round((before - each) / (2.0 * np.pi)) for each in (here, other[frame])]
        near = [np.abs(each - before).sum(axis=-1) for each in pair]
        angles[frame] = np.where((pole[frame] | (near[0] <= near[1]))[..., None], pair[0], pair[1])
    return np.rad2deg(angles)


def _numbers(values: Array) -> str:
    return " ".join(f"{value:.6f}" for value in values)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ExchangeError(f"{path} has more than {LARGEST_FILE >> 20} MB, which is more than is read of a BVH")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read ({error.strerror or error}); {_ADVICE}") from error


def _parse(path: Path, text: str) -> tuple[list[_Joint], float, Array]:
    head, found, tail = text.partition("MOTION")
    if not found or "HIERARCHY" not in head[:200]:
        raise ExchangeError(f"{path} is no BVH: it has no HIERARCHY and MOTION; {_ADVICE}")
    try:
        joints = _hierarchy(iter(head.split()[1:]))
    except (StopIteration, ValueError, IndexError) as error:
        raise ExchangeError(
            f"{path} has a skeleton that cannot be read: it is damaged or cut short; {_ADVICE}"
        ) from error
    lines = tail.strip().splitlines()
    try:
        frames = int(lines[0].partition(":")[2])
        seconds = float(lines[1].partition(":")[2])
        rate = told_rate(1.0 / seconds)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        raise ExchangeError(f"{path} does not tell its frames and their time; {_ADVICE}") from error
    if not MINIMUM_FPS <= rate <= MAXIMUM_FPS:
        raise ExchangeError(f"{path} has {rate:g} frames a second; from {MINIMUM_FPS:g} to {MAXIMUM_FPS:g} are read")
    width = sum(len(joint.channels) for joint in joints)
    try:
        numbers = np.array(" ".join(lines[2:]).split(), dtype=np.float64)
    except ValueError as error:
        raise ExchangeError(f"{path} holds a frame that is not all numbers; {_ADVICE}") from error
    if frames < 1 or width == 0 or len(numbers) != frames * width:
        raise ExchangeError(
            f"{path} says that it has {frames} frames of {width} numbers, and holds {len(numbers)} numbers: it is "
            f"damaged or cut short; {_ADVICE}"
        )
    if not np.isfinite(numbers).all():
        raise ExchangeError(f"{path} holds a number that is not finite; {_ADVICE}")
    return joints, rate, numbers.reshape(frames, width)


def _hierarchy(words: Iterator[str]) -> list[_Joint]:
    """Return the joints, parents first; raises StopIteration or ValueError where the words do not make a skeleton."""
    joints: list[_Joint] = []
    above: list[int] = []
    begun = False
    while True:
        word = next(words) if not begun or above else next(words, "")
        if word in ("ROOT", "JOINT"):
            if word == "ROOT" and joints:
                raise ValueError("two roots")
            name = next(words)
            while (more := next(words)) != "{":
                name += f" {more}"
            joints.append(_Joint(name, above[-1] if above else -1, np.zeros(3)))
            above.append(len(joints) - 1)
            begun = True
            if len(above) > _DEEPEST:
                raise ValueError("too deep")
        elif word == "OFFSET":
            joints[above[-1]].offset = np.array([float(next(words)) for _ in range(3)])
        elif word == "CHANNELS":
            channels = [next(words) for _ in range(int(next(words)))]
            if len(channels) > 6 or any(channel not in _PLACES | _TURNS for channel in channels):
                raise ValueError("unknown channels")
            joints[above[-1]].channels = channels
        elif word == "End":
            while next(words) != "OFFSET":
                pass
            joints[above[-1]].end = np.array([float(next(words)) for _ in range(3)])
            if next(words) != "}":
                raise ValueError("an end that does not end")
        elif word == "}":
            above.pop()
        elif word == "" and begun:
            return joints
        else:
            raise ValueError(word)
