# SPDX-License-Identifier: GPL-3.0-or-later
"""The character sent to another program, frame by frame as Blender shows it: while it plays, and as it is posed."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence

import bpy
import numpy as np
from bpy.types import Depsgraph, Object, Scene

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.exchange.humanoid import humanoid
from chironomy.exchange.skeleton import SkeletonMotion, in_t_pose, skeleton_of_pose
from chironomy.exchange.vmc import Message, messages, packets
from chironomy.motion import FACE_ACTIONS
from chironomy.motion import rotation as quaternion
from chironomy.packages import lacking
from chironomy.retarget import Target as Measured
from chironomy.retarget.t_pose import humanoid_of_turns, turns_from_t_pose

from ..online import is_barred
from ..properties import settings
from ..rig.build import body_of
from ..rig.channels import RestPose
from ..rig.read import body_pose, bone_matrices, bone_places, scene_fps
from ..rig.seen import shape_values
from ..target import Target, TargetGoneError
from .retarget import own_character


class LiveError(ChironomyError):
    """The character cannot be sent; the message says why."""


class Sender:
    """What sends one character of a scene.

    Attributes:
        told: where to, "host:port".
        trouble: why the last frame was not sent; "" where it was.
        sent: how many frames were.
    """

    def __init__(self, scene: Scene, item: Object) -> None:
        """Find the receiver.

        Raises:
            LiveError: there is no such computer, or it may not be sent to.
            ChironomyError: the bones of the person's own character do not suffice.
        """
        if lacking(["pythonosc"]):
            raise LiveError("this extension's zip lacks python-osc; install the one for this version of Blender")
        asked = settings(scene).live
        self.told, self.trouble, self.sent = f"{asked.host}:{asked.port}", "", 0
        self._face = asked.face
        self._target = Target.of(scene)
        own = own_character(item)
        self._own: Measured | None = None if own is None else own.target
        self._own_item = 0 if own is None else own.item.session_uid
        self._address = _found(asked.host, asked.port)
        self._socket = socket.socket(self._address[0], socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def close(self) -> None:
        """Send no more."""
        self._socket.close()

    def send(self, scene: Scene, graph: Depsgraph) -> None:
        """Send what a scene shows now; nothing of another scene.

        Raises:
            TargetGoneError: the character was deleted, or another file was opened.
        """
        if scene.session_uid != self._target.scene:
            return
        scene, item = self._target.find()
        try:
            for part in packets(self._messages(scene, item, graph)):
                # A receiver that is not there, or is full, misses a frame.
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    self._socket.sendto(_datagram(part), self._address[1])
        except (OSError, ChironomyError) as error:
            self.trouble = str(error)
            return
        self.trouble, self.sent = "", self.sent + 1

    def _messages(self, scene: Scene, item: Object, graph: Depsgraph) -> Iterator[Message]:
        face, body = None, body_of(item)
        if self._face != "NONE" and body is not None:
            face = np.zeros(len(FACE_ACTIONS))
            values = shape_values(body, graph)
            for name, value in zip(body.data.shape_keys.key_blocks.keys(), values, strict=True):
                if name in FACE_ACTIONS:
                    face[FACE_ACTIONS.index(name)] = np.clip(value, 0.0, 1.0)
        skeleton = self._skeleton(scene, item, graph)
        return messages(skeleton, 0, time.perf_counter(), face, presets=self._face == "VRM")

    def _skeleton(self, scene: Scene, item: Object, graph: Depsgraph) -> SkeletonMotion:
        rig, fps = load_rig(), scene_fps(scene)
        if self._own is None:
            bones = item.evaluated_get(graph).pose.bones
            matrices = bone_matrices(bones, bone_places(bones, rig.joint_names))
            pose = body_pose(rig, RestPose(item), fps, matrices[None])
            return humanoid(in_t_pose(rig, skeleton_of_pose(rig, pose)))
        theirs = next((each for each in scene.objects if each.session_uid == self._own_item), None)
        if theirs is None:
            raise LiveError("your own character was deleted; switch Live off")
        names = [name for name in self._own.bone_map.bones.values() if name in theirs.data.bones]
        bones = theirs.evaluated_get(graph).pose.bones
        axes = bone_matrices(bones, bone_places(bones, names))[:, :3, :3]
        axes = axes / np.maximum(np.linalg.norm(axes, axis=-2, keepdims=True), 1e-12)
        measured = self._own.skeleton
        rest = np.stack([measured.axes[measured.index(name)] for name in names])
        turned = quaternion.multiply(quaternion.from_matrix(axes), quaternion.inverse(rest))
        turns = turns_from_t_pose(self._own, {name: turned[None, row] for row, name in enumerate(names)})
        return humanoid(humanoid_of_turns(rig, turns, fps))


class _Live:
    """What is sent now."""

    sender: Sender | None = None


def sending() -> Sender | None:
    """Return what sends a character; None where nothing does."""
    return _Live.sender if _follow in bpy.app.handlers.frame_change_post else None


def start(scene: Scene, item: Object, graph: Depsgraph) -> None:
    """Send a character from now on, whenever Blender shows another frame or another pose.

    Raises:
        ChironomyError: as of `Sender`.
    """
    stop()
    _Live.sender = Sender(scene, item)
    for handlers in _handlers():
        handlers.append(_follow)
    _Live.sender.send(scene, graph)


def stop() -> None:
    """Send nothing any more."""
    for handlers in _handlers():
        if _follow in handlers:
            handlers.remove(_follow)
    sender, _Live.sender = _Live.sender, None
    if sender is not None:
        sender.close()


# Opening another file takes it away, as it is not persistent.
def _follow(scene: Scene, graph: Depsgraph) -> None:
    if _Live.sender is None or graph is None or bpy.app.is_job_running("RENDER"):
        return
    try:
        _Live.sender.send(scene, graph)
    except TargetGoneError:
        stop()


def _handlers() -> Sequence[list]:
    return bpy.app.handlers.frame_change_post, bpy.app.handlers.depsgraph_update_post


def _found(host: str, port: int) -> tuple[socket.AddressFamily, tuple]:
    """Return the family and the address of a receiver."""
    if not host.strip():
        raise LiveError("no computer is named that receives; on this one it is 127.0.0.1")
    if is_barred(host):
        raise LiveError("sending to another computer needs Allow Online Access in System, in Blender's preferences")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip(), port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise LiveError(f"there is no computer {host}; give its name or its address") from error
    return family, address


def _datagram(part: Sequence[Message]) -> bytes:
    """Return messages as an OSC bundle."""
    from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder  # pyright: ignore[reportMissingImports]
    from pythonosc.osc_message_builder import OscMessageBuilder  # pyright: ignore[reportMissingImports]

    bundle = OscBundleBuilder(IMMEDIATELY)
    for each in part:
        message = OscMessageBuilder(each.address)
        for argument in each.arguments:
            message.add_arg(argument)
        bundle.add_content(message.build())
    return bundle.build().dgram
