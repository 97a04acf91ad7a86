# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve a `Fit` from what was seen in a portrait.

One picture does not tell size from distance, so some of it is taken to be usual, and each choice is the least that
makes the rest unique:

- The lens is `PORTRAIT_DISTANCE` from the shoulders and the camera is level but for a roll; the portrait's middle is
  the optical axis. The distance alone decides the perspective, and it stays the same when a picture is cropped, which a
  prior on the focal length in pixels would not. Two shoulders then fix focal length, place and roll.
- mediapipe sees a shoulder some 30 mm above and 8 mm inside of the character's joint (measured on pictures of the
  character, `tools/bench_fit.py`). Laid on the joint, the shoulders' outline comes out that much too high and narrow;
  laid on what mediapipe would see, the joints, which are what skeleton maps draw, that much too low and wide. The fit
  goes `SHOULDER_RISE` and `SHOULDER_INSIDE` of the way, so that joints stay within 2 % of the picture's height.
- The shoulders keep the character's width; head, arms and hands get scales against it (`Proportions`). A camera and an
  affine map of the gesture space alone would keep the character's head and hands, which on the portraits tried differ
  from the person's by a fifth: hands of the wrong size are what drawn hand maps are blamed for.
- The head's turn, scale and place come from eyes, nose and mouth; how far the hands are before the body from their
  size, from the elbows, from the arm's reach and from mediapipe's guess, each weighed by how far it is to be trusted.
  Wrists lie on their line of sight, whatever their depth.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.ik import FARTHEST, NEAREST, solve_arms
from chironomy.body.pose import bind_pose, hand_local_keypoints, hands_of_pose
from chironomy.body.proportions import Proportions, proportioned_joints
from chironomy.body.rig import load_rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS
from chironomy.shot.camera import PORTRAIT_DISTANCE, Camera
from chironomy.shot.errors import VideoError
from chironomy.shot.fit import Fit, hand_names
from chironomy.video.portrait.anchors import FACE_LANDMARKS, face_points, fitted_hand_points, fitted_points, hand_size
from chironomy.video.portrait.hand_pose import MANO_ORDER, hand_rotation, pictured_points
from chironomy.video.portrait.perception import ELBOWS, SHOULDERS, WRISTS, Perceived, Perceiver
from chironomy.video.portrait.picture import read_picture, resized
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.body.rig import Rig

Array = NDArray[np.float64]

SEEN = 0.5
"""Visibility above which a point of the pose counts as seen."""

SHOULDER_RISE = 0.010
SHOULDER_INSIDE = 0.004
"""Metres above and inside of the character's shoulder joints where the shoulders that were seen are laid."""

_SMALLEST_FACE = 24.0
"""Pixels of a face's width below which its points say too little."""

_LOOKED_SIDE = 2048
_OTHER_FACE = 0.75
"""A second face this large against the speaker's, or larger, may be the one who is meant; a smaller one is a picture on
the wall, or somebody behind."""

_FROM_THE_SIDE = np.radians(40.0)
_HEAD_LIMIT = 0.8
"""Radians of the shoulders' turn, by mediapipe's guess, and of the head's, from which on a person is seen from the
side: shoulders look narrower than they are, and the half of the face that is hidden is guessed."""

_TURNED = np.radians(20.0)
"""Radians from which on the shoulders' turn is told: they are taken to be square to the lens."""

_HANGING = np.array([[0.24, -0.45, 0.10], [-0.24, -0.45, 0.10]])
"""Metres: where the wrists of a standing person hang who has them out of the picture."""

_BEFORE = 0.25
"""Metres that hands usually are before the shoulders."""

# How far each piece of evidence is to be trusted: standard deviations. Lengths in the picture are parts of its height.
_FACE_POINT, _HAND_POINT, _ELBOW = 0.003, 0.008, 0.03
_HEAD_TURN = np.array([0.25, 0.4, 0.3])  # radians: nod, turn, tilt
_HEAD_SCALE, _HAND_SCALE, _ARM_SCALE = 0.25, 0.12, 0.08  # of the logarithm
_HEAD_MOVE = np.array([0.06, 0.06])  # metres
_WRIST_DEPTH, _REACH = 0.08, 0.005  # metres
_HAND_TURN = 0.4  # radians


