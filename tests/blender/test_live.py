# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver of the Virtual Motion Capture Protocol is sent, frame by frame, is the pose that Blender shows."""

import socket
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FRAMES = (1, 9, 20)
HUMAN = {"upper_arm": "UpperArm", "forearm": "LowerArm"}


class Receiver:
    """A server of python-osc's that notes what it gets."""

    def __init__(self):
        from pythonosc.dispatcher import Dispatcher
        from pythonosc.osc_server import BlockingOSCUDPServer

        self.bones, self.face, self.ended, self.got = {}, {}, 0, threading.Condition()
        dispatcher = Dispatcher()
        dispatcher.map("/VMC/Ext/Bone/Pos", lambda _, name, *numbers: self.bones.update({name: numbers}))
        dispatcher.map("/VMC/Ext/Blend/Val", lambda _, name, value: self.face.update({name: value}))
        dispatcher.map("/VMC/Ext/Blend/Apply", lambda _: self._end())
        dispatcher.map("/VMC/Ext/OK", lambda _, loaded: self.face.update({"": loaded}))
        self.server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _end(self):
        with self.got:
            self.ended += 1
            self.got.notify_all()

    def frame(self, addon, scene, number):
        """Show a frame, and return the bones' turns in Unity's axes, wxyz, and the face that came of it."""
        scene.frame_set(number)
        sent = addon["scene.live"].sending().sent
        with self.got:
            assert self.got.wait_for(lambda: self.ended >= sent, 20.0)
        return {name: np.array(each[3:])[[3, 0, 1, 2]] for name, each in self.bones.items()}, dict(self.face)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver(addon):
    found = Receiver()
    yield found
    addon["scene.live"].stop()
    found.close()


