# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the pictures of the hand poses: `python tools/make_pose_thumbnails.py` (`make pose-thumbnails`).

Each is the character's own right hand before nothing, in the preview's studio: the hand turns and the light stays. What
is drawn is made small, in steps of colour that nobody sees, so that all pictures together are light.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from chironomy.body.pose import BodyPose, bind_pose, hand_positions, hand_rotations
from chironomy.body.rig import Rig, load_rig
from chironomy.body.skinning import skin
from chironomy.gesture.repertoire.hand_poses import HAND_POSES, HandPose
from chironomy.motion import rotation as quaternion
from chironomy.shot.camera import Camera
from chironomy.video.drawing.studio import Studio

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "blender_addon" / "poses"

SIZE, DRAWN, COARSE = 128, 512, 4
"""Pixels of a picture and of what is drawn for it, and the steps of its colours, of 256."""

RIGHT, FOREARM = 1, ("forearm_twist.R", "forearm.R")

PLACE = np.array([0.0, -0.12, 0.3])
"""Where the middle of the hand is, in metres in the frame of the body: where the studio's light falls best."""

DISTANCE = 1.6
"""Metres from the lens to the hand."""

LEAST, MARGIN = 0.15, 1.1
"""Metres that a picture is high at the hand at least, so that a fist is smaller than a flat hand, and how much more of
it there is than the hand needs."""

# Takes MANO's rest, palm down and fingers to the right hand's side, to an upright hand whose palm faces the lens.
UPRIGHT = quaternion.from_matrix(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))


def draw(rig: Rig, pose: HandPose) -> Image.Image:
    """One picture, (128, 128) with transparency."""
    part = hand_and_forearm(rig)
    turned = posed(rig, pose)
    points = skin(rig, turned.joint_rotation, turned.joint_position)[0].astype(np.float64)
    seen = points[np.isin(movers(rig), rig.hand_joints(RIGHT))]
    middle = 0.5 * (seen.min(axis=0) + seen.max(axis=0))
    tall = max(MARGIN * float(np.ptp(seen[:, :2], axis=0).max()), LEAST)
    camera = Camera(DRAWN, DRAWN, DRAWN * DISTANCE / tall, PLACE + DISTANCE * np.eye(3)[2])
    studio = Studio(part, camera, backdrop="transparent")
    picture = Image.fromarray(studio.draw((points + (PLACE - middle)).astype(np.float32)), "RGBA")
    small = picture.convert("RGBa").resize((SIZE, SIZE), Image.Resampling.LANCZOS).convert("RGBA")
    pixels = np.asarray(small) // COARSE * COARSE
    pixels[pixels[..., 3] == 0] = 0  # what is not seen need not be kept
    return Image.fromarray(pixels, "RGBA")


def hand_and_forearm(rig: Rig) -> Rig:
    """The character with no other faces than those of the right hand and of its forearm."""
    side = [*rig.hand_joints(RIGHT), *(rig.index(name) for name in FOREARM)]
    share = (rig.weight * np.isin(rig.weight_joint, side)).sum(axis=1)
    kept = (share[rig.faces] > 0.999).all(axis=1)
    return replace(rig, faces=rig.faces[kept], regions=rig.regions[kept])


def movers(rig: Rig) -> np.ndarray:
    """(V,) the joint that moves each vertex the most."""
    return rig.weight_joint[np.arange(rig.vertex_count), rig.weight.argmax(axis=1)]


def posed(rig: Rig, pose: HandPose) -> BodyPose:
    """The right arm straight up with its hand in a pose, seen as the pose is best seen."""
    turn = UPRIGHT
    for axis, angle in zip((1, 0, 2), np.radians(pose.view), strict=True):
        turn = quaternion.multiply(quaternion.from_rotation_vector(angle * np.eye(3)[axis]), turn)
    rotation = np.concatenate([turn[None], pose.fingers[RIGHT]])
    body = bind_pose(rig)
    turns, places = body.joint_rotation.copy(), body.joint_position.copy()
    joints = rig.hand_joints(RIGHT)
    turns[0, joints] = hand_rotations(rig, RIGHT, rotation)
    wrist = joints[0]
    places[0, joints] = hand_positions(rig, RIGHT, turns[0, joints], np.zeros(3))
    # The forearm goes on from a straight wrist.
    for name in FOREARM:
        joint = rig.index(name)
        turns[0, joint] = quaternion.multiply(turn, rig.rest_rotation[joint])
        along = rig.joint_position[joint] - rig.joint_position[wrist]
        places[0, joint] = places[0, wrist] + quaternion.apply(turns[0, joint], along)
    return BodyPose(body.fps, turns, places)


def main() -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--sheet", type=Path, help="also write all of them on one sheet, to look at")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rig = load_rig()
    pictures = {name: draw(rig, pose) for name, pose in HAND_POSES.items()}
    for stale in options.out.glob("*.png"):
        if stale.stem not in pictures:
            stale.unlink()
    for name, picture in pictures.items():
        picture.save(options.out / f"{name}.png", optimize=True)
    size = sum(path.stat().st_size for path in options.out.glob("*.png"))
    print(f"{options.out}: {len(pictures)} pictures, {size / 1e3:.0f} kB")
    if options.sheet:
        sheet(pictures).save(options.sheet)
    return 0


def sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """All pictures on the grey of Blender's panels, with their names."""
    from PIL import ImageDraw

    columns = 8
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * SIZE, rows * (SIZE + 14)), (48, 48, 48))
    write = ImageDraw.Draw(whole)
    for number, (name, picture) in enumerate(pictures.items()):
        left, top = number % columns * SIZE, number // columns * (SIZE + 14)
        whole.paste(picture.convert("RGBA"), (left, top), picture.convert("RGBA"))
        write.text((left + 4, top + SIZE), name, fill=(220, 220, 220))
    return whole


if __name__ == "__main__":
    raise SystemExit(main())
