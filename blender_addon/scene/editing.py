# SPDX-License-Identifier: GPL-3.0-or-later
"""What the buttons of the section Edit do: poses of the hands moved, mirrored, placed in time, made larger or calmer.

Every edit has a range of frames. Outside of it the curves stay as they are; into it and out of it an edit fades, but
where the hand's keys begin or end, beyond which nothing is.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.hand_edits import curled, possible, spread
from chironomy.gesture.score.merge import at_other_times, at_rest, in_other_hand, of_other_size
from chironomy.motion import HANDS, MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_poses import (
    HandPoses,
    amplified,
    blended,
    coasting,
    displacement,
    line,
    mean,
    mirrored,
    resting,
    smoothed,
    still,
)
from chironomy.motion.time_map import TimeMap, held, shifted, stretched

from ..rig.edit import around, following
from ..rig.hand_curves import STEP, Edit, HandCurves
from ..rig.own_key import without_own
from ..rig.space import TURN
from .edit_place import FADE, Made, Place, named

LONGEST_LEAD = 1.2
"""Seconds in which a hand may at most go over from what it did to something else."""

FASTEST, FASTEST_TURN = 1.0, 8.0
"""Metres, and radians, a second at which it does so where there is time."""

UNPOSED = 2e-5, 2e-4
"""Metres, and radians, within which a hand is posed as its curves say."""

STANDS_OUT = 0.005, 0.05
"""Likewise, within which a pose that somebody keyed is what is generated around it.

More than what keys of a usual detail miss would do, if one of them were gone."""

Array = NDArray[np.float64]

NONE: Mapping[int, HandCurves] = MappingProxyType({})


def posed(place: Place) -> str:
    """Return, as JSON, the poses of hands that are posed otherwise than their curves say; empty where none is."""
    found: dict[str, dict[str, list[float]]] = {}
    for curves in place.hands:
        shown = curves.posed()
        apart, turned = displacement(curves.poses([place.frame]), shown)
        if apart > UNPOSED[0] or turned > UNPOSED[1]:
            found[HANDS[curves.hand]] = _numbers(shown)
    return json.dumps(found) if found else ""


def keyed(place: Place) -> dict[int, HandCurves]:
    """Return by hand the curves as they would be without a pose that somebody keyed unlike what is around it."""
    found: dict[int, HandCurves] = {}
    for curves in place.hands:
        before = without_own(place.keys, curves.hand, place.frame)
        if before is None:
            continue
        apart, turned = displacement(before.poses([place.frame]), curves.poses([place.frame]))
        if apart > STANDS_OUT[0] or turned > STANDS_OUT[1]:
            found[curves.hand] = before
    return found


def as_keyed(place: Place, before: Mapping[int, HandCurves]) -> str:
    """Return, as `posed` does, the poses of the hands that `keyed` gives."""
    hands = [curves for curves in place.hands if curves.hand in before]
    return json.dumps({HANDS[each.hand]: _numbers(each.poses([place.frame])) for each in hands}) if hands else ""


def moved_by(place: Place, poses: str, keyed: Mapping[int, HandCurves] = NONE) -> tuple[Array, Array]:
    """Return how the first hand that is posed, as `posed` gives it, is displaced from its curves.

    Args:
        place: where.
        poses: of the hands.
        keyed: the curves without the pose, by hand, where that is keyed.

    Returns:
        (3,) metres along the character's axes by which its control is moved, and (4,) the quaternion about these axes
        by which it is turned.
    """
    wanted = json.loads(poses)
    curves = next(curves for curves in place.hands if HANDS[curves.hand] in wanted)
    before = keyed.get(curves.hand, curves).poses([place.frame])
    after = _poses_of(wanted[HANDS[curves.hand]])
    offset = quaternion.apply(TURN, after.wrist_position[0] - before.wrist_position[0])
    turned = quaternion.multiply(after.rotation[0, 0], quaternion.inverse(before.rotation[0, 0]))
    turn = quaternion.multiply(quaternion.multiply(TURN, turned), quaternion.inverse(TURN))
    return offset, turn if turn[0] >= 0.0 else -turn


def move_pose(
    place: Place,
    radius: float,
    poses: str = "",
    offset: ArrayLike = (0.0, 0.0, 0.0),
    turn: ArrayLike = (1.0, 0.0, 0.0, 0.0),
    keyed: Mapping[int, HandCurves] = NONE,
) -> Made:
    """Move the pose of the current frame, and let its neighbourhood follow.

    Args:
        place: where.
        radius: seconds from the frame to where nothing moves.
        poses: what the pose is to be, as `posed` gives it; hands that it does not name stay. Empty, as the curves say.
        offset: (3,) metres along the character's axes by which the control moves from there.
        turn: (4,) quaternion about the character's axes by which it turns from there.
        keyed: the curves without the pose, by hand, where that is keyed.

    Raises:
        MotionError: nothing would be moved.
    """
    moved = np.asarray(offset, np.float64).any() or quaternion.angle(np.asarray(turn), quaternion.IDENTITY) > 0.0
    wanted = json.loads(poses or "{}")
    if not moved and not wanted:
        raise MotionError(f"{place.names}: posed as keyed at frame {place.frame}; move or turn something there first")
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        if wanted and HANDS[curves.hand] not in wanted:
            continue
        base = keyed.get(curves.hand, curves)
        before = base.poses([place.frame])
        after = _poses_of(wanted[HANDS[curves.hand]]) if wanted else before
        if moved:
            back = quaternion.inverse(TURN)
            turned = quaternion.multiply(quaternion.multiply(back, np.asarray(turn)), TURN)
            rotation = after.rotation.copy()
            rotation[:, 0] = quaternion.multiply(turned, rotation[:, 0])
            position = after.wrist_position + quaternion.apply(back, np.asarray(offset, np.float64))
            after = replace(after, wrist_position=position, rotation=rotation)
        edits.append((curves, following(base, before, after, place.frame, round(radius * place.fps))))
    names = named([curves.name for curves, _ in edits])
    return Made(edits, f"moved {names} at frame {place.frame}, and what is within {radius:g} s")


def _numbers(pose: HandPoses) -> dict[str, list[float]]:
    """Return one hand's pose for JSON."""
    names = ("wrist_position", "rotation", "elbow", "confidence")
    return {name: getattr(pose, name).reshape(-1).tolist() for name in names}