@pytest.fixture
def scene(addon, rig, receiver):
    """A character whose hands and face move."""
    from blender_motions import gestures

    from chironomy.motion import FACE_ACTIONS, FaceTrack

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    bpy.ops.chironomy.add_character()
    hands = gestures(rig, 1.0)
    values = np.zeros((24, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = np.linspace(0.1, 0.8, 24)
    addon["scene.put_on"].put_on(scene, scene.chironomy.character, hands, FaceTrack(24.0, values))
    scene.chironomy.live.port = receiver.port
    return scene


def world(name, turns, parents):
    """The turn of a bone in the body, from those of all that it hangs on."""
    from chironomy.motion import rotation

    turn = turns[name]
    while (name := parents[name]) is not None:
        turn = rotation.multiply(turns[name], turn)
    return turn


@contextmanager
def humanoid_parents():
    """What each bone hangs on, as VRM has it."""
    from chironomy.body.pose import solve_pose
    from chironomy.body.rig import load_rig
    from chironomy.exchange.humanoid import humanoid
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
    from takes import hands_before_the_chest

    rig = load_rig()
    motion = humanoid(in_t_pose(rig, skeleton_of_pose(rig, solve_pose(rig, hands_before_the_chest(1)))))
    yield {
        name: motion.names[parent] if parent >= 0 else None
        for name, parent in zip(motion.names, motion.parents, strict=True)
    }


def directions(item, roles):
    """Where bones of a character point in Unity's axes, as Blender shows them."""
    graph = bpy.context.evaluated_depsgraph_get()
    bones = item.evaluated_get(graph).pose.bones
    place = item.evaluated_get(graph).matrix_world.to_3x3()
    found = {}
    for role, (bone, end) in roles.items():
        line = place @ ((bones[end].head if end else bones[bone].tail) - bones[bone].head)
        # Blender's people face -y with z up; Unity's +z with y up and x to their right.
        found[role] = np.array([-line.x, line.z, -line.y]) / line.length
    return found


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_what_arrives_points_where_blender_shows_it(addon, scene, receiver, side):
    from chironomy.motion import rotation

    item, letter = scene.chironomy.character, side[0]
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    roles = {
        "upper_arm": (f"upper_arm.{letter}", f"forearm.{letter}"),
        "forearm": (f"forearm.{letter}", f"wrist.{letter}"),
    }
    with humanoid_parents() as parents:
        for frame in FRAMES:
            turns, face = receiver.frame(addon, scene, frame)
            shown = directions(item, roles)
            for role, told in HUMAN.items():
                out = np.array([-1.0 if side == "Left" else 1.0, 0.0, 0.0])
                points = rotation.apply(world(f"{side}{told}", turns, parents), out)
                assert np.degrees(np.arccos(np.clip(points @ shown[role], -1, 1))) < 1.5, (frame, role)
            assert face["jawOpen"] == pytest.approx(0.1 + 0.7 * (frame - 1) / 23, abs=0.02)
            assert face[""] == 1


def test_hands_and_fingers_arrive_as_the_motion_has_them(addon, scene, receiver):
    from chironomy.body.rig import load_rig
    from chironomy.motion import rotation

    assert bpy.ops.chironomy.live() == {"FINISHED"}
    for frame in FRAMES:
        turns, _ = receiver.frame(addon, scene, frame)
        hands = addon["rig.read"].read_pose(scene.chironomy.character, load_rig(), scene, frame, frame + 1)[1]
        scene.frame_set(frame)
        # The fingers' middle joints turn alike in both; index1 is MANO's joint 1.
        for joint, name in ((2, "LeftIndexIntermediate"), (5, "LeftMiddleIntermediate")):
            local = hands.rotation[0, 0, joint]
            w, x, y, z = local
            unity = np.array([w, x, -y, -z])
            assert np.degrees(rotation.angle(turns[name], unity)) < 0.5, (frame, name)


def test_a_character_of_ones_own_is_sent_as_it_stands(addon, scene, receiver):
    from own_characters import built, detect

    from characters import KINDS
    from chironomy.motion import rotation

    own = built(next(kind for kind in KINDS if kind.standard == "mixamo"))
    detect(scene, own)
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    theirs = addon["scene.retarget"].own_character(scene.chironomy.character)
    names = theirs.bones.bones
    with humanoid_parents() as parents:
        for frame in FRAMES:
            turns, _ = receiver.frame(addon, scene, frame)
            for side, letter in (("Left", "L"), ("Right", "R")):
                roles = {
                    "upper_arm": (names[f"upper_arm.{letter}"], names[f"forearm.{letter}"]),
                    "forearm": (names[f"forearm.{letter}"], names[f"hand.{letter}"]),
                }
                shown = directions(own, roles)
                for role in roles:
                    out = np.array([-1.0 if side == "Left" else 1.0, 0.0, 0.0])
                    points = rotation.apply(world(f"{side}{HUMAN[role]}", turns, parents), out)
                    assert np.degrees(np.arccos(np.clip(points @ shown[role], -1, 1))) < 1.0, (frame, side, role)


def test_every_packet_fits_every_network_and_the_order_is_kept(addon, scene):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(10.0)
        scene.chironomy.live.port = listening.getsockname()[1]
        assert bpy.ops.chironomy.live() == {"FINISHED"}
        from pythonosc.osc_packet import OscPacket

        addresses, sizes = [], []
        while "/VMC/Ext/Blend/Apply" not in addresses:
            data = listening.recv(65536)
            sizes.append(len(data))
            addresses += [each.message.address for each in OscPacket(data).messages]
        assert max(sizes) <= 1400
        assert addresses[0] == "/VMC/Ext/OK"
        addon["scene.live"].stop()


def test_a_second_press_stops_and_another_file_does(addon, scene, receiver):
    live = addon["scene.live"]
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    assert live.sending() is not None
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    assert live.sending() is None
    scene.frame_set(5)
    assert live.sending() is None
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert live.sending() is None


def test_a_character_that_is_deleted_is_sent_no_more(addon, scene, receiver):
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    bpy.data.objects.remove(scene.chironomy.character)
    scene.frame_set(3)
    assert addon["scene.live"].sending() is None


def test_another_scene_is_not_sent(addon, scene, receiver):
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    sent = addon["scene.live"].sending().sent
    other = bpy.data.scenes.new("Other")
    other.frame_set(7)
    assert addon["scene.live"].sending().sent == sent


@pytest.mark.parametrize(("host", "sentence"), [("no such computer.invalid", "There is no computer"), ("", "computer")])
def test_a_computer_that_is_nowhere_is_one_sentence(addon, scene, receiver, monkeypatch, host, sentence):
    monkeypatch.setattr(addon["online"], "bpy", SimpleNamespace(app=SimpleNamespace(online_access=True)))
    scene.chironomy.live.host = host
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.chironomy.live()


def test_vrms_presets_are_sent_instead_where_they_are_asked_for(addon, scene, receiver):
    scene.chironomy.live.face = "VRM"
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    _, face = receiver.frame(addon, scene, 20)
    assert face["A"] > 0.5
    assert "jawOpen" not in face


def test_the_panel_tells_where_to_and_offers_to_stop(addon, scene, receiver):
    panel = addon["live_panel"].CHIRONOMY_PT_live
    layout = MagicMock()
    panel.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    layout.operator.assert_called_once_with("chironomy.live", icon="PLAY")
    assert bpy.ops.chironomy.live() == {"FINISHED"}
    layout = MagicMock()
    panel.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    layout.label.assert_called_once_with(text=f"Sends to 127.0.0.1:{receiver.port}", icon="CHECKMARK")
