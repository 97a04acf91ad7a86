# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the pictures of the kinds of gesture: `python tools/make_kind_thumbnails.py` (`make kind-thumbnails`).

Each is the character itself before nothing, in the preview's studio, where the stroke of the gesture arrives, with a
line along the way that the hand has come. Kinds that most people do with both hands are shown so.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from chironomy.body.pose import solve_pose
from chironomy.body.rig import Rig, load_rig
from chironomy.body.skinning import skin
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.planning.movement import Move, Movement, Phase
from chironomy.gesture.repertoire.hand_picture import PICTURE_SIZE
from chironomy.gesture.repertoire.kinds import KINDS, Kind, Pose, Repeat
from chironomy.motion import HandMotion
from chironomy.shot.camera import Camera
from chironomy.video.drawing.studio import Studio
from make_pose_thumbnails import COARSE, sheet
from thumbnails import write_pictures

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "blender_addon" / "kinds"

DRAWN = 4 * PICTURE_SIZE

FPS, READY, HELD = 60.0, 0.6, 0.1
"""Frames a second of the movement, when the hand is ready for the stroke, and seconds after it that are drawn."""

REST = Pose(0.17, -0.42, 0.2, 30.0, 0.0, 0.0, "relaxed").vector()
"""The hand that has no part in it, at ease before the belly."""

MIDDLE, TALL, DISTANCE = (0.0, -0.05, 0.1), 0.94, 2.4
"""Metres: what the picture has in its middle, how much it shows there, and where the lens is."""

LINE, HEAD, WIDTH, CLEAR = (255, 166, 56, 235), 0.05, 0.018, 0.07
"""The colour of the way; its arrow's head, its width, and how far off the hand it ends, in parts of the picture."""

BOTH = 0.5
"""How likely a kind is done by both hands that is shown so."""


def performed(kind: Kind) -> tuple[HandMotion, list[int], int]:
    """The movement of a kind, which hands do it, and the frame from which on the stroke goes."""
    hands = [0, 1] if kind.two_handed >= BOTH else [1]
    nothing, together = np.zeros(3), np.zeros(5)
    moves: tuple[list[Move], list[Move]] = ([], [])
    poses = (kind.prepared.vector(), kind.apex.vector())
    for hand in hands:
        moves[hand].append(Move(0.0, READY, poses[0], nothing, Phase.PREPARATION, together))
        moves[hand].append(Move(READY, kind.stroke_seconds, poses[1], nothing, Phase.STROKE, together))
    seconds = READY + kind.stroke_seconds + HELD
    movement = Movement((REST, REST), moves, np.array([READY + kind.stroke_seconds]))
    motion = play(movement, round(seconds * FPS), FPS, 0.0, np.random.default_rng(0), 0.0)
    return motion, hands, round(READY * FPS)


def draw(rig: Rig, kind: Kind) -> Image.Image:
    """One picture, with transparency."""
    motion, hands, begin = performed(kind)
    pose = solve_pose(rig, motion)
    lens = np.array(MIDDLE) + DISTANCE * np.eye(3)[2]
    camera = Camera(DRAWN, DRAWN, DRAWN * DISTANCE / TALL, lens)
    studio = Studio(rig, camera, backdrop="transparent")
    points = skin(rig, pose.joint_rotation[-1], pose.joint_position[-1])
    picture = Image.fromarray(studio.draw(points.astype(np.float32)), "RGBA")
    over = Image.new("RGBA", picture.size)
    for hand in hands:
        knuckle = pose.joint_position[:, rig.hand_joints(hand)[7]]
        way = camera.project(knuckle[begin:])[0]
        if kind.repeat is Repeat.ACROSS:
            _arrow(over, way[::-1])
        _arrow(over, way)
    picture = Image.alpha_composite(picture, over)
    small = picture.convert("RGBa").resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.LANCZOS).convert("RGBA")
    pixels = np.asarray(small) // COARSE * COARSE
    pixels[pixels[..., 3] == 0] = 0  # what is not seen need not be kept
    return Image.fromarray(pixels, "RGBA")


def _arrow(over: Image.Image, way: np.ndarray) -> None:
    """An arrow along a way (N, 2) in pixels; none where the hand stays."""
    pen, size = ImageDraw.Draw(over), over.width
    way = way[np.linalg.norm(way - way[-1], axis=1) > CLEAR * size]
    if len(way) < 2 or np.linalg.norm(np.diff(way, axis=0), axis=1).sum() < 1.2 * HEAD * size:
        return
    far = np.linalg.norm(way - way[-1], axis=1)
    line = way[far > 0.5 * HEAD * size]
    along = (way[-1] - line[-1]) / np.linalg.norm(way[-1] - line[-1])
    aside = 0.6 * HEAD * size * np.array([-along[1], along[0]])
    pen.line([tuple(point) for point in line], LINE, round(WIDTH * size), joint="curve")
    foot = way[-1] - HEAD * size * along
    pen.polygon([tuple(each) for each in (way[-1], foot + aside, foot - aside)], LINE)


def main() -> int:
    """Write the pictures."""
    rig = load_rig()
    return write_pictures(
        __doc__,
        FOLDER,
        lambda: {name: draw(rig, kind) for name, kind in KINDS.items()},
        lambda pictures: sheet(dict(pictures)),
    )


if __name__ == "__main__":
    raise SystemExit(main())
