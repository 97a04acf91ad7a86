# SPDX-License-Identifier: GPL-3.0-or-later
"""An extension's zip whose `headless.py` keeps to the contract but makes its files without Blender."""

import zipfile
from pathlib import Path

HEADLESS = """
import json, os, sys
from pathlib import Path

import numpy as np
from chironomy.client import Client
from chironomy.motion.files import save_hands
from chironomy.motion.hand_motion import HandMotion
from chironomy.video.film.encode import encode_mp4

job = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
mode = os.environ.get("STAND_IN", "good")

def tell(**fields):
    print(json.dumps(fields), flush=True)

print("Blender says what it likes")
print("[1, 2]")
tell(step="start", progress=0.0, message="")
out = Path(job["out"])
(out / "half.tmp").write_bytes(b"half")
if mode == "refuse":
    tell(error="the rig has no hand.R; add the character again")
    sys.exit(1)
if mode == "crash":
    print("RuntimeError: out of video memory", file=sys.stderr)
    sys.exit(11)
if mode == "hang":
    Path(os.environ["STAND_IN_PID"]).write_text(f"{os.getpid()} {job['backend']['url']}")
    import time
    time.sleep(600)
Client(job["backend"]["url"], job["backend"]["token"]).health()
assert Path(os.environ["BLENDER_USER_RESOURCES"]).is_dir()
assert Path(job["speech"]).is_file()
settings = job["settings"]
tell(step="generate", progress=0.5, message="making gestures")
frames = 24
hands = HandMotion(
    fps=settings["fps"],
    wrist_position=np.tile([[0.15, -0.35, 0.3], [-0.15, -0.35, 0.3]], (frames, 1, 1)),
    rotation=np.tile([1.0, 0.0, 0.0, 0.0], (frames, 2, 16, 1)),
    confidence=np.ones((frames, 2)),
    source={},
)
save_hands(hands, out / job["write"]["motion"])
width, height = settings["width"], settings["height"]
pictures = (np.full((height, width, 3), 5 * i, np.uint8) for i in range(frames))
encode_mp4(pictures, out / job["write"]["video"], settings["fps"], width, height, Path(job["speech"]))
(out / job["write"]["blend"]).write_text(json.dumps(job))
assert job["write"]["shot"] is None
if mode != "forget":
    (out / job["write"]["fbx"]).write_bytes(b"fbx")
tell(step="generate", progress=1.0, message="")
edits = [{"hand": edit["hand"], "offset": edit["offset"], "frame": 12} for edit in job["edits"]]
steps = [{"name": "generate", "seconds": 1.25}]
tell(done=True, outputs={}, steps=steps, edits=edits, keys={"total": 80, "dense": 800})
"""


def extension(path: Path) -> Path:
    """Write the zip."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("headless.py", HEADLESS)
    return path
