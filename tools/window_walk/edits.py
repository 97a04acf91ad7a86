# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the walk that change a take: its poses, a range of it, its score and its layers."""

import math
import time
from typing import Any

from window_walk.desk import Desk, UnseenError
from window_walk.walk import Walk, check, farthest, show_gesture, turn, wait_edited

HIGHER = 120
"""Pixels by which the timeline is made higher, to have strips that are clicked."""


def move_pose(walk: Walk) -> str:
    """Pose the right hand in the pose mode, and let the poses around follow."""
    desk = walk.desk
    show_gesture(walk)
    if desk.see()["mode"] != "POSE":
        desk.over("VIEW_3D")
        desk.press("ctrl+Tab")
        desk.wait_until("the pose mode", lambda seen: seen["mode"] == "POSE", 10)
    # Fingers may lie before the control; its outline is larger than its bone.
    for aside, along in ((0, 0.0), (0, 0.3), (30, 0.5), (-30, 0.5), (0, 0.5), (30, 0.0), (-30, 0.0), (0, -0.3)):
        at = desk.ask("place_of_bone", name="hand.R", along=along)
        check(at is not None, "hand.R is not to be seen")
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
    check(moved > 0.05, f"the hand went {100 * moved:.0f} cm by G Z 0.12")
    desk.press_button("Edit", "chironomy.move_pose")
    wait_edited(desk)
    after = desk.ask("wrist_path")
    apart = [math.dist(one[1], other[1]) for one, other in zip(path, after, strict=True)]
    changed = sum(each > 0.005 for each in apart)
    check(max(apart) > 0.05, "the poses around do not follow")
    check(changed < len(apart) / 2, "poses far away have moved, too")
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
    check(on and abs(first - 150) < 6 and abs(last - 220) < 6, f"the preview range is {first} to {last}")
    desk.press_button("Range and Locks", "chironomy.regenerate_range")
    seen = desk.wait_for_work()
    check(len(seen["takes"]) == count + 1, "the range made no take of its own")
    after = desk.ask("wrist_path")
    frames = range(seen["frames"][0], seen["frames"][1] + 1, 5)
    outside = [
        max(math.dist(*pair) for pair in zip(one, other, strict=True))
        for frame, one, other in zip(frames, path, after, strict=False)
        if not first - 1 <= frame <= last + 1
    ]
    inside = farthest(path, after)
    check(inside > 0.02, "nothing in the range has changed")
    check(max(outside) < 1e-3, f"beside the range the wrists are up to {max(outside):.3f} m off")
    return f"frames {first} to {last} are new, up to {100 * inside:.0f} cm elsewhere, and nothing beside them changed"


def click_strips(walk: Walk) -> str:
    """Choose phrases by their strips in the timeline, drag one, and open what changes it; keys are still clicked."""
    desk = walk.desk
    # As low as it is at first, the timeline has lines for strips, which take no clicks.
    border = tuple(desk.ask("place_of_border"))
    desk.drag(border, (border[0], border[1] + HIGHER))
    try:
        return _click_strips(desk)
    finally:
        border = tuple(desk.ask("place_of_border"))
        desk.drag(border, (border[0], border[1] - HIGHER))


def _click_strips(desk: Desk) -> str:
    desk.over("DOPESHEET_EDITOR")
    desk.press("alt+p")
    check(not desk.see()["preview"][0], "Alt P did not clear the preview range")
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
    check(seen["phrase"] == number, f"strip {number} was clicked, but phrase {seen['phrase']} is chosen")
    check(seen["frame"] == before["frame"], "a click on a strip moved the playhead")
    check(seen["phrases"] == phrases, "a click changed a phrase")
    first, last = phrases[number][2:]
    # As a whole, then by its end.
    at, there = desk.ask("place_of_strip", number=number), desk.ask("place_of_frame", frame=(first + last) / 2 + 10)
    desk.drag(tuple(at[:2]), (there[0], at[1]))
    moved = _changed(desk, number, phrases[number])
    check(8 <= moved[2] - first <= 12 and moved[3] - last == moved[2] - first, f"the drag gave {moved}")
    desk.photograph("08-strip-dragged")
    at = desk.ask("place_of_strip", number=number, along=1.0)
    desk.drag((at[0] - 2, at[1]), (at[0] + 60, at[1]))
    longer = _changed(desk, number, moved)
    check(longer[2] == moved[2] and longer[3] > moved[3] + 3, f"dragging its end gave {longer}")
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
    check(desk.ask("selected_keys") > 0, "A selected no keys")
    x, y, top = desk.ask("place_of_strip", number=number)
    desk.click(x + 3, top + 4)
    check(desk.ask("selected_keys") < 50, "a click beside the strips did not reach Blender's keys")
    check(desk.see()["phrases"] == phrases, "a click beside the strips changed a phrase")
    return f"the phrase at frame {first} was chosen by a click, moved by {moved[2] - first} frames, and put back"