def _poses_of(values: dict[str, list[float]]) -> HandPoses:
    """Return one hand's pose as `posed` wrote it."""
    numbers = {name: np.array(each) for name, each in values.items()}
    return HandPoses(
        numbers["wrist_position"].reshape(1, 3),
        numbers["rotation"].reshape(1, 16, 4),
        numbers["elbow"].reshape(1, 3),
        numbers["confidence"].reshape(1),
    )


def curl(place: Place, radius: float, degrees: float) -> Made:
    """Flex all fingers at the current frame, or stretch them, with a fall-off."""
    done = "curled" if degrees > 0.0 else "stretched"
    return _fingers(place, radius, lambda poses, hand: curled(poses, hand, degrees), done)


def spread_fingers(place: Place, radius: float, degrees: float) -> Made:
    """Spread all fingers at the current frame, or bring them together, with a fall-off."""
    done = "spread" if degrees > 0.0 else "closed"
    return _fingers(place, radius, lambda poses, hand: spread(poses, hand, degrees), done)


def mirror_pose(place: Place, radius: float) -> Made:
    """Give the hands the mirrored pose that the other one has at the current frame, with a fall-off."""
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        other = place.other(curves)
        after = mirrored(other.poses([place.frame]))
        before = curves.poses([place.frame])
        edits.append((curves, following(curves, before, after, place.frame, round(radius * place.fps))))
    return Made(edits, f"mirrored the pose of {place.names} at frame {place.frame}")


def mirror_range(place: Place, first: int, last: int) -> Made:
    """Let the hands do in a range, mirrored, what the other one does there; both exchange what they do."""
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        other = place.other(curves)
        begin, end = _whole_range(curves, first, last)
        falloff = _leading(place, curves, begin, end, mirrored(other.poses([begin, end])))

        def change(at: Array, old: HandPoses, other: HandCurves = other, falloff: Falloff = falloff) -> HandPoses:
            return blended(old, mirrored(other.poses(at)), falloff(at))

        wanted = [
            *other.between(falloff.risen, falloff.falling),
            falloff.risen,
            falloff.falling,
            *curves.between(begin, falloff.risen),
            *curves.between(falloff.falling, end),
        ]
        edits.append((curves, curves.replaced(change, begin, end, falloff, wanted)))
    start, end = place.part(first, last)
    if len(place.hands) == len(HANDS):
        about = f"swapped what the hands do, mirrored, from frame {first} to {last}"
    else:
        about = f"mirrored {place.names} from frame {first} to {last}"
    return Made(edits, about, score=lambda score: in_other_hand(score, start, end, place.sides))


