# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what mediapipe and LiteRT see with the same models: how far their points are apart, and how long they take.

    python tools/bench_perception.py                      # pictures of the character
    python tools/bench_perception.py PICTURE [PICTURE …]  # and of your own, also mirrored, cropped, dark and in 4K

Prints a Markdown table. It needs both libraries, so Python 3.11 or 3.12. Distances are the worst of all points, as
parts of the face's, the hand's and the shoulders' size.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench_fit import sitters, versions
from chironomy.video.portrait.perception import SHOULDERS, Perceived, Perceiver


def apart(one: np.ndarray, other: np.ndarray, size: float) -> float:
    """The worst distance between points (n, 2), as a part of a size."""
    return float(np.linalg.norm(one - other, axis=-1).max() / size)


def row(one: Perceived, other: Perceived) -> list[str]:
    """Cells of the table: face, irises, hands, hands in space, pose."""
    cells = ["differs" if (one.face is None) != (other.face is None) else "none"] * 2
    if one.face is not None and other.face is not None:
        size = float(np.ptp(one.face, axis=0).max())
        cells = [f"{apart(one.face, other.face, size):.2%}", f"{apart(one.face[468:], other.face[468:], size):.2%}"]
    both = np.flatnonzero((one.hand_scores > 0) & (other.hand_scores > 0))
    if ((one.hand_scores > 0) != (other.hand_scores > 0)).any():
        cells += ["differs"] * 2
    elif not len(both):
        cells += ["none"] * 2
    else:
        worst = max(apart(one.hands[i], other.hands[i], float(np.ptp(one.hands[i], axis=0).max())) for i in both)
        space = 1000 * max(np.linalg.norm(one.hand_world[i] - other.hand_world[i], axis=-1).max() for i in both)
        cells += [f"{worst:.2%}", f"{space:.1f}"]
    if not (np.isfinite(one.pose[0, 0]) and np.isfinite(other.pose[0, 0])):
        return [*cells, "none" if np.isnan(one.pose[0, 0]) and np.isnan(other.pose[0, 0]) else "differs"]
    visible = one.pose[:, 2] > 0.5
    width = float(np.hypot(*(one.pose[SHOULDERS[0], :2] - one.pose[SHOULDERS[1], :2])))
    return [*cells, f"{apart(one.pose[visible, :2], other.pose[visible, :2], width):.2%}"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="compare what mediapipe and LiteRT see")
    parser.add_argument("pictures", nargs="*", type=Path, help="pictures of your own")
    pictures = [(name, picture) for name, _, picture in sitters()]
    for path in parser.parse_args().pictures:
        with Image.open(path) as opened:
            all_versions = versions(opened.convert("RGB"))
        pictures += [(f"{path.stem}, {name}", np.asarray(version)) for name, version in all_versions.items()]
    print(
        "| picture | face | irises | hands | hands in space, mm | pose | mediapipe, s | LiteRT, s |\n"
        + "|---" * 8
        + "|"
    )
    with Perceiver(by="mediapipe", mask=False) as mediapipe, Perceiver(by="litert", mask=False) as litert:
        for name, picture in pictures:
            began = time.perf_counter()
            one = mediapipe(picture)
            middle = time.perf_counter()
            other = litert(picture)
            end = time.perf_counter()
            print(f"| {name} | " + " | ".join(row(one, other)) + f" | {middle - began:.2f} | {end - middle:.2f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
