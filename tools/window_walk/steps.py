# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk itself: from an empty Blender to an exported performance, each step with what is to be seen after it."""

import math
import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from window_walk.desk import Desk, UnseenError

TAB = "Chironomy"


class Files(NamedTuple):
    """What the walk opens and writes."""

    extension: Path
    speech: Path
    folder: Path


class Backend(NamedTuple):
    """A backend that runs, and the file with its secret."""

    url: str
    token_file: Path


class Walk:
    """What steps share: the desk, the files and what was seen earlier.

    Attributes:
        backend: for rendering; None where there is none.
    """

    def __init__(self, desk: Desk, files: Files, backend: Backend | None) -> None:
        self.desk, self.files, self.backend = desk, files, backend
        self.paths: dict[str, list[Any]] = {}


def install(walk: Walk) -> str:
    """Install the zip from its file."""
    desk = walk.desk
    desk.ask("ask_to_install")
    desk.answer_dialog(walk.files.extension)
    end = time.monotonic() + 90
    while not desk.ask("installed"):
        _check(time.monotonic() < end, "the extension is not there after 90 seconds")
        time.sleep(0.3)
    desk.ask("show_tab", name=TAB)
    return "the tab Chironomy is in the sidebar"


def load_speech(walk: Walk) -> str:
    """Clear the scene, and load the recording."""
    desk = walk.desk
    desk.over("VIEW_3D")
    desk.press("a", "Delete")
    _check(not desk.see()["objects"], "the new scene's cube, camera and light were not deleted")
    desk.press_button("Speech", "chironomy.load_speech")
    desk.answer_dialog(walk.files.speech)
    seen = desk.wait_until("the speech's name", lambda seen: seen["speech"])
    return f"the scene has the speech {Path(seen['speech']).name}"


def add_character(walk: Walk) -> str:
    """Add the character, and look at it."""
    desk = walk.desk
    desk.press_button("Character", "chironomy.add_character")
    seen = desk.wait_until("a character", lambda seen: seen["character"])
    desk.ask("look")
    return f"{seen['character']} stands in the scene"


def generate(walk: Walk) -> str:
    """Generate the first take, with a picture on the way."""
    desk = walk.desk
    desk.press_button("Generate", "chironomy.generate")
    time.sleep(0.6)
    desk.photograph("03-generating")
    seen = desk.wait_for_work()
    _check(len(seen["takes"]) == 1, f"one take was to be made, but there are {len(seen['takes'])}")
    _check(seen["keys"] > 0, "the take has no keys")
    _show_gesture(walk)
    path = desk.ask("wrist_path")
    walk.paths["Take 1"] = path
    travelled = _length(path)
    _check(travelled > 0.5, f"the wrists travel {travelled:.2f} m in all, which is no gesture")
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
        _check(len(seen["takes"]) == number, f"{number} takes were to be there, not {len(seen['takes'])}")
    desk.open_section("Takes")
    desk.wait_until("a picture of each take", lambda seen: seen["pictures"] == 3, 60)
    walk.paths["Take 3"] = desk.ask("wrist_path")
    apart = _apart(walk.paths["Take 1"], walk.paths["Take 3"])
    _check(apart > 0.02, "another seed gave the same motion")
    return f"three takes; the wrists of the first and the last are up to {100 * apart:.0f} cm apart"


def flip_takes(walk: Walk) -> str:
    """Flip to the take before and back, then choose the first in the list."""
    desk = walk.desk
    shown = [_shown(desk)]
    for _ in range(2):
        desk.press_button("Takes", "chironomy.flip_take")
        shown.append(_shown(desk))
    _check(shown[0] == shown[2] != shown[1], f"flipping showed {', '.join(shown)}")
    # From above, the first that is found of the list is its first row.
    desk.press_button("Takes", ".take_index")
    _check(_shown(desk) == "Take 1", f"the first row was clicked, but {_shown(desk)} is shown")
    apart = _apart(walk.paths["Take 1"], desk.ask("wrist_path"))
    _check(apart < 1e-4, "Take 1 is not as it was when it was made")
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
        if _shown(desk) != "Take 1":
            break
        desk.press("Escape")
        desk.click(x, y + 60)
    else:
        desk.press("Escape")
        raise UnseenError("no click on a picture chose another take")
    shown = _shown(desk)
    desk.press_button("Takes", "chironomy.flip_take")
    _check(_shown(desk) == "Take 1", f"flipping back showed {_shown(desk)}")
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


