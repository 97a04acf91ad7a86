# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure Fit to Picture: what mediapipe sees on pictures of the character, whose truth is known, and on portraits.

    python tools/bench_fit.py                      # the character alone
    python tools/bench_fit.py PICTURE [PICTURE …]  # and portraits of your own, also mirrored, cropped, dark and in 4K

Prints Markdown tables. All distances are parts of the picture's height.
"""

import argparse
import io
import resource
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.errors import VideoError
from chironomy.shot.fit import Fit, hand_names
from chironomy.shot.placement import rest_pose
from chironomy.video.engines.previz import Studio
from chironomy.video.portrait.anchors import FACE_LANDMARKS, fitted_hand_points, fitted_points
from chironomy.video.portrait.perception import SHOULDERS, WRISTS, Perceiver
from chironomy.video.portrait.solve import fit_picture, fit_portrait

PEOPLE = (
    ("the character", Proportions(), (0.0, 0.0, 0.0)),
    ("smaller head and hands", Proportions(0.9, 1.0, 0.9, (0.0, 0.02, 0.0)), (0.0, 0.0, 0.0)),
    ("larger, head turned 9°", Proportions(1.12, 1.0, 1.1, (0.02, -0.01, 0.0)), (0.05, 0.15, 0.1)),
)
SIZES = ((512, 704), (640, 640), (1024, 1024))


def sitters():
    """Pictures of the character: name, truth and picture."""
    rig = load_rig()
    rotation = np.tile(quaternion.IDENTITY, (2, 16, 1))
    for hand, side in enumerate((1, -1)):
        forward = quaternion.from_rotation_vector([0, -side * 1.9, 0])
        rotation[hand, 0] = quaternion.multiply(forward, quaternion.from_rotation_vector([-1.2, 0, 0]))
        rotation[hand, 1:13] = quaternion.from_rotation_vector([0, 0, -side * 0.3])
    for name, proportions, turn in PEOPLE:
        for size in SIZES:
            truth = Fit(
                camera=portrait_camera(rig, *size),
                proportions=proportions,
                wrist_position=np.array([[0.18, -0.22, 0.32], [-0.20, -0.16, 0.32]]),
                hand_rotation=rotation,
                hands_seen=np.array([True, True]),
                head_rotation=quaternion.from_rotation_vector(np.array(turn)),
            )
            own, pose = proportioned(rig, proportions), rest_pose(truth)
            mesh = skin(own, pose.joint_rotation[0], pose.joint_position[0], np.zeros(len(FACE_ACTIONS)))
            yield f"{name}, {size[0]} × {size[1]}", truth, Studio(own, truth.camera).draw(mesh)


def bench_character(perceiver: Perceiver) -> None:
    """What mediapipe sees against where it is, and what the fit makes of it."""
    misses: dict[str, list[np.ndarray]] = {}
    rows = []
    for name, truth, picture in sitters():
        seen = perceiver(picture)
        where, unit = fitted_points(truth), truth.camera.focal / truth.camera.position[2]
        pairs = [(f"{part} (pose)", where[part], seen.pose[place]) for part, place in _pose_points()]
        pairs += [(part, where[part], seen.face[list(marks)].mean(axis=0)) for part, marks in FACE_LANDMARKS.items()]
        for part, true, found in pairs:
            misses.setdefault(part, []).append((np.asarray(found)[:2] - true) / unit * [1000, -1000])
        hands = np.linalg.norm(seen.hands - fitted_hand_points(truth), axis=-1).mean() / truth.height
        fit = fit_portrait(seen)
        head = np.degrees(quaternion.angle(fit.head_rotation, truth.head_rotation))
        rows.append(
            f"| {name} | {fit.camera.focal / truth.camera.focal - 1:+.1%} | "
            f"{fit.proportions.head / truth.proportions.head - 1:+.1%} | "
            f"{fit.proportions.arms / truth.proportions.arms - 1:+.1%} | "
            f"{fit.proportions.hands / truth.proportions.hands - 1:+.1%} | {head:.0f}° | "
            f"{100 * np.abs(fit.wrist_position - truth.wrist_position)[:, :2].max():.0f} cm | "
            f"{100 * np.abs(fit.wrist_position - truth.wrist_position)[:, 2].max():.0f} cm | {hands:.1%} |"
        )
    print("| mediapipe's point on the character | right, mm | up, mm |\n|---|---|---|")
    for part, all_misses in misses.items():
        right, up = np.mean(all_misses, axis=0)
        print(f"| {part} | {right:+.0f} | {up:+.0f} |")
    print(
        "\n| fitted | focal length | head | arms | hands | head's turn | wrists aside | in depth | hand points seen |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))


def _pose_points():
    return [
        *zip(hand_names("shoulder"), SHOULDERS, strict=True),
        *zip(hand_names("wrist"), WRISTS, strict=True),
    ]


def versions(image: Image.Image) -> dict[str, Image.Image]:
    """The picture as it is, and spoilt."""
    width, height = image.size
    scale = 3840 / max(width, height)
    return {
        "as it is": image,
        "mirrored": image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "cropped": image.crop((round(0.04 * width), 0, round(0.96 * width), round(0.88 * height))),
        "at a fifth of the light": ImageEnhance.Brightness(image).enhance(0.2),
        "4K": image.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC),
    }


def bench_portraits(perceiver: Perceiver, paths: list[Path]) -> None:
    """Residuals of people's pictures."""
    print("\n| portrait | shoulders | wrists | nose | eyes, mouth | hand size | hand points | s |\n" + "|---" * 8 + "|")
    for path in paths:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        for name, version in versions(image).items():
            stream = io.BytesIO()
            version.save(stream, "TIFF")
            began = time.perf_counter()
            try:
                fit = fit_picture(stream.getvalue(), name=path.name, perceiver=perceiver)
            except VideoError as error:
                print(f"| {path.stem}, {name} | {error} |" + " |" * 6)
                continue
            seconds = time.perf_counter() - began
            worst = [
                max((value for key, value in fit.residuals.items() if key.startswith(starts)), default=np.nan)
                for starts in ("shoulder", "wrist", "nose", ("eye", "mouth"), "hand_size", "hand_points")
            ]
            print(f"| {path.stem}, {name} | " + " | ".join(f"{value:.2%}" for value in worst) + f" | {seconds:.1f} |")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="measure Fit to Picture")
    parser.add_argument("pictures", nargs="*", type=Path, help="portraits of your own")
    options = parser.parse_args()
    with Perceiver(mask=False) as perceiver:
        bench_character(perceiver)
        if options.pictures:
            bench_portraits(perceiver, options.pictures)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
