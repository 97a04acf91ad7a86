# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to look at: the character itself, whose truth is known, and ones with nobody in them."""

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.fit import Fit
from chironomy.shot.placement import rest_pose
from chironomy.video.engines.previz import Studio
from takes import hands_before_the_chest


@dataclass(frozen=True)
class Sitter:
    """A picture of the character, and how it was made."""

    truth: Fit
    picture: NDArray[np.uint8]


def sit(
    proportions: Proportions,
    head_turn: tuple[float, float, float] = (0, 0, 0),
    size: tuple[int, int] = (512, 704),
    seen_from: float = 0.0,
) -> Sitter:
    """The character of some proportions, hands before the chest, photographed by the preview's studio.

    Args:
        proportions: of the character.
        head_turn: radians of the head's nod, turn and tilt.
        size: pixels.
        seen_from: degrees that the camera stands to the person's left of where it faces them.
    """
    rig, hands = load_rig(), hands_before_the_chest(1)
    truth = Fit(
        camera=portrait_camera(rig, *size),
        proportions=proportions,
        wrist_position=hands.wrist_position[0],
        hand_rotation=hands.rotation[0],
        hands_seen=np.array([True, True]),
        head_rotation=quaternion.from_rotation_vector(np.array(head_turn)),
    )
    own, pose = proportioned(rig, proportions), rest_pose(truth)
    mesh = skin(own, pose.joint_rotation[0], pose.joint_position[0], np.zeros(len(FACE_ACTIONS)))
    camera, around = truth.camera, quaternion.from_rotation_vector(np.array([0.0, np.radians(seen_from), 0.0]))
    turn = quaternion.multiply(around, camera.rotation)
    camera = replace(camera, position=quaternion.apply(around, camera.position), rotation=turn)
    return Sitter(truth, Studio(own, camera).draw(mesh))


def landscape(width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """Sky, a sun, ridges and fir trees."""
    image = Image.new("RGB", (width, height), (150, 190, 230))
    draw = ImageDraw.Draw(image)
    draw.ellipse([0.7 * width, 0.1 * height, 0.8 * width, 0.23 * height], fill=(255, 240, 180))
    x = np.arange(0, width + 8, 8)
    for base, colour in ((0.45, (110, 120, 140)), (0.6, (70, 100, 70)), (0.75, (50, 80, 40))):
        ridge = height * (base + 0.06 * np.sin(x / (90 * base) + base))
        draw.polygon([(0, height), *zip(x, ridge, strict=True), (width, height)], fill=colour)
    for tree in range(12):
        left = tree * width / 12
        top = 0.75 * height + 20 * np.sin(3 * tree)
        draw.polygon([(left + 20, top), (left, top + 90), (left + 40, top + 90)], fill=(30, 60, 30))
    return np.asarray(image)


def file_of(image: Image.Image, kind: str) -> bytes:
    """A picture's file, of the kind that Pillow calls so."""
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def png(picture: NDArray[np.uint8]) -> bytes:
    """A picture's PNG file."""
    return file_of(Image.fromarray(picture), "PNG")
