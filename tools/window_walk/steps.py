# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk itself: from an empty Blender to an exported performance, each step with what is to be seen after it."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from window_walk.desk import UnseenError
from window_walk.edits import (
    apply_hand_pose,
    apply_score,
    click_strips,
    edit_on_layer,
    mirror_motion,
    move_pose,
    regenerate_range,
)
from window_walk.exchange import import_fbx, let_several_talk, make_batch, send_live
from window_walk.walk import Walk, check, farthest, length, show_gesture, shown_take, wait_for

TAB = "Chironomy"

ELSEWHERE = "https://render.example:8443"
"""An address whose certificate an authority vouches for."""


def install(walk: Walk) -> str:
    """Install the zip from its file."""
    desk = walk.desk
    desk.ask("ask_to_install")
    desk.answer_dialog(walk.files.extension)
    end = time.monotonic() + 90
    while not desk.ask("installed"):
        check(time.monotonic() < end, "the extension is not there after 90 seconds")
        time.sleep(0.3)
    desk.ask("show_tab", name=TAB)
    return "the tab Chironomy is in the sidebar"


def load_speech(walk: Walk) -> str:
    """Clear the scene, and load the recording."""
    desk = walk.desk
    desk.over("VIEW_3D")
    desk.press("a", "Delete")
    check(not desk.see()["objects"], "the new scene's cube, camera and light were not deleted")
    desk.press_button("Speech", "chironomy.load_speech")
    desk.answer_dialog(walk.files.speech)
    seen = desk.wait_until("the speech's name", lambda seen: seen["speech"])
    return f"the scene has the speech {Path(seen['speech']).name}"


def open_manual(walk: Walk) -> str:
    """Press the question mark at the head of the tab, and F1 over a button."""
    desk = walk.desk
    desk.click(*desk.find_in_head("Speech", "chironomy.open_manual"))
    desk.wait_opened("tutorial.html")
    desk.point(*desk.find("Character", "chironomy.add_character"))
    time.sleep(0.5)
    desk.press("F1")
    page = Path(desk.wait_opened("tutorial.html", 2).removeprefix("file://")).name
    return f"the tutorial was opened, and {page} for a button"


def delete_character(walk: Walk) -> str:
    """Delete the character, step back, and look at it again."""
    desk = walk.desk
    desk.over("VIEW_3D")
    desk.press("x", "Return")
    desk.wait_until("an empty scene", lambda seen: not seen["objects"] and not seen["character"], 10)
    desk.press("ctrl+z")
    seen = desk.wait_until("the character again", lambda seen: seen["character"] and len(seen["objects"]) == 2, 10)
    return f"{' and '.join(seen['objects'])} went and came back"


def add_character(walk: Walk) -> str:
    """Add the character, and look at it."""
    desk = walk.desk
    desk.press_button("Character", "chironomy.add_character")
    seen = desk.wait_until("a character", lambda seen: seen["character"], 120)
    desk.ask("look")
    return f"{seen['character']} stands in the scene"


def generate(walk: Walk) -> str:
    """Generate the first take, with a picture on the way."""
    desk = walk.desk
    desk.press_button("Generate", "chironomy.generate")
    time.sleep(0.6)
    desk.photograph("03-generating")
    seen = desk.wait_for_work()
    check(len(seen["takes"]) == 1, f"one take was to be made, but there are {len(seen['takes'])}")
    check(seen["keys"] > 0, "the take has no keys")
    show_gesture(walk)
    path = desk.ask("wrist_path")
    walk.paths["Take 1"] = path
    travelled = length(path)
    check(travelled > 0.5, f"the wrists travel {travelled:.2f} m in all, which is no gesture")
    return f"one take, {seen['keys']} keys, {len(seen['phrases'])} phrases; the wrists travel {travelled:.1f} m"


def more_takes(walk: Walk) -> str:
    """Generate two more takes with new seeds."""
    desk = walk.desk
    for number in (2, 3):
        before = desk.see()["seed"]
        desk.press_button("Generate", "chironomy.new_seed")
        desk.wait_until("another seed", lambda seen, before=before: seen["seed"] != before, 10)
        desk.press_button("Generate", "chironomy.generate")
        seen = desk.wait_for_work()
        check(len(seen["takes"]) == number, f"{number} takes were to be there, not {len(seen['takes'])}")
    desk.open_section("Takes")
    desk.wait_until("a picture of each take", lambda seen: seen["pictures"] == 3, 60)
    walk.paths["Take 3"] = desk.ask("wrist_path")
    apart = farthest(walk.paths["Take 1"], walk.paths["Take 3"])
    check(apart > 0.02, "another seed gave the same motion")
    return f"three takes; the wrists of the first and the last are up to {100 * apart:.0f} cm apart"