def amplify(place: Place, first: int, last: int, factor: float, about: str) -> Made:
    """Make what the hands do in a range larger or smaller.

    Args:
        place: where.
        first: frame of the range,
        last: likewise.
        factor: 1 changes nothing.
        about: LINE from the range's first pose to its last, or MEAN of its poses.
    """
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        begin, end = _whole_range(curves, first, last)
        falloff = _faded(place, curves, begin, end)
        ends = curves.poses([begin, end])
        middle = mean(curves.poses(np.arange(first, last + 1))) if about == "MEAN" else None

        def change(
            at: Array,
            old: HandPoses,
            curves: HandCurves = curves,
            falloff: Falloff = falloff,
            ends: HandPoses = ends,
            middle: HandPoses | None = middle,
        ) -> HandPoses:
            base = line(ends.at([0]), ends.at([1]), (at - first) / (last - first)) if middle is None else middle
            return blended(old, possible(curves.rig, curves.hand, amplified(old, base, factor), old), falloff(at))

        edits.append((curves, curves.changed(change, falloff)))
    start, end = place.part(first, last)
    whose = place.names
    said = f"strengthened {whose} from frame {first} to {last}"
    if factor <= 1.0:
        said = f"calmed {whose} from frame {first} to {last}"
    return Made(
        edits,
        said,
        score=lambda score: of_other_size(score, factor, start, end, place.sides),
    )


def smooth(place: Place, first: int, last: int, factor: float) -> Made:
    """Take what is abrupt out of a range; `factor` from 0, nothing, to 1."""
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        falloff = _faded(place, curves, *_whole_range(curves, first, last))

        def change(at: Array, old: HandPoses, curves: HandCurves = curves, falloff: Falloff = falloff) -> HandPoses:
            return blended(old, smoothed(curves.poses, at, factor, place.fps), falloff(at))

        edits.append((curves, curves.changed(change, falloff, exact=False)))
    return Made(edits, f"smoothed {place.names} from frame {first} to {last}")