def fit_picture(
    source: str | Path | bytes,
    *,
    name: str = "",
    perceiver: Perceiver | None = None,
    rig: Rig | None = None,
    work: Work = QUIET,
) -> Fit:
    """Read a portrait, look at it and fit the character to it.

    Args:
        source: the picture's file, or its bytes.
        name: what to call it in errors and in the fit; the file's name by default.
        perceiver: to look with; one of its own by default.
        rig: the character; the embedded one when None.
        work: told how far it is, and asked whether to stop, where models are fetched first.

    Raises:
        VideoError: the picture cannot be read, or shows no single person to fit; see `fit_portrait`.
    """
    name = name or ("the picture" if isinstance(source, bytes) else Path(source).name)
    picture = read_picture(source, name)
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    if perceiver is None:
        with Perceiver(mask=False, work=work.part(0.0, 0.9)) as own:
            seen = look(own, picture)
    else:
        seen = look(perceiver, picture)
    fit = fit_portrait(seen, name=name, rig=rig)
    return replace(fit, picture=name, picture_sha256=hashlib.sha256(data).hexdigest())


def look(perceiver: Perceiver, picture: NDArray[np.uint8]) -> Perceived:
    """See a portrait; one in which nobody is found is looked at once more, brightened.

    A dark picture hides faces from the model; a power of its values that brings their middle up to mid-grey does not
    move any point. Of a large picture a smaller copy is looked at: the networks look at some hundred pixels a side, and
    take twenty bytes for each that they are given.
    """
    height, width = picture.shape[:2]
    if max(height, width) > _LOOKED_SIDE:
        scale = _LOOKED_SIDE / max(height, width)
        small = np.array(resized(picture, max(1, round(width * scale)), max(1, round(height * scale))))
        return _enlarged(look(perceiver, small), width, height)
    seen = perceiver(picture)
    middle = float(np.median(picture[:: max(1, picture.shape[0] // 256)])) / 255
    if seen.face is not None or middle > 0.35:
        return seen
    power = np.log(0.4) / np.log(max(middle, 0.01))
    table = np.round(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return perceiver(table[picture])


def _enlarged(seen: Perceived, width: int, height: int) -> Perceived:
    """What was seen in a smaller copy of a picture without a mask, in the picture's pixels."""
    scale = np.array([width / seen.width, height / seen.height])
    return replace(
        seen,
        width=width,
        height=height,
        pose=seen.pose * [*scale, 1.0],
        hands=seen.hands * scale,
        face=None if seen.face is None else seen.face * scale,
        face_boxes=seen.face_boxes * [*scale, *scale],
    )


def fit_portrait(seen: Perceived, *, name: str = "the picture", rig: Rig | None = None) -> Fit:
    """Fit the character to a person who was seen.

    Args:
        seen: the portrait as perceived.
        name: what to call it in errors.
        rig: the character; the embedded one when None.

    Returns:
        the fit, with residuals of all points that were seen.

    Raises:
        VideoError: no face, several people, or no shoulders were found; the sentence says which.
    """
    rig = rig or load_rig()
    check_person(seen, name)
    points, notes = _points(seen)
    camera = _camera(rig, seen)
    proportions, head_rotation = _fit_head(rig, camera, points)
    if abs(quaternion.to_rotation_vector(head_rotation)[1]) > _HEAD_LIMIT - 0.01:
        raise _seen_from_the_side(name)
    arms = _fit_arms(rig, camera, proportions, seen, points, notes)
    fit = Fit(
        camera=camera,
        proportions=arms.proportions,
        wrist_position=arms.wrist_position,
        hand_rotation=arms.rotation,
        hands_seen=arms.seen,
        head_rotation=head_rotation,
        points=points,
        notes=tuple(notes),
    )
    return replace(fit, residuals=_residuals(fit, rig, seen))


def check_person(seen: Perceived, name: str = "the picture") -> None:
    """See that a picture shows one person whose face and shoulders can be fitted.

    Raises:
        VideoError: by one sentence.
    """
    aside = abs(_turn_of_shoulders(seen)) > _FROM_THE_SIDE and (seen.pose[list(SHOULDERS), 2] >= SEEN).all()
    if aside and seen.face is None:
        raise _seen_from_the_side(name)
    if seen.face_count == 0:
        raise VideoError(f"{name} shows no face that can be found; give a portrait of one person who looks at the lens")
    if seen.face is None:
        raise VideoError(
            f"{name} shows a face, but too little of the person whose shoulders are seen; crop the picture to the "
            "upper body of the one who is to speak"
        )
    widths = seen.face_boxes[:, 2] - seen.face_boxes[:, 0]
    others = int((widths[1:] > _OTHER_FACE * widths[0]).sum())
    if others:
        raise VideoError(f"{name} shows {others + 1} people; crop it to the one who is to speak")
    if widths[0] < _SMALLEST_FACE:
        raise VideoError(
            f"{name} shows a face {widths[0]:.0f} pixels wide, too small to be fitted; crop the picture to the upper "
            "body, or give a larger one"
        )
    shoulders = seen.pose[list(SHOULDERS)]
    inside = (shoulders[:, 0] >= -0.02 * seen.width) & (shoulders[:, 0] <= 1.02 * seen.width)
    inside &= shoulders[:, 1] <= seen.height
    if not (inside & (shoulders[:, 2] >= SEEN)).all():
        if seen.face_count > 1:
            raise VideoError(
                f"{name} shows {seen.face_count} faces, and not the shoulders of the one that is looked at; crop it to "
                "the upper body of the one who is to speak"
            )
        raise VideoError(f"{name} does not show both shoulders; give a half-body portrait, from the hips up")
    if aside or shoulders[0, 0] - shoulders[1, 0] < 0.8 * widths[0]:
        raise _seen_from_the_side(name)


def _seen_from_the_side(name: str) -> VideoError:
    return VideoError(f"{name} shows the person from the side or from behind; give a portrait seen from the front")


def _turn_of_shoulders(seen: Perceived) -> float:
    """Radians about the vertical, by mediapipe's guess of depths."""
    left, right = seen.pose_world[list(SHOULDERS)]
    return float(np.arctan2(left[2] - right[2], left[0] - right[0]))


def _points(seen: Perceived) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """The points to fit, in pixels, and what is missing.

    A wrist is the hand model's where that saw the hand, else the pose's: the pose's slides into the palm of a hand that
    points at the lens.
    """
    points = {name: _pair(seen.pose[place]) for name, place in zip(hand_names("shoulder"), SHOULDERS, strict=True)}
    notes = []
    for hand, name in enumerate(hand_names("wrist")):
        if seen.hand_scores[hand] > 0:
            points[name] = _pair(seen.hands[hand, 0])
            continue
        x, y, visible = seen.pose[WRISTS[hand]]
        if visible >= SEEN and 0 <= x < seen.width and 0 <= y < seen.height:
            points[name] = _pair(seen.pose[WRISTS[hand]])
            notes.append(f"the {HANDS[hand]} hand was not seen, only its wrist: its size is the other hand's or usual")
        else:
            notes.append(f"the {HANDS[hand]} wrist was not seen: the hand is taken to hang at rest")
    turn = np.degrees(_turn_of_shoulders(seen))
    if abs(turn) > np.degrees(_TURNED):
        notes.append(
            f"the person is turned by about {abs(turn):.0f}°: the character faces the lens, so shoulders differ"
        )
    if seen.face_count > 1:
        notes.append("other faces are seen, too: the speaker is taken to be the person whose shoulders are seen")
    assert seen.face is not None
    for name, landmark in FACE_LANDMARKS.items():
        points[name] = _pair(seen.face[list(landmark)].mean(axis=0))
    return points, notes


def _pair(point: Array) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _camera(rig: Rig, seen: Perceived) -> Camera:
    """The level camera, rolled about its axis, that sees both shoulders where they are."""
    left, right = seen.pose[list(SHOULDERS), :2]
    across = left - right
    width = float(
        np.linalg.norm(rig.joint_position[rig.index("upper_arm.L")] - rig.joint_position[rig.index("upper_arm.R")])
    )
    focal = float(np.hypot(*across)) * PORTRAIT_DISTANCE / (width - 2 * SHOULDER_INSIDE)
    # The picture's y goes down: shoulders that fall to the right by an angle are seen by a camera turned left by it.
    roll = float(np.arctan2(across[1], across[0]))
    turn = quaternion.from_rotation_vector(np.array([0.0, 0.0, roll]))
    middle = 0.5 * (left + right) - np.array([seen.width, seen.height]) / 2
    offset = middle / focal * PORTRAIT_DISTANCE
    position = -quaternion.apply(turn, np.array([offset[0], -offset[1], -PORTRAIT_DISTANCE]))
    position = position + quaternion.apply(turn, np.array([0.0, SHOULDER_RISE, 0.0]))
    return Camera(seen.width, seen.height, focal, position, turn)


def _fit_head(rig: Rig, camera: Camera, points: dict[str, tuple[float, float]]) -> tuple[Proportions, Array]:
    """Scale, offset and turn of the head that bring its features onto the face's."""
    from scipy.optimize import least_squares

    wanted = np.array([points[name] for name in FACE_LANDMARKS])
    anchors, joint = face_points(rig), rig.joint_position[rig.index("head")]

    def place(x: Array) -> Array:
        turned = quaternion.apply(quaternion.from_rotation_vector(x[:3]), anchors - joint)
        return joint + np.exp(x[3]) * turned + np.array([x[4], x[5], 0.0])

    def residual(x: Array) -> Array:
        seen, _ = camera.project(place(x))
        return np.concatenate(
            [
                ((seen - wanted) / (_FACE_POINT * camera.height)).ravel(),
                x[:3] / _HEAD_TURN,
                x[3:4] / _HEAD_SCALE,
                x[4:] / _HEAD_MOVE,
            ]
        )

    bounds = np.array([*[_HEAD_LIMIT] * 3, np.log(1.9), 0.24, 0.24])
    x = least_squares(residual, np.zeros(6), bounds=(-bounds, bounds)).x
    return Proportions(head=float(np.exp(x[3])), head_offset=(x[4], x[5], 0.0)), quaternion.from_rotation_vector(x[:3])


@dataclass(frozen=True)
class _Arms:
    proportions: Proportions
    wrist_position: Array
    rotation: Array
    seen: NDArray[np.bool_]


def _fit_arms(
    rig: Rig,
    camera: Camera,
    proportions: Proportions,
    seen: Perceived,
    points: dict[str, tuple[float, float]],
    notes: list[str],
) -> _Arms:
    """Scales of arms and hands, and where and how the hands rest.

    Unknown are both scales and, for each wrist that was seen, its depth and (where the hand was) its turn; a wrist's
    other two coordinates follow from its line of sight.
    """
    from scipy.optimize import least_squares

    wrist_names = hand_names("wrist")
    known = np.array([name in points for name in wrist_names])
    shaped = known & (seen.hand_scores > 0)
    rotation = hands_of_pose(rig, bind_pose(rig)).rotation[0].copy()
    scale = camera.focal / (PORTRAIT_DISTANCE - _BEFORE)
    for hand in np.flatnonzero(shaped):
        points_in_space = pictured_points(seen.hand_world[hand], seen.hands[hand], scale)
        rotation[hand] = hand_rotation(rig, int(hand), points_in_space)
        # What was seen is as the camera has it.
        rotation[hand, 0] = quaternion.multiply(camera.rotation, rotation[hand, 0])
    first = rotation[:, 0].copy()
    local = np.stack([hand_local_keypoints(rig, hand, _unturned(rotation[hand])) for hand in range(2)])
    sights = {hand: _sight(camera, points[name]) for hand, name in enumerate(wrist_names) if name in points}
    guess = _guessed_depth(rig, seen)
    shoulders = rig.joint_position[[rig.index("upper_arm.L"), rig.index("upper_arm.R")]]
    reach = rig.arm_lengths.sum(axis=1)
    elbows = seen.pose[list(ELBOWS)]
    bones_seen = known & (elbows[:, 2] >= SEEN)
    height = camera.height

    def unpack(x: Array) -> tuple[Proportions, Array, Array]:
        wrists, turns = _HANGING.copy(), first.copy()
        for hand, (start, along) in sights.items():
            wrists[hand] = start + along * ((x[2 + hand] - start[2]) / along[2])
            vector = x[4 + 3 * hand : 7 + 3 * hand]
            turns[hand] = quaternion.multiply(quaternion.from_rotation_vector(vector), first[hand])
        return replace(proportions, hands=float(np.exp(x[0])), arms=float(np.exp(x[1]))), wrists, turns

    def residual(x: Array) -> Array:
        sizes, wrists, turns = unpack(x)
        parts = [x[0:1] / _HAND_SCALE, x[1:2] / _ARM_SCALE, (x[2:4] - guess) / _WRIST_DEPTH, x[4:] / _HAND_TURN]
        for hand in np.flatnonzero(shaped):
            hand_points = wrists[hand] + sizes.hands * quaternion.apply(turns[hand], local[hand])
            pixels, _ = camera.project(hand_points)
            parts.append(((pixels - seen.hands[hand, list(MANO_ORDER)]) / (_HAND_POINT * height)).ravel() / np.sqrt(21))
        distance = np.linalg.norm(wrists - shoulders, axis=1) / (sizes.arms * reach)
        # Half a hundredth inside what the arms can do, so that no wrist is moved by them.
        beyond = np.maximum(distance - (FARTHEST - 0.005), 0) + np.maximum(NEAREST + 0.005 - distance, 0)
        parts.append(np.where(known, beyond * reach / _REACH, 0))
        arms = solve_arms(_joints_only(rig, sizes), wrists, turns)
        pixels, _ = camera.project(arms.elbow)
        parts.append(np.where(bones_seen[:, None], (pixels - elbows[:, :2]) / (_ELBOW * height), 0).ravel())
        return np.concatenate(parts)

    limit = np.array([np.log(1.9), np.log(1.4), 0.2, 0.2, *[0.8] * 6])
    middle = np.array([0.0, 0.0, *guess, *[0.0] * 6])
    # The guess is off by less than the limit of 20 cm, else it is worth nothing.
    # Further digits would be far below what the picture tells.
    x = least_squares(
        residual, middle, bounds=(middle - limit, middle + limit), diff_step=1e-5, ftol=1e-4, xtol=1e-4, gtol=1e-4
    ).x
    sizes, wrists, turns = unpack(x)
    rotation[:, 0] = turns
    return _Arms(sizes, wrists, rotation, known)


def _unturned(rotation: Array) -> Array:
    """The hand's rotations with the wrist at rest."""
    return np.concatenate([quaternion.IDENTITY[None], rotation[1:]])


def _joints_only(rig: Rig, proportions: Proportions) -> Rig:
    """The character with the joints of other proportions and its own mesh: all that inverse kinematics asks for."""
    return replace(rig, joint_position=proportioned_joints(rig, proportions))


def _sight(camera: Camera, pixel: tuple[float, float]) -> tuple[Array, Array]:
    """The line of sight of a pixel: its start and a direction, in the frame of the body."""
    x, y = (np.array(pixel) - camera.centre) / camera.focal
    return camera.position, quaternion.apply(camera.rotation, np.array([x, -y, -1.0]))


def _guessed_depth(rig: Rig, seen: Perceived) -> Array:
    """(2,) metres that the wrists are before the shoulders, by mediapipe's guess and the character's width."""
    world = seen.pose_world
    left, right = world[list(SHOULDERS)]
    width = rig.joint_position[rig.index("upper_arm.L"), 0] - rig.joint_position[rig.index("upper_arm.R"), 0]
    scale = float(width) / max(float(np.linalg.norm(left - right)), 1e-3)
    depth = (0.5 * (left + right)[2] - world[list(WRISTS), 2]) * scale
    return np.clip(np.nan_to_num(depth, nan=0.15), 0.0, 0.4)


def _residuals(fit: Fit, rig: Rig, seen: Perceived) -> dict[str, float]:
    """How far each point of the fitted character is from the person's, as parts of the picture's height."""
    projected = fitted_points(fit, rig)
    found = {
        name: float(np.hypot(*np.subtract(projected[name], point))) / fit.height for name, point in fit.points.items()
    }
    hands = fitted_hand_points(fit, rig)
    for hand in np.flatnonzero(fit.hands_seen & (seen.hand_scores > 0)):
        name = HANDS[hand]
        found[f"hand_size.{name}"] = abs(hand_size(hands[hand]) - hand_size(seen.hands[hand])) / fit.height
        distance = np.linalg.norm(hands[hand] - seen.hands[hand], axis=-1)
        found[f"hand_points.{name}"] = float(distance.mean()) / fit.height
    eyes = np.subtract(fit.points["eye.left"], fit.points["eye.right"])
    drawn = np.subtract(projected["eye.left"], projected["eye.right"])
    found["face_size"] = abs(float(np.hypot(*eyes)) - float(np.hypot(*drawn))) / fit.height
    return found