def flip_takes(walk: Walk) -> str:
    """Flip to the take before and back, then choose the first in the list."""
    desk = walk.desk
    shown = [shown_take(desk)]
    for _ in range(2):
        desk.press_button("Takes", "chironomy.flip_take")
        shown.append(shown_take(desk))
    check(shown[0] == shown[2] != shown[1], f"flipping showed {', '.join(shown)}")
    # From above, the first that is found of the list is its first row.
    desk.press_button("Takes", ".take_index")
    check(shown_take(desk) == "Take 1", f"the first row was clicked, but {shown_take(desk)} is shown")
    apart = farthest(walk.paths["Take 1"], desk.ask("wrist_path"))
    check(apart < 1e-4, "Take 1 is not as it was when it was made")
    return f"{', '.join(shown)}, then Take 1 as it was made"


def choose_by_picture(walk: Walk) -> str:
    """Choose the last take among all of them, side by side as pictures."""
    desk = walk.desk
    # Its picture is above the switch of the trails.
    x, y = desk.find("Takes", ".trails")
    time.sleep(3.0)
    desk.click(x, y + 60)
    time.sleep(1.0)
    desk.photograph("05-take-pictures", rest=False)
    # The one that is shown is the first, and lies under the pointer's left.
    for aside, down in ((0, 130), (100, 130), (200, 130), (0, -60), (100, -60)):
        desk.click(x + aside, y - down)
        if shown_take(desk) != "Take 1":
            break
        desk.press("Escape")
        desk.click(x, y + 60)
    else:
        desk.press("Escape")
        raise UnseenError("no click on a picture chose another take")
    shown = shown_take(desk)
    desk.press_button("Takes", "chironomy.flip_take")
    check(shown_take(desk) == "Take 1", f"flipping back showed {shown_take(desk)}")
    return f"{shown} was chosen by its picture, then Take 1 again"


def change_detail(walk: Walk) -> str:
    """Set Detail to 0.2 and back."""
    desk = walk.desk
    before = desk.see()
    was = next(take["detail"] for take in before["takes"] if take["shown"])
    desk.write("Takes", ".detail", "0.2")
    coarse = desk.wait_until("fewer keys", lambda seen: seen["keys"] < before["keys"], 30)
    desk.wait_until("its picture again", lambda seen: seen["pictures"] == len(seen["takes"]), 60)
    desk.photograph("06-detail")
    desk.write("Takes", ".detail", f"{was:.2f}")
    back = desk.wait_until("as many keys as before", lambda seen: seen["keys"] == before["keys"], 30)
    return f"{before['keys']} keys, {coarse['keys']} at 0.2, {back['keys']} again"


def work_in_line(walk: Walk) -> str:
    """Ask for two takes more, stop the first by the cross beside its button, and see the second made."""
    desk = walk.desk
    count = len(desk.see()["takes"])
    _, y = desk.find("Generate", "chironomy.generate")
    x, _, width, _ = desk.ask("place", kind="VIEW_3D", region="UI")
    for jobs in (1, 2):
        # The button gives up its right half to how far it is.
        desk.click(x + 0.3 * width, y)
        desk.wait_until(f"{jobs} in line", lambda seen, jobs=jobs: seen["jobs"] == jobs, 10)
    desk.photograph("15-work")
    desk.press_button("Generate", "chironomy.stop_work", parts=(0.93, 0.9))
    desk.wait_for_work()
    seen = desk.see()
    check(len(seen["takes"]) == count + 1, f"one of two was stopped, but {len(seen['takes']) - count} were made")
    return "the first of two was stopped, and the second made"


def look_at_all(walk: Walk) -> str:
    """Look at every section."""
    desk = walk.desk
    desk.wait_for_work()
    desk.forget()
    labels = desk.ask("sections")["all"]
    for label in labels:
        desk.open_section(label)
        desk.photograph(f"16-{label.lower().replace(' ', '-')}")
    return ", ".join(labels)


def look_at_preferences(walk: Walk) -> str:
    """Look at the page in the preferences, once more with the address of a backend elsewhere."""
    desk = walk.desk
    desk.ask("show_preferences")
    for name, address in (("19-page", walk.backend.url if walk.backend else ""), ("19-page-elsewhere", ELSEWHERE)):
        desk.ask("set_preferences", address=address)
        time.sleep(2.0)
        desk.machine.run("import", "-window", "root", desk.machine.inner(desk.machine.folder / "screen.png"))
        shutil.move(desk.machine.folder / "screen.png", desk.pictures / f"{name}.png")
    desk.ask("set_preferences", address="")
    desk.ask("hide_preferences")
    time.sleep(1.0)
    return "the page is in 19-page.png, with Authority in 19-page-elsewhere.png"


