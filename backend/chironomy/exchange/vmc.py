# SPDX-License-Identifier: GPL-3.0-or-later
"""A body and a face as messages of the Virtual Motion Capture Protocol, which VTuber tools and engines receive by OSC.

Of the protocol (https://protocol.vmc.info, marionette's side) these are sent: `/VMC/Ext/OK`, `/VMC/Ext/T`,
`/VMC/Ext/Root/Pos`, `/VMC/Ext/Bone/Pos`, `/VMC/Ext/Blend/Val` and `/VMC/Ext/Blend/Apply`. Bones have the names of
Unity's `HumanBodyBones`, with places and turns relative to their parents, told from VRM's T-pose. Unity counts
left-handed: x goes to the right of a person who looks along +z, so that x, and turns about y and z, change their signs.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.exchange.skeleton import SkeletonMotion
from chironomy.motion.face import FACE_ACTIONS

Array = NDArray[np.float64]

PORT = 39539
"""That receivers listen at."""

_UNITY = {
    f"{side}Thumb{ours}": f"{side}Thumb{theirs}"
    for side in ("Left", "Right")
    for ours, theirs in (("Metacarpal", "Proximal"), ("Proximal", "Intermediate"), ("Distal", "Distal"))
}
"""What Unity calls the joints of a thumb, which VRM names as anatomists do."""

_PRESETS: Mapping[str, str] = {
    "A": "jawOpen",
    "U": "mouthPucker",
    "O": "mouthFunnel",
    "Blink_L": "eyeBlinkLeft",
    "Blink_R": "eyeBlinkRight",
}
"""Presets of VRM 0 by the face actions that are nearest to them, for models without ARKit's."""


class Message(NamedTuple):
    """An OSC message: its address and its arguments, texts, whole numbers and fractions."""

    address: str
    arguments: tuple[str | int | float, ...]


def messages(
    motion: SkeletonMotion, frame: int, seconds: float, face: ArrayLike | None = None, presets: bool = False
) -> Iterator[Message]:
    """Yield what tells one frame.

    Args:
        motion: as `exchange.humanoid.humanoid` gives it, or a part of such a skeleton.
        frame: of the motion.
        seconds: the sender's time.
        face: (52,) the face actions; None leaves the receiver's face alone.
        presets: call what the face does by VRM 0's presets instead of ARKit's names.
    """
    yield Message("/VMC/Ext/OK", (1,))
    yield Message("/VMC/Ext/T", (float(seconds),))
    yield Message("/VMC/Ext/Root/Pos", ("root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    place, turn = motion.local_position[frame], motion.local_rotation[frame]
    for name, position, rotation in zip(motion.names, to_unity(place), turn_to_unity(turn), strict=True):
        numbers = (*position.tolist(), *rotation.tolist())
        yield Message("/VMC/Ext/Bone/Pos", (_UNITY.get(name, name), *numbers))
    if face is None:
        return
    values = np.asarray(face, np.float64)
    names = _PRESETS if presets else {name: name for name in FACE_ACTIONS}
    for name, action in names.items():
        yield Message("/VMC/Ext/Blend/Val", (name, float(values[FACE_ACTIONS.index(action)])))
    yield Message("/VMC/Ext/Blend/Apply", ())


def to_unity(places: ArrayLike) -> Array:
    """Take places (..., 3) to Unity's axes; twice is back."""
    return np.asarray(places, np.float64) * np.array([-1.0, 1.0, 1.0])


def turn_to_unity(turns: ArrayLike) -> Array:
    """Take rotations (..., 4) wxyz to Unity's axes and its order, xyzw."""
    return (np.asarray(turns, np.float64) * np.array([1.0, 1.0, -1.0, -1.0]))[..., [1, 2, 3, 0]]


def packets(told: Iterable[Message], most: int = 1300) -> Iterator[list[Message]]:
    """Part messages so that each part is one packet on any network.

    Args:
        told: the messages.
        most: bytes of a packet, about.
    """
    part: list[Message] = []
    size = 16
    for message in told:
        # Texts and addresses are filled up to fours; each argument has a letter, and a message its length before it.
        own = 8 + _filled(message.address) + _filled("," + "x" * len(message.arguments))
        own += sum(_filled(each) if isinstance(each, str) else 4 for each in message.arguments)
        if part and size + own > most:
            yield part
            part, size = [], 16
        part.append(message)
        size += own
    if part:
        yield part


def _filled(text: str) -> int:
    return 4 * (len(text.encode()) // 4 + 1)