def move_pose(walk: Walk) -> str:
    """Pose the right hand in the pose mode, and let the poses around follow."""
    desk = walk.desk
    _show_gesture(walk)
    if desk.see()["mode"] != "POSE":
        desk.over("VIEW_3D")
        desk.press("ctrl+Tab")
        desk.wait_until("the pose mode", lambda seen: seen["mode"] == "POSE", 10)
    # Fingers may lie before the control; its outline is larger than its bone.
    for aside, along in ((0, 0.0), (0, 0.3), (30, 0.5), (-30, 0.5), (0, 0.5), (30, 0.0), (-30, 0.0), (0, -0.3)):
        at = desk.ask("place_of_bone", name="hand.R", along=along)
        _check(at is not None, "hand.R is not to be seen")
        desk.click(at[0] + aside, at[1])
        seen = desk.see()
        if seen["bones"] == ["hand.R"]:
            break
    else:
        raise UnseenError(f"hand.R was clicked, but {', '.join(seen['bones']) or 'nothing'} is selected")
    before, path = seen["wrists"][1], desk.ask("wrist_path")
    desk.point(*at)
    desk.press("g", "z")
    desk.xdotool("type", "0.12")
    desk.press("Return")
    moved = math.dist(desk.see()["wrists"][1], before)
    _check(moved > 0.05, f"the hand went {100 * moved:.0f} cm by G Z 0.12")
    desk.press_button("Edit", "chironomy.move_pose")
    _wait_edited(desk)
    after = desk.ask("wrist_path")
    apart = [math.dist(one[1], other[1]) for one, other in zip(path, after, strict=True)]
    changed = sum(each > 0.005 for each in apart)
    _check(max(apart) > 0.05, "the poses around do not follow")
    _check(changed < len(apart) / 2, "poses far away have moved, too")
    return f"the hand is {100 * moved:.0f} cm higher, and a stretch of about {changed * 5} frames follows"


def regenerate_range(walk: Walk) -> str:
    """Drag a preview range in the timeline, and make it anew."""
    desk = walk.desk
    count, path = len(desk.see()["takes"]), desk.ask("wrist_path")
    desk.over("DOPESHEET_EDITOR")
    desk.press("Home")
    time.sleep(0.6)
    begin, end = (desk.ask("place_of_frame", frame=frame) for frame in (150, 220))
    desk.point(*begin)
    desk.press("p")
    # A box without height selects nothing.
    desk.drag(begin, (end[0], end[1] - 12))
    on, first, last = desk.see()["preview"]
    _check(on and abs(first - 150) < 6 and abs(last - 220) < 6, f"the preview range is {first} to {last}")
    desk.press_button("Range and Locks", "chironomy.regenerate_range")
    seen = desk.wait_for_work()
    _check(len(seen["takes"]) == count + 1, "the range made no take of its own")
    after = desk.ask("wrist_path")
    frames = range(seen["frames"][0], seen["frames"][1] + 1, 5)
    outside = [
        max(math.dist(*pair) for pair in zip(one, other, strict=True))
        for frame, one, other in zip(frames, path, after, strict=False)
        if not first - 1 <= frame <= last + 1
    ]
    inside = _apart(path, after)
    _check(inside > 0.02, "nothing in the range has changed")
    _check(max(outside) < 1e-3, f"beside the range the wrists are up to {max(outside):.3f} m off")
    return f"frames {first} to {last} are new, up to {100 * inside:.0f} cm elsewhere, and nothing beside them changed"


