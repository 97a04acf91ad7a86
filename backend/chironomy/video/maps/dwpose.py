# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole-body skeletons in the colours and widths that today's video models were trained with.

All three draw OpenPose's 18 points with one table of colours: limbs as ellipses at 60 % of their brightness, joints as
discs on them. They differ in size, in the order of the colour channels and in what is drawn beside the body:

- ControlNet (`annotator/dwpose` of IDEA-Research/DWPose, and huggingface/controlnet_aux): RGB; drawn on a picture whose
  shorter side has 512 pixels; limbs 4 pixels to either side, joints and hand points of radius 4, hand bones 2 wide,
  face points of radius 3.
- VACE (`vace/annotators/pose.py` of ali-vilab/VACE): the same drawing on a shorter side of 1024 pixels, then red and
  blue exchanged; its usual annotator draws body and face, and no hands.
- Wan-Animate (`human_visualization.py` in `wan/modules/animate/preprocess` of Wan-Video/Wan2.2): RGB, in the picture's
  own size; with w = max(int(shorter side / 200) - 1, 1) limbs w to either side and joints of radius w, hand bones and
  points half of that; the toes are drawn, the face is not (it comes from a video of its own).

The originals draw hard-edged on whole pixels; here rims are smooth and points lie where they are, to a fraction of a
pixel. Radii are chosen so that as many pixels are covered: OpenCV's limb is half a pixel wider to either side than its
number, its disc a quarter, and its line of width 2 covers 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.video.maps.keypoints import HAND_EDGES
from chironomy.video.maps.skeleton import LIMBS, Skeleton, skeleton
from chironomy.video.maps.strokes import Canvas, canvas, disc, hue, line, picture, stick

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

COLOURS = np.array(
    [
        [255, 0, 0], [255, 85, 0], [255, 170, 0], [255, 255, 0], [170, 255, 0], [85, 255, 0], [0, 255, 0],
        [0, 255, 85], [0, 255, 170], [0, 255, 255], [0, 170, 255], [0, 85, 255], [0, 0, 255], [85, 0, 255],
        [170, 0, 255], [255, 0, 255], [255, 0, 170], [255, 0, 85], [200, 200, 0], [100, 100, 0],
    ],
    dtype=np.float64,
)  # fmt: skip
"""(20, 3) RGB of the limbs and points of OpenPose, and of Wan-Animate's feet."""

HAND_POINT_COLOUR = (0.0, 0.0, 255.0)
"""RGB of the points of the hands in ControlNet's and Wan-Animate's drawings: what OpenCV means by red in BGR."""

LIMB_BRIGHTNESS = 0.6

_FOOT_LIMBS = ((13, 18), (10, 19))
"""Left ankle to left toes, right ankle to right toes, in Wan-Animate's list of 20 points."""


@dataclass(frozen=True)
class Style:
    """How a skeleton is drawn. Sizes are pixels of a picture whose shorter side is `side`, or of the picture itself.

    Attributes:
        side: pixels of the shorter side that the sizes are for; None where they follow Wan-Animate's rule.
        threshold: the lowest score that is drawn.
        hands: whether hands are drawn.
        face: whether the 68 points of the face are drawn.
        feet: whether the feet are drawn.
        swapped: whether red and blue are exchanged at the end.
    """

    side: int | None
    threshold: float
    hands: bool = True
    face: bool = True
    feet: bool = False
    swapped: bool = False


CONTROLNET = Style(side=512, threshold=0.3)
VACE = Style(side=1024, threshold=0.3, hands=False, swapped=True)
VACE_HANDS = Style(side=1024, threshold=0.3, swapped=True)
WAN_ANIMATE = Style(side=None, threshold=0.5, face=False, feet=True)


@dataclass(frozen=True)
class _Sizes:
    limb: float
    joint: float
    bone: float
    point: float
    face: float


def _sizes(style: Style, width: int, height: int) -> _Sizes:
    """Radii in pixels of this picture; half a pixel is the least that shows."""
    shorter = min(width, height)
    if style.side is None:
        limb = max(int(shorter / 200) - 1, 1)
        hand = max(limb // 2, 1)
        bone = 0.5 * hand if hand % 2 else 0.5 * hand + 0.5
        return _Sizes(limb + 0.5, limb + 0.25, bone, hand + 0.25, 0.0)
    scale = shorter / style.side
    return _Sizes(*(max(radius * scale, 0.5) for radius in (4.5, 4.25, 1.5, 4.25, 3.25)))


def draw_skeleton(points: Skeleton, style: Style) -> NDArray[np.uint8]:
    """Draw the points of one person.

    Args:
        points: where, and how surely.
        style: in which colours and widths.

    Returns:
        (height, width, 3) uint8, RGB or as the style has it.
    """
    image = canvas(points.width, points.height)
    sizes = _sizes(style, points.width, points.height)
    place, score, limbs = points.body, points.body_score, LIMBS
    if style.feet:
        place = np.concatenate([place, points.toes])
        score = np.concatenate([score, points.toes_score])
        limbs = LIMBS + _FOOT_LIMBS
    shown = score >= style.threshold
    for limb, (start, end) in enumerate(limbs):
        if shown[start] and shown[end]:
            stick(image, place[start], place[end], sizes.limb, LIMB_BRIGHTNESS * COLOURS[limb])
    for point in np.flatnonzero(shown):
        disc(image, place[point], sizes.joint, COLOURS[point])
    if style.hands:
        for hand in range(len(points.hands)):
            _draw_hand(image, points.hands[hand], points.hands_score[hand] >= style.threshold, sizes)
    if style.face:
        for point in np.flatnonzero(points.face_score >= style.threshold):
            disc(image, points.face[point], sizes.face, np.full(3, 255.0))
    drawn = picture(image)
    return np.ascontiguousarray(drawn[:, :, ::-1]) if style.swapped else drawn


def _draw_hand(image: Canvas, place: NDArray[np.float64], shown: NDArray[np.bool_], sizes: _Sizes) -> None:
    for edge, (start, end) in enumerate(HAND_EDGES):
        if shown[start] and shown[end]:
            line(image, place[start], place[end], sizes.bone, hue(edge / len(HAND_EDGES)))
    for point in np.flatnonzero(shown):
        disc(image, place[point], sizes.point, HAND_POINT_COLOUR)


def dwpose_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """Body, hands and face as ControlNet's DWPose preprocessor draws them: (height, width, 3) uint8 RGB."""
    return draw_skeleton(skeleton(shot, frame, rig), CONTROLNET)


def vace_pose_map(shot: Shot, frame: int, rig: Rig | None = None, *, hands: bool = False) -> NDArray[np.uint8]:
    """Body and face as VACE's pose annotator draws them, red and blue exchanged: (height, width, 3) uint8.

    Args:
        shot: pose, face, camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.
        hands: draw the hands too, as its annotator does when it is asked to.
    """
    return draw_skeleton(skeleton(shot, frame, rig), VACE_HANDS if hands else VACE)


def animate_pose_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """Body, feet and hands as Wan-Animate's preprocessing draws them: (height, width, 3) uint8 RGB."""
    return draw_skeleton(skeleton(shot, frame, rig), WAN_ANIMATE)