def _changed(desk: Desk, number: int, before: list[Any]) -> list[Any]:
    """Wait until a phrase is not as before, and return it."""
    return desk.wait_until("a change of the phrase", lambda seen: seen["phrases"][number] != before, 15)["phrases"][
        number
    ]


def _wait_heard(desk: Desk, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not desk.ask("heard"):
        check(time.monotonic() < end, f"the speech is not drawn after {seconds:.0f} seconds")
        time.sleep(0.3)


def apply_score(walk: Walk) -> str:
    """Give one phrase another kind, and do the score."""
    desk = walk.desk
    count, path = len(desk.see()["takes"]), desk.ask("wrist_path")
    phrases = desk.see()["phrases"]
    desk.turn_wheel("Score", f"phrases[{desk.see()['phrase']}].kind", 2)
    changed = desk.see()["phrases"]
    check(changed != phrases, "turning the wheel over Kind did not change it")
    desk.photograph("09-phrase")
    number = next(each for each, pair in enumerate(zip(phrases, changed, strict=True)) if pair[0] != pair[1])
    desk.press_button("Score", "chironomy.apply_score")
    seen = desk.wait_for_work()
    check(len(seen["takes"]) == count + 1, "the score made no take of its own")
    apart = farthest(path, desk.ask("wrist_path"))
    check(apart > 0.01, "the hands do as before")
    was, now, frame = phrases[number][0], changed[number][0], phrases[number][2]
    return f"the phrase at frame {frame} is {now} and not {was}; the wrists go up to {100 * apart:.0f} cm elsewhere"


def apply_hand_pose(walk: Walk) -> str:
    """Pick a hand pose by its picture, and apply it."""
    desk = walk.desk
    show_gesture(walk)
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
    turned = max(turn(*pair) for pair in zip(before["fingers"][1], after["fingers"][1], strict=True))
    check(turned > 3, f"no finger of the right hand turned by more than {turned:.1f} degrees")
    return f"the pose {after['hand_pose']}; a finger of the right hand turned by {turned:.0f} degrees"


def mirror_motion(walk: Walk) -> str:
    """Let both hands do, mirrored, what the other does."""
    desk = walk.desk
    # With a bone of a hand selected it would be that hand alone.
    desk.over("VIEW_3D")
    desk.press("alt+a")
    path = desk.ask("wrist_path")
    desk.press_button("Edit", "chironomy.mirror_motion")
    wait_edited(desk)
    apart = farthest(path, desk.ask("wrist_path"))
    check(apart > 0.02, "the hands do as before")
    return f"the wrists go up to {100 * apart:.0f} cm elsewhere"


def edit_on_layer(walk: Walk) -> str:
    """Smooth all of it on a layer, hide that layer, show it again, and make it the take's own."""
    desk = walk.desk
    desk.press_button("Edit", ".on_layer")
    path = desk.ask("wrist_path")
    desk.press_button("Edit", "chironomy.smooth")
    seen = desk.wait_until("a layer", lambda seen: seen["layers"], 30)
    wait_edited(desk)
    smooth = desk.ask("wrist_path")
    apart = farthest(path, smooth)
    check(apart > 0.002, "the hands do as before")
    desk.photograph("11-layer")
    desk.press_button("Edit", ".muted", parts=(0.8, 0.77, 0.83))
    desk.wait_until("that the layer is hidden", lambda seen: seen["layers"][0][2], 10)
    wait_edited(desk)
    off = farthest(path, desk.ask("wrist_path"))
    check(off < 1e-5, f"without the layer the wrists are up to {off:.5f} m from where they were")
    desk.press_button("Edit", ".muted", parts=(0.8, 0.77, 0.83))
    wait_edited(desk)
    desk.press_button("Edit", "chironomy.apply_layer", parts=(0.92, 0.9, 0.94))
    after = desk.wait_until("no layer", lambda seen: not seen["layers"], 30)
    wait_edited(desk)
    applied = farthest(smooth, desk.ask("wrist_path"))
    check(applied < 5e-3, f"applied, the layer puts the wrists up to {applied:.4f} m elsewhere")
    desk.press_button("Edit", ".on_layer")
    return f"{seen['layers'][0][0]} was {100 * apart:.1f} cm, nothing when hidden, and is in {after['keys']} keys now"