def click_strips(walk: Walk) -> str:
    """Choose phrases by their strips in the timeline, drag one, and open what changes it; keys are still clicked."""
    desk = walk.desk
    desk.over("DOPESHEET_EDITOR")
    desk.press("alt+p")
    _check(not desk.see()["preview"][0], "Alt P did not clear the preview range")
    desk.press("Home")
    time.sleep(0.6)
    _wait_heard(desk)
    before = desk.see()
    phrases = before["phrases"]
    number = next(n for n, each in enumerate(phrases) if n not in (0, before["phrase"]) and each[3] - each[2] > 20)
    desk.click(*desk.ask("place_of_strip", number=number)[:2])
    # A second press too soon would be a double click.
    time.sleep(1.0)
    seen = desk.see()
    _check(seen["phrase"] == number, f"strip {number} was clicked, but phrase {seen['phrase']} is chosen")
    _check(seen["frame"] == before["frame"], "a click on a strip moved the playhead")
    _check(seen["phrases"] == phrases, "a click changed a phrase")
    first, last = phrases[number][2:]
    # As a whole, then by its end.
    at, there = desk.ask("place_of_strip", number=number), desk.ask("place_of_frame", frame=(first + last) / 2 + 10)
    desk.drag(tuple(at[:2]), (there[0], at[1]))
    moved = _changed(desk, number, phrases[number])
    _check(8 <= moved[2] - first <= 12 and moved[3] - last == moved[2] - first, f"the drag gave {moved}")
    desk.photograph("08-strip-dragged")
    at = desk.ask("place_of_strip", number=number, along=1.0)
    desk.drag((at[0] - 2, at[1]), (at[0] + 60, at[1]))
    longer = _changed(desk, number, moved)
    _check(longer[2] == moved[2] and longer[3] > moved[3] + 3, f"dragging its end gave {longer}")
    desk.over("DOPESHEET_EDITOR")
    for before in (moved, phrases[number]):
        desk.press("ctrl+z")
        desk.wait_until("the phrase as before the drag", lambda seen, was=before: seen["phrases"][number] == was, 15)
    # What opens over it.
    x, y, _ = desk.ask("place_of_strip", number=number)
    desk.click(x, y, button=3)
    time.sleep(0.4)
    desk.photograph("08-strip-menu", rest=False)
    desk.press("Escape")
    time.sleep(1.0)
    desk.double_click(x, y)
    desk.photograph("08-strip-kinds", rest=False)
    desk.press("Escape")
    # Beside the strips a click is Blender's: here it selects no key any more.
    desk.over("DOPESHEET_EDITOR")
    desk.press("a")
    _check(desk.ask("selected_keys") > 0, "A selected no keys")
    x, y, top = desk.ask("place_of_strip", number=number)
    desk.click(x + 3, top + 4)
    _check(desk.ask("selected_keys") < 50, "a click beside the strips did not reach Blender's keys")
    _check(desk.see()["phrases"] == phrases, "a click beside the strips changed a phrase")
    return f"the phrase at frame {first} was chosen by a click, moved by {moved[2] - first} frames, and put back"


def _changed(desk: Desk, number: int, before: list[Any]) -> list[Any]:
    """Wait until a phrase is not as before, and return it."""
    return desk.wait_until("a change of the phrase", lambda seen: seen["phrases"][number] != before, 15)["phrases"][
        number
    ]


def _wait_edited(desk: Desk) -> None:
    """Wait until an edit is done that a button or a slider began."""
    time.sleep(0.5)
    desk.wait_until("the end of the edit", lambda seen: not seen["editing"], 30)