def ease_to_rest(place: Place, last: int, seconds: float) -> Made:
    """Let the hands go from the current frame to where they rest, and stay there up to a frame.

    Where they have keys after it, they are back in time for these.

    Raises:
        MotionError: the frames leave no time for it.
    """
    first = place.frame
    if last - first < 4:
        raise MotionError(
            f"there is no time to rest between the current frame {first} and {last}; go to an earlier one"
        )
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        every = curves.poses(np.arange(np.ceil(curves.frames[0]), curves.frames[-1] + 1.0))
        rest = every.at([resting(every)])
        here = curves.poses([first, first + STEP])
        _, end = _whole_range(curves, first, last)
        leading = _leading(place, curves, first, end, rest)
        away = 0.0 if np.isinf(leading.last) else end - leading.falling
        falloff = _whole(Falloff.within(first, end, max(round(seconds * place.fps), 1), away))
        reach = max(min(round(FADE * place.fps), round(falloff.risen - first) // 2), 1)

        def change(
            at: Array,
            old: HandPoses,
            falloff: Falloff = falloff,
            rest: HandPoses = rest,
            here: HandPoses = here,
            reach: int = reach,
        ) -> HandPoses:
            going = coasting(here.at([0]), here.at([1]), STEP, at - first, reach)
            leaving = blended(old, going, (at > first) & (at < falloff.risen))
            return blended(leaving, rest, falloff(at))

        wanted = [first + reach, falloff.risen, falloff.falling, *curves.between(falloff.falling, end)]
        edits.append((curves, curves.replaced(change, first, end, falloff, wanted)))
    start, end = place.part(first, last)
    return Made(
        edits,
        f"{place.names}: to rest from frame {first}, and there until {last}",
        score=lambda score: at_rest(score, start, end, place.sides),
    )


def shift_time(place: Place, first: int, last: int, frames: int) -> Made:
    """Move a range in time; what lies beside it is pressed or drawn out to make room."""
    time = shifted(first, last, frames, place.fps, *_borders(place, first, last))
    moved = round(float(time.new[np.argmin(np.abs(time.old - first))])) - first
    said = f"moved the frames {first} to {last} of {place.names} by {_frames(moved)}"
    return _retimed(place, time, said, frames, moved)


def stretch_time(place: Place, first: int, last: int, factor: float) -> Made:
    """Let a range take longer or shorter, about the current frame where that is in it, or else its first."""
    pivot = place.frame if first <= place.frame <= last else first
    time = stretched(first, last, factor, pivot, place.fps, *_borders(place, first, last))
    ends = [round(float(time.new[np.argmin(np.abs(time.old - end))])) for end in (first, last)]
    said = f"the frames {first} to {last} of {place.names} now take {_frames(ends[1] - ends[0])}"
    return _retimed(place, time, said, round((last - first) * factor), ends[1] - ends[0])


def hold_longer(place: Place, last: int, frames: int) -> Made:
    """Hold the pose of the current frame longer, at the cost of the next time in which the hands are still.

    Raises:
        MotionError: there is no room.
    """
    first = place.frame
    if last - first < 2:
        raise MotionError(f"nothing follows frame {first} within the range; go to the pose that is to be held")
    calm = np.logical_and.reduce([still(c.poses(np.arange(first, last + 1)), place.fps) for c in place.hands])
    time = held(first, frames, place.keyed[0], last, calm, place.fps)
    count = round(float(np.ptp(time.stands)))
    said = f"{place.names}: frame {first} is held for {_frames(count)} more"
    return _retimed(place, time, said, frames, count)


def _retimed(place: Place, time: TimeMap, message: str, wanted: int, found: int) -> Made:
    edits = [(curves, curves.retimed(time)) for curves in place.hands]
    short = wanted != found

    def later(second: float) -> float:
        frame = place.frame_at(second)
        if (time.bounded[0] and frame <= time.new[0]) or (time.bounded[1] and frame >= time.new[-1]):
            return second
        return place.second_at(float(time.seen_at([frame])[0]))

    return Made(
        edits,
        message + (f", of {wanted}: there is no more room" if short else ""),
        short,
        lambda score: at_other_times(score, later, place.sides),
    )


def _fingers(place: Place, radius: float, turned: Callable[[HandPoses, int], HandPoses], done: str) -> Made:
    edits: list[tuple[HandCurves, Edit]] = []
    for curves in place.hands:
        falloff = around(curves, place.frame, round(radius * place.fps))

        def change(at: Array, old: HandPoses, hand: int = curves.hand, falloff: Falloff = falloff) -> HandPoses:
            return blended(old, turned(old, hand), falloff(at))

        edits.append((curves, curves.changed(change, falloff)))
    return Made(edits, f"{done} the fingers of {place.names} at frame {place.frame}")


def _borders(place: Place, first: int, last: int) -> tuple[float | None, float | None]:
    """Return the frames beyond which nothing may change; None where the hands have no keys beside the range."""
    begin, end = place.keyed
    return (begin if first > begin else None), (end if last < end else None)


def _open(curves: HandCurves, first: int, last: int) -> tuple[bool, bool]:
    """Whether a hand has no keys before a range, and none after it."""
    return first <= curves.frames[0] + keys.SAME_FRAME, last >= curves.frames[-1] - keys.SAME_FRAME


def _faded(place: Place, curves: HandCurves, first: int, last: int) -> Falloff:
    fades = [0.0 if is_open else float(round(FADE * place.fps)) for is_open in _open(curves, first, last)]
    return _whole(Falloff.within(first, last, *fades))


def _leading(place: Place, curves: HandCurves, first: int, last: int, other: HandPoses) -> Falloff:
    """Return weights that give a hand the time it needs to go over to other poses, and back from them.

    Args:
        place: where.
        curves: of the hand.
        first: frame of the range,
        last: likewise.
        other: the poses at these two frames, or one for both.
    """
    here, leads = curves.poses([first, last]), []
    for end, is_open in enumerate(_open(curves, first, last)):
        apart, turn = displacement(here.at([end]), other.at([min(end, len(other) - 1)]))
        seconds = np.clip(np.pi / 2 * max(apart / FASTEST, turn / FASTEST_TURN), FADE, LONGEST_LEAD)
        leads.append(0.0 if is_open else float(np.ceil(seconds * place.fps)))
    return _whole(Falloff.within(first, last, *leads))


def _whole_range(curves: HandCurves, first: int, last: int) -> tuple[int, int]:
    """Return a range that does not end beside a key of the hand's."""
    begin, end = curves.snapped(first, last)
    return int(np.ceil(begin)), int(np.floor(end))


def _whole(falloff: Falloff) -> Falloff:
    """Return the weights with their corners on whole frames."""
    risen = float(np.floor(falloff.risen))
    return replace(falloff, risen=risen, falling=max(float(np.ceil(falloff.falling)), risen))


def _frames(count: int) -> str:
    return f"{count} frame" if abs(count) == 1 else f"{count} frames"
