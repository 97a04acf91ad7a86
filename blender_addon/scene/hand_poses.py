# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand poses on a character of a scene: whose hands, at which frame, how much of a pose, and poses of one's own."""

from collections.abc import Sequence
from pathlib import Path

from bpy.types import Context, Object, Scene

from chironomy.body.rig import SIDES, load_rig
from chironomy.errors import ChironomyError
from chironomy.gesture.repertoire.hand_poses import HandPose, mirrored
from chironomy.motion import HANDS

from .. import hand_pictures
from ..properties import character
from ..rig.build import is_character
from ..rig.fingers import Fingers, check_keyable
from ..rig.read import scene_fps
from .accepted import sparing
from .chosen import selected_hands
from .keeping import make_keepable
from .retarget import hand_over

LEFT, RIGHT = range(2)


def chosen_character(context: Context) -> Object | None:
    """Return the character whose hands are meant: the one in pose mode, or else the scene's."""
    item = context.object
    if context.mode == "POSE" and is_character(item):
        return item
    return character(context.scene)


def chosen_hands(context: Context, item: Object, side: str) -> list[int]:
    """Return the hands that a side names: "LEFT", "RIGHT", "BOTH", or "SELECTED" for those of the selected bones.

    Raises:
        ChironomyError: no bone of a hand is selected.
    """
    if side != "SELECTED":
        return {"LEFT": [LEFT], "RIGHT": [RIGHT], "BOTH": [LEFT, RIGHT]}[side]
    active = context.active_pose_bone
    hands = list(selected_hands(context, item))
    if not hands and active is not None and active.id_data == item:
        hands = [hand for hand in (LEFT, RIGHT) if active.name.endswith(f".{SIDES[hand]}")]
    if not hands:
        raise ChironomyError("select a bone of a hand in pose mode, or choose Left, Right or Both")
    return hands


def find_pose(name: str) -> HandPose:
    """Return a pose of the library or of the person's own.

    Raises:
        ChironomyError: there is none of that name any more.
    """
    pose = hand_pictures.poses().get(name)
    if pose is None:
        raise ChironomyError("the hand pose is not there any more; pick another")
    return pose


def fingers_of(item: Object, hands: Sequence[int]) -> list[Fingers]:
    """Return the fingers of hands as they are posed now, checked so that they can be keyed.

    Raises:
        ChironomyError: a bone is missing, locked, muted or driven.
    """
    for hand in hands:
        check_keyable(item, hand)
    return [Fingers.of(item, load_rig(), hand) for hand in hands]


def show(fingers: Sequence[Fingers], pose: HandPose, blend: float) -> None:
    """Show hands part of the way from how they were to a pose, without a key."""
    for hand in fingers:
        hand.show(hand.blended(pose.fingers[hand.hand], blend))


def key(scene: Scene, fingers: Sequence[Fingers], pose: HandPose, blend: float, seconds: float) -> str:
    """Key hands part of the way from how they were to a pose at the current frame; return what to tell the person.

    Args:
        scene: gives frame and frame rate.
        fingers: of the hands of one character, as they were; of one at least.
        pose: to go to.
        blend: 0 keeps the fingers as they were, 1 gives the pose.
        seconds: before and after it in which the fingers go to it and back.

    Raises:
        ChironomyError: keys would be lost.
    """
    reach = round(seconds * scene_fps(scene))
    item = fingers[0].character
    make_keepable(scene, item)
    with sparing(scene, item) as spared:
        for hand in fingers:
            hand.key(hand.blended(pose.fingers[hand.hand], blend), scene.frame_current, reach)
    hand_over(scene, item)
    part = "" if blend >= 1.0 else f", {100 * blend:.0f} %"
    names = " and ".join(HANDS[hand.hand] for hand in fingers)
    return f"{pose.label}{part}: the fingers of the {names} hand are keyed at frame {scene.frame_current}" + spared


def save(item: Object, hand: int, label: str, overwrite: bool) -> HandPose:
    """Keep how a hand's fingers are posed now as a pose of the person's own.

    Raises:
        ChironomyError: the name is empty or taken, or the file cannot be written.
    """
    turned = Fingers.of(item, load_rig(), hand).rotations()
    return hand_pictures.save(label, mirrored(turned) if hand == RIGHT else turned, overwrite)


def library_folder() -> Path:
    """Return the folder of the asset library that is made of the poses."""
    return hand_pictures.own_folder().with_name("asset_library")
