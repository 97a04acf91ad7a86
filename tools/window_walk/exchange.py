# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the walk that go beyond one character in one file: other programs, folders of recordings, conversations."""

import json
import math
import shutil
import socket
import time
from pathlib import Path

from window_walk.walk import Walk, check, wait_for


def import_fbx(walk: Walk) -> str:
    """Read the hands of the FBX that was written, as another take."""
    desk, source = walk.desk, walk.files.folder / "hands.fbx"
    before, path = desk.see(), desk.ask("wrist_path")
    desk.press_button("Import and Export", "chironomy.import_motion")
    desk.answer_dialog(source)
    seen = desk.wait_until("a take of the FBX", lambda seen: len(seen["takes"]) > len(before["takes"]), 300)
    # The torso's turns are left out, which move both hands together.
    gaps = [[math.dist(*wrists) for wrists in each] for each in (path, desk.ask("wrist_path"))]
    off = max(abs(one - other) for one, other in zip(*gaps, strict=False))
    check(off < 0.03, f"the hands are up to {100 * off:.1f} cm otherwise from each other than what was exported")
    desk.open_section("Takes")
    label = next(take["label"] for take in seen["takes"] if take["shown"])
    return f"the hands of the take {label} are from each other as far as exported, to {1000 * off:.0f} mm"


def send_live(walk: Walk) -> str:
    """Send the character while Blender plays, to a receiver that listens here."""
    desk = walk.desk
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5.0)
        desk.write("Live", ".port", str(receiver.getsockname()[1]))
        desk.press_button("Live", "ops.chironomy.live")
        first, _ = receiver.recvfrom(65536)
        desk.photograph("15-sends-live")
        desk.over("VIEW_3D")
        desk.press("space")
        end, frames, bones = time.monotonic() + 4.0, 0, 0
        while time.monotonic() < end:
            told, _ = receiver.recvfrom(65536)
            frames, bones = frames + (b"/VMC/Ext/T\0" in told), bones + told.count(b"/VMC/Ext/Bone/Pos")
        desk.press("space")
        desk.press_button("Live", "ops.chironomy.live")
        receiver.settimeout(0.5)
        try:
            # What was under way comes still.
            for _ in range(500):
                receiver.recvfrom(65536)
        except TimeoutError:
            desk.over("VIEW_3D")
            desk.press("Right")
            check(not _heard(receiver), "frames come after Stop Sending")
        else:
            check(False, "frames go on to come after Stop Sending")
    check(first.startswith(b"#bundle"), "what came first is no bundle of OSC")
    check(frames > 3 and bones >= 52 * (frames - 1), f"in 4 s of playing came {frames} frames with {bones} bones")
    return f"{frames} frames with 52 bones each came in 4 s of playing, and none after it was stopped"


def _heard(receiver: socket.socket) -> bool:
    try:
        receiver.recvfrom(65536)
    except TimeoutError:
        return False
    return True


def make_batch(walk: Walk) -> str:
    """Make the scenes of a folder with one recording, by a Blender without a window."""
    desk, folder, inner = walk.desk, walk.files.folder, walk.desk.machine.inner
    recordings, out = folder / "recordings", folder / "scenes"
    recordings.mkdir()
    shutil.copy(walk.files.speech, recordings / "line.wav")
    desk.write("Batch", ".recordings", inner(recordings), path=True)
    desk.write("Batch", ".out", inner(out), path=True)
    asked = desk.see()["batch"]
    check(asked == [inner(recordings), inner(out)], f"the folders that were written are {asked}")
    desk.press_button("Batch", "ops.chironomy.batch")
    desk.wait_until("that it works", lambda seen: seen["working"], 30)
    time.sleep(2.0)
    desk.photograph("17-batch-works")
    desk.wait_for_work()
    wait_for(out / "summary.csv", 5.0)
    said = (out / "summary.csv").read_text(encoding="utf-8")
    (scene,) = {path.parent for path in out.glob("*/scene.blend")} or {None}
    check(scene is not None and ",done," in said, f"no scene was made: {said}")
    assert isinstance(scene, Path)
    check((scene / "hands.fbx").is_file(), "the scene has no FBX beside it")
    made = json.loads((scene / "made.json").read_text(encoding="utf-8"))
    return f"{scene.name} with {' and '.join(sorted(made))}"


def let_several_talk(walk: Walk) -> str:
    """Let two characters talk in turns, in a new scene, and make both at once."""
    desk = walk.desk
    desk.ask("new_file")
    time.sleep(3.0)
    desk.forget()
    desk.wait_until("a new file", lambda seen: not seen["file"] and not seen["character"], 30)
    desk.ask("prepare")
    time.sleep(1.0)
    desk.over("VIEW_3D")
    desk.press("a", "Delete")
    desk.ask("show_tab", name="Chironomy")
    desk.press_button("Speech", ".several")
    for number in (1, 2):
        count = len(desk.see()["objects"])
        desk.press_button("Character", "chironomy.add_character")
        desk.wait_until("another character", lambda seen, count=count: len(seen["objects"]) > count, 120)
        if number == 2:
            # A step aside, as a person moves it.
            desk.over("VIEW_3D")
            desk.press("g", "x")
            desk.xdotool("type", "1")
            desk.press("Return")
        desk.press_button("Speech", "chironomy.load_speech")
        desk.answer_dialog(walk.files.speech)
        desk.wait_until(f"{number} strips", lambda seen, number=number: len(seen["turns"]) == number, 30)
    desk.ask("look", distance=3.4, height=1.0, aside=0.6)
    desk.open_section("Speech")
    desk.photograph("18-turns")
    seen = desk.see()
    who = [turn[0] for turn in seen["turns"]]
    check(len(set(who)) == 2 and all(who), f"the two strips are of {who}")
    check(seen["turns"][1][1] >= seen["turns"][0][2], "the second recording does not follow the first")
    desk.press_button("Generate", "chironomy.generate_scene")
    seen = desk.wait_for_work()
    made = sorted({take["of"] for take in desk.see()["takes"]})
    check(made == sorted(set(who)), f"takes were made of {', '.join(made) or 'nobody'}")
    turns = seen["turns"]
    moved = []
    for _, first, last in turns:
        desk.ask("go_to", frame=(first + last) // 2)
        moved.append(desk.ask("hands_between", first=first, last=last))
    for number, name in enumerate(who):
        speaking, listening = moved[number][name], moved[1 - number][name]
        check(speaking > 2 * listening, f"{name}'s wrists go {speaking:.1f} m speaking and {listening:.1f} m listening")
    desk.ask("go_to", frame=(turns[0][1] + turns[0][2]) // 2)
    return f"{' and '.join(who)} have a take each, and move their hands while they speak"