def _wait_heard(desk: Desk, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not desk.ask("heard"):
        _check(time.monotonic() < end, f"the speech is not drawn after {seconds:.0f} seconds")
        time.sleep(0.3)


def apply_score(walk: Walk) -> str:
    """Give one phrase another kind, and do the score."""
    desk = walk.desk
    count, path = len(desk.see()["takes"]), desk.ask("wrist_path")
    phrases = desk.see()["phrases"]
    desk.turn_wheel("Score", f"phrases[{desk.see()['phrase']}].kind", 2)
    changed = desk.see()["phrases"]
    _check(changed != phrases, "turning the wheel over Kind did not change it")
    desk.photograph("09-phrase")
    number = next(each for each, pair in enumerate(zip(phrases, changed, strict=True)) if pair[0] != pair[1])
    desk.press_button("Score", "chironomy.apply_score")
    seen = desk.wait_for_work()
    _check(len(seen["takes"]) == count + 1, "the score made no take of its own")
    apart = _apart(path, desk.ask("wrist_path"))
    _check(apart > 0.01, "the hands do as before")
    was, now, frame = phrases[number][0], changed[number][0], phrases[number][2]
    return f"the phrase at frame {frame} is {now} and not {was}; the wrists go up to {100 * apart:.0f} cm elsewhere"


def apply_hand_pose(walk: Walk) -> str:
    """Pick a hand pose by its picture, and apply it."""
    desk = walk.desk
    _show_gesture(walk)
    before = desk.see()
    # The picture is above the menu of names.
    x, y = desk.find("Hand Poses", "chironomy.hand_pose")
    desk.click(x, y + 60)
    time.sleep(0.8)
    desk.photograph("10-hand-poses", rest=False)
    for aside, down in ((-150, 100), (-250, 200), (-150, -60), (-350, 100)):
        desk.click(x + aside, y - down)
        seen = desk.see()
        if seen["hand_pose"] != before["hand_pose"]:
            break
        desk.press("Escape")
        desk.click(x, y + 60)
    else:
        desk.press("Escape")
        raise UnseenError("no click on a picture chose another hand pose")
    # Apply is beside Blend, which is the same operator.
    desk.press_button("Hand Poses", "chironomy.apply_hand_pose", parts=(0.3,))
    after = desk.see()
    turned = max(_turn(*pair) for pair in zip(before["fingers"][1], after["fingers"][1], strict=True))
    _check(turned > 3, f"no finger of the right hand turned by more than {turned:.1f} degrees")
    return f"the pose {after['hand_pose']}; a finger of the right hand turned by {turned:.0f} degrees"


def mirror_motion(walk: Walk) -> str:
    """Let both hands do, mirrored, what the other does."""
    desk = walk.desk
    # With a bone of a hand selected it would be that hand alone.
    desk.over("VIEW_3D")
    desk.press("alt+a")
    path = desk.ask("wrist_path")
    desk.press_button("Edit", "chironomy.mirror_motion")
    _wait_edited(desk)
    apart = _apart(path, desk.ask("wrist_path"))
    _check(apart > 0.02, "the hands do as before")
    return f"the wrists go up to {100 * apart:.0f} cm elsewhere"


def edit_on_layer(walk: Walk) -> str:
    """Smooth all of it on a layer, hide that layer, show it again, and make it the take's own."""
    desk = walk.desk
    desk.press_button("Edit", ".on_layer")
    path = desk.ask("wrist_path")
    desk.press_button("Edit", "chironomy.smooth")
    seen = desk.wait_until("a layer", lambda seen: seen["layers"], 30)
    _wait_edited(desk)
    smooth = desk.ask("wrist_path")
    apart = _apart(path, smooth)
    _check(apart > 0.002, "the hands do as before")
    desk.photograph("11-layer")
    desk.press_button("Edit", ".muted", parts=(0.8, 0.77, 0.83))
    desk.wait_until("that the layer is hidden", lambda seen: seen["layers"][0][2], 10)
    _wait_edited(desk)
    off = _apart(path, desk.ask("wrist_path"))
    _check(off < 1e-5, f"without the layer the wrists are up to {off:.5f} m from where they were")
    desk.press_button("Edit", ".muted", parts=(0.8, 0.77, 0.83))
    _wait_edited(desk)
    desk.press_button("Edit", "chironomy.apply_layer", parts=(0.92, 0.9, 0.94))
    after = desk.wait_until("no layer", lambda seen: not seen["layers"], 30)
    _wait_edited(desk)
    applied = _apart(smooth, desk.ask("wrist_path"))
    _check(applied < 5e-3, f"applied, the layer puts the wrists up to {applied:.4f} m elsewhere")
    desk.press_button("Edit", ".on_layer")
    return f"{seen['layers'][0][0]} was {100 * apart:.1f} cm, nothing when hidden, and is in {after['keys']} keys now"


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
    _check(len(seen["takes"]) == count + 1, f"one of two was stopped, but {len(seen['takes']) - count} were made")
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
    """Look at the page in the preferences."""
    desk = walk.desk
    desk.ask("show_preferences")
    time.sleep(2.0)
    desk.machine.run("import", "-window", "root", desk.machine.inner(desk.machine.folder / "screen.png"))
    shutil.move(desk.machine.folder / "screen.png", desk.pictures / "17-page.png")
    desk.ask("hide_preferences")
    time.sleep(1.0)
    desk.ask("show_tab", name=TAB)
    return "the page is in 17-page.png"


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
    _check(bool(videos), f"no video is in {walk.files.folder}")
    return f"{videos[-1].name}, {videos[-1].stat().st_size / 1e6:.1f} MB"


def export_fbx(walk: Walk) -> str:
    """Write the FBX."""
    target = walk.files.folder / "hands.fbx"
    walk.desk.press_button("Import and Export", "chironomy.export_fbx")
    walk.desk.answer_dialog(target)
    _wait_for(target)
    return f"{target.name}, {target.stat().st_size / 1e6:.1f} MB"


def save_and_open(walk: Walk) -> str:
    """Save the file, open a new one, and open the saved one again."""
    desk, target = walk.desk, walk.files.folder / "walk.blend"
    before = desk.see()
    path = desk.ask("wrist_path")
    desk.over("VIEW_3D")
    desk.press("ctrl+s")
    desk.answer_dialog(target)
    _wait_for(target)
    desk.over("VIEW_3D")
    desk.press("ctrl+o")
    desk.answer_dialog(target)
    time.sleep(1.0)
    desk.forget()
    after = desk.wait_until("the file's name", lambda seen: seen["file"].endswith(target.name), 60)
    desk.ask("installed")
    desk.ask("show_tab", name=TAB)
    _check(
        after["takes"] == before["takes"],
        f"there were {len(before['takes'])} takes, and there are {len(after['takes'])}",
    )
    _check(after["phrases"] == before["phrases"], "the score is not as it was")
    apart = _apart(path, desk.ask("wrist_path"))
    _check(apart < 1e-4, f"the wrists are up to {apart:.4f} m from where they were")
    desk.open_section("Takes")
    return (
        f"{len(after['takes'])} takes and {len(after['phrases'])} phrases are there again, and the motion is as it was"
    )


STEPS: tuple[tuple[str, Callable[[Walk], str]], ...] = (
    ("00-install", install),
    ("01-speech", load_speech),
    ("02-character", add_character),
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
    ("12-render", render),
    ("13-export", export_fbx),
    ("14-opened-again", save_and_open),
    ("15-line", work_in_line),
    ("16-all", look_at_all),
    ("17-preferences", look_at_preferences),
)
"""The name of each step's picture, and the step. One that fails does not stop those after it."""


def _check(true: bool, otherwise: str) -> None:
    if not true:
        raise UnseenError(otherwise)


def _show_gesture(walk: Walk) -> None:
    """Go to a frame within a gesture: the middle of the first phrase of the right hand or of both."""
    seen = walk.desk.see()
    chosen = next((phrase for phrase in seen["phrases"] if phrase[1] != "left"), [0, 0, *seen["frames"]])
    walk.desk.ask("go_to", frame=(chosen[2] + chosen[3]) // 2)


def _shown(desk: Desk) -> str:
    return next((take["name"] for take in desk.see()["takes"] if take["shown"]), "no take")


def _length(path: list[Any]) -> float:
    """Metres that both wrists travel."""
    return sum(math.dist(a, b) for one, other in pairwise(path) for a, b in zip(one, other, strict=True))


def _apart(one: list[Any], other: list[Any]) -> float:
    """The farthest that a wrist of one path is from the other's, in metres."""
    return max(
        math.dist(a, b) for left, right in zip(one, other, strict=False) for a, b in zip(left, right, strict=True)
    )


def _turn(one: list[float], other: list[float]) -> float:
    """Degrees between two unit quaternions."""
    return math.degrees(2 * math.acos(min(1.0, abs(sum(a * b for a, b in zip(one, other, strict=True))))))


def _wait_for(path: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        _check(time.monotonic() < end, f"{path.name} is not there after {seconds:.0f} seconds")
        time.sleep(0.2)