def ask_for_backend(walk: Walk) -> str:
    """Press Set Up Backend, and leave its dialog again."""
    desk = walk.desk
    desk.ask("allow_online", allowed=True)
    desk.press_button("Picture", "chironomy.set_up_backend")
    time.sleep(1.0)
    desk.photograph("12-asked", rest=False)
    check(desk.see()["jobs"] == 0, "the download began before it was agreed to")
    desk.press("Escape")
    time.sleep(1.0)
    check(desk.see()["jobs"] == 0, "the download began although the dialog was left")
    desk.ask("allow_online", allowed=False)
    return "the size is in 12-asked.png, and nothing is downloaded"


def render(walk: Walk) -> str:
    """Render a video with a backend that runs."""
    desk, backend = walk.desk, walk.backend
    if backend is None:
        return "left out: there is no backend"
    inner = desk.machine.inner
    desk.ask(
        "set_preferences", address=backend.url, token_file=inner(backend.token_file), renders=inner(walk.files.folder)
    )
    desk.press_button("Render", "chironomy.render_video")
    desk.wait_until("that it renders", lambda seen: seen["working"], 30)
    desk.wait_until("a frame of the film", lambda seen: seen["work_picture"] or not seen["working"], 120)
    desk.photograph("12-rendering")
    desk.wait_for_work()
    videos = sorted(walk.files.folder.glob("**/*.mp4"))
    check(bool(videos), f"no video is in {walk.files.folder}")
    desk.press_button("Render", "chironomy.play_render", parts=(0.85, 0.88, 0.82))
    desk.wait_opened(videos[-1].name)
    return f"{videos[-1].name}, {videos[-1].stat().st_size / 1e6:.1f} MB, and Play plays it"


def export_fbx(walk: Walk) -> str:
    """Write the FBX."""
    target = walk.files.folder / "hands.fbx"
    walk.desk.press_button("Import and Export", "chironomy.export_fbx")
    walk.desk.answer_dialog(target)
    wait_for(target, 300.0)
    return f"{target.name}, {target.stat().st_size / 1e6:.1f} MB"


def save_and_open(walk: Walk) -> str:
    """Save the file, open a new one, and open the saved one again."""
    desk, target = walk.desk, walk.files.folder / "walk.blend"
    before = desk.see()
    path = desk.ask("wrist_path")
    desk.over("VIEW_3D")
    desk.press("ctrl+s")
    desk.answer_dialog(target)
    wait_for(target)
    desk.over("VIEW_3D")
    desk.press("ctrl+o")
    desk.answer_dialog(target)
    time.sleep(1.0)
    desk.forget()
    after = desk.wait_until("the file's name", lambda seen: seen["file"].endswith(target.name), 60)
    desk.ask("installed")
    desk.ask("show_tab", name=TAB)
    check(
        after["takes"] == before["takes"],
        f"there were {len(before['takes'])} takes, and there are {len(after['takes'])}",
    )
    check(after["phrases"] == before["phrases"], "the score is not as it was")
    apart = farthest(path, desk.ask("wrist_path"))
    check(apart < 1e-4, f"the wrists are up to {apart:.4f} m from where they were")
    desk.open_section("Takes")
    return (
        f"{len(after['takes'])} takes and {len(after['phrases'])} phrases are there again, and the motion is as it was"
    )


STEPS: tuple[tuple[str, Callable[[Walk], str]], ...] = (
    ("00-install", install),
    ("01-manual", open_manual),
    ("01-speech", load_speech),
    ("02-character", add_character),
    ("02-deleted", delete_character),
    ("03-generate", generate),
    ("04-takes", more_takes),
    ("05-flip", flip_takes),
    ("05-pictures", choose_by_picture),
    ("06-detail-back", change_detail),
    ("07-move-pose", move_pose),
    ("08-range", regenerate_range),
    ("08-strips", click_strips),
    ("09-score", apply_score),
    ("10-hand-pose", apply_hand_pose),
    ("11-mirror", mirror_motion),
    ("11-mirror-layer", edit_on_layer),
    ("12-ask-backend", ask_for_backend),
    ("12-render", render),
    ("13-export", export_fbx),
    ("14-opened-again", save_and_open),
    ("15-imported", import_fbx),
    ("15-let-live", send_live),
    ("15-line", work_in_line),
    ("16-all", look_at_all),
    ("17-batch", make_batch),
    ("18-speakers", let_several_talk),
    ("19-preferences", look_at_preferences),
)
"""The name of each step's picture, and the step. One that fails does not stop those after it."""
