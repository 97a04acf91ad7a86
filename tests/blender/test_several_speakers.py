# SPDX-License-Identifier: GPL-3.0-or-later
"""Two characters who talk in turns: three strips, one button, and what each does while it speaks and listens."""

from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import MagicMock

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

if not bpy.app.build_options.audaspace:
    pytest.skip("this Blender was built without sound", allow_module_level=True)

FPS = 24
TURNS = (("Anna", 1, 4.0), ("Ben", 101, 5.0), ("Anna", 225, 3.0))
"""Who speaks in a strip, its first frame and its seconds."""

END = 225 + round(3.0 * FPS)


@pytest.fixture(scope="module")
def recordings(repository, tmp_path_factory):
    """The parts of a voice that they say."""
    import soundfile

    folder = tmp_path_factory.mktemp("turns")
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    paths, begin = [], 0.0
    for number, (_, _, seconds) in enumerate(TURNS):
        path = folder / f"turn{number}.wav"
        soundfile.write(path, samples[round(begin * rate) : round((begin + seconds) * rate)], rate)
        paths.append(path)
        begin += seconds
    return paths


def new_scene(addon, recordings):
    """Anna and Ben, who stand face to face, a metre and a half apart, and what they say."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    people = {}
    for name, place, turn in (("Ben", 0.75, 90.0), ("Anna", -0.75, -90.0)):
        bpy.ops.chironomy.add_character()
        item = scene.chironomy.character
        # A character faces -y: turned by a quarter to its left it faces +x.
        item.name, item.location.x, item.rotation_euler.z = name, place, np.radians(-turn)
        people[name] = item
    scene.chironomy.several = True
    scene.chironomy.style = "lively"
    for (name, frame, _), path in zip(TURNS, recordings, strict=True):
        scene.chironomy.character = people[name]
        bpy.ops.chironomy.load_speech(filepath=str(path))
        strip = list(strips(scene))[-1]
        strip.name = path.stem
        moved_to(strip, frame)
    scene.frame_end = END
    bpy.context.view_layer.update()
    return scene, people


def strips(scene):
    return scene.sequence_editor.strips if hasattr(scene.sequence_editor, "strips") else scene.sequence_editor.sequences


def moved_to(strip, frame):
    name = "content_start" if hasattr(strip, "content_start") else "frame_start"
    setattr(strip, name, frame)


class Seen(NamedTuple):
    """What Blender shows of somebody: (T,) wrists' speed, where the head is turned to, and all that the hands do."""

    hands: object
    speed: np.ndarray
    ahead: np.ndarray
    face: dict


def seen(addon, item, scene):
    from chironomy.body.rig import load_rig
    from chironomy.motion import FACE_ACTIONS, rotation

    rig = load_rig()
    pose, hands = addon["rig.read"].read_pose(item, rig, scene, 1, END + 1)
    face = addon["rig.read"].read_face(item, scene, 1, END + 1).values
    speed = np.linalg.norm(np.gradient(hands.wrist_position, axis=0), axis=-1).max(axis=1) * FPS
    ahead = rotation.apply(pose.joint_rotation[:, rig.index("head")], np.array([0.0, 0.0, 1.0]))
    return Seen(hands, speed, ahead, {name: face[:, index] for index, name in enumerate(FACE_ACTIONS)})


def within(number, begin=0.0, end=0.0):
    """The frames of a strip, without so many seconds at its beginning and end."""
    _, first, seconds = TURNS[number]
    return slice(first - 1 + round(begin * FPS), first - 1 + round((seconds - end) * FPS))


SETTLED = (1.5, 1.2)
"""Seconds in which a listener's hands still sink, and in which they are raised for the next turn."""


@pytest.fixture(scope="module")
def talk(addon, recordings):
    """The scene after one press of the button, and what is seen of both."""
    scene, people = new_scene(addon, recordings)
    assert bpy.ops.chironomy.generate_scene() == {"FINISHED"}
    return scene, {name: seen(addon, item, scene) for name, item in people.items()}


def test_each_gestures_in_its_own_strips_and_rests_its_hands_in_the_others(talk):
    _, both = talk
    for number, (speaker, _, _) in enumerate(TURNS):
        for name, one in both.items():
            speed = one.speed[within(number, *SETTLED)]
            if name == speaker:
                assert speed.max() > 0.4, (name, number)
            else:
                assert speed.max() < 0.2, (name, number)
                assert one.hands.wrist_position[within(number, *SETTLED), :, 1].max() < -0.25, (name, number)


def test_each_mouth_moves_in_its_own_strips_alone(talk):
    _, both = talk
    for number, (speaker, _, _) in enumerate(TURNS):
        for name, one in both.items():
            opened = one.face["jawOpen"][within(number, 0.3)].max()
            assert (opened > 0.15) == (name == speaker), (name, number, opened)


def test_who_listens_looks_at_who_speaks(talk):
    _, both = talk
    for one in both.values():
        # They stand face to face: ahead is where the other is.
        aside = np.degrees(np.arctan2(one.ahead[:, 0], one.ahead[:, 2]))
        assert np.abs(np.median(aside)) < 8.0


def test_who_stands_aside_is_looked_at(addon, recordings, quick):
    scene, people = new_scene(addon, recordings)
    # Both face -y now, side by side: Ben stands at Anna's left.
    for item in people.values():
        item.rotation_euler.z = 0.0
    people["Anna"].location.y = people["Ben"].location.y = 0.0
    bpy.context.view_layer.update()
    assert bpy.ops.chironomy.generate_scene() == {"FINISHED"}
    for name, left in (("Anna", 1.0), ("Ben", -1.0)):
        one = seen(addon, people[name], scene)
        aside = left * np.degrees(np.arctan2(one.ahead[:, 0], one.ahead[:, 2]))
        assert np.median(aside) > 45.0
        assert np.median(one.face["eyeLookOutLeft" if left > 0 else "eyeLookInLeft"]) > 0.3


def test_the_listener_nods_in_the_others_pauses(talk, recordings):
    from chironomy.gesture.planning.spoken import spoken_phrases
    from chironomy.speech.decode import load_speech

    _, both = talk
    answered = 0
    for number, (speaker, first, _) in enumerate(TURNS):
        listener = both["Ben" if speaker == "Anna" else "Anna"]
        down = -np.degrees(np.arcsin(listener.ahead[:, 1]))
        for _, end in spoken_phrases(load_speech(recordings[number])):
            frame = first - 1 + round(end * FPS)
            near = down[frame : frame + round(0.6 * FPS)]
            if len(near) > 6 and near.max() - down[max(frame - 4, 0) : frame + 3].min() > 2.5:
                answered += 1
    assert answered >= 1


class Model:
    """Holds the hands somewhere else for each seed, in no time."""

    def loaded_network(self):
        return SimpleNamespace(config={"score_kinds": None})

    def __call__(self, speech, *, fps, seed=0, **_settings):
        from chironomy.motion import HandMotion
        from chironomy.motion import rotation as quaternion

        frames = speech.frame_count(fps)
        high = -0.3 + 0.01 * (seed % 7)
        position = np.tile([[0.2, high, 0.3], [-0.2, high, 0.3]], (frames, 1, 1))
        return HandMotion(fps, position, np.tile(quaternion.IDENTITY, (frames, 2, 16, 1)), np.ones((frames, 2)))


@pytest.fixture
def quick(monkeypatch):
    """Performances that take no time, where what the hands do is not looked at."""
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", Model)
    monkeypatch.setattr("chironomy.performance.listening.recognise_phones", lambda *_, **__: [])


def test_one_step_back_takes_it_all_back(addon, recordings, quick):
    scene, people = new_scene(addon, recordings)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.chironomy.generate_scene() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="Generate All Speakers")
    assert [addon["rig.read"].hand_key_count(item) > 0 for item in people.values()] == [True, True]
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    counts = [addon["rig.read"].hand_key_count(scene.objects[name]) for name in ("Anna", "Ben")]
    assert counts == [0, 0]
    assert not len(scene.chironomy.takes)


def test_a_persons_own_poses_stay(addon, recordings, quick):
    scene, people = new_scene(addon, recordings)
    assert bpy.ops.chironomy.generate_scene() == {"FINISHED"}
    owned, frame = addon["rig.owned"], 150
    scene.frame_set(frame)
    addon["rig.edit"].offset_hand(people["Anna"], 1, scene, [0.0, 0.25, 0.1], 0.4, frame / FPS)
    before = seen(addon, people["Anna"], scene).hands.wrist_position
    (span,) = owned.spans(people["Anna"], [owned.hand_unit(people["Anna"], 1)], FPS).values()
    scene.chironomy.seed += 3
    assert bpy.ops.chironomy.generate_scene() == {"FINISHED"}
    after = seen(addon, people["Anna"], scene).hands.wrist_position
    kept = slice(round(span.first) - 1, round(span.last))
    assert np.abs(after[kept, 1] - before[kept, 1]).max() < 1e-4
    assert np.abs(after - before).max() > 0.02
    assert [take.item.name for take in scene.chironomy.takes].count("Ben") == 2


def test_the_work_can_be_stopped_and_nothing_is_left_of_it(addon, recordings, quick):
    _, people = new_scene(addon, recordings)
    tasks = addon["tasks"]

    def stop(fraction, message):
        tasks.running().cancel()

    tasks.listeners.append(stop)
    try:
        assert bpy.ops.chironomy.generate_scene() == {"CANCELLED"}
    finally:
        tasks.listeners.remove(stop)
    assert all(addon["rig.read"].hand_key_count(item) == 0 for item in people.values())


def test_generate_makes_the_chosen_character_alone(addon, recordings, quick):
    scene, people = new_scene(addon, recordings)
    scene.chironomy.character = people["Ben"]
    assert bpy.ops.chironomy.generate() == {"FINISHED"}
    counts = [addon["rig.read"].hand_key_count(people[name]) for name in ("Anna", "Ben")]
    assert counts[0] == 0 < counts[1]


@pytest.fixture
def empty(addon, recordings):
    """Three strips in which nobody is chosen to speak."""
    scene, _ = new_scene(addon, recordings)
    for strip in strips(scene):
        strip.chironomy_turn.who = None
    return scene


def in_order(scene):
    begin = "left_handle" if hasattr(next(iter(strips(scene))), "left_handle") else "frame_final_start"
    return sorted(strips(scene), key=lambda strip: getattr(strip, begin))


def whose(addon, scene):
    return [turn.who.name if turn.who else None for turn in addon["scene.turns"].turns(scene)]


def test_strips_of_one_channel_are_in_turns_and_channels_belong_to_one_each(addon, empty):
    _, second, third = in_order(empty)
    assert whose(addon, empty) == ["Anna", "Ben", "Anna"]
    third.channel = 3
    assert whose(addon, empty) == ["Anna", "Anna", "Ben"]
    second.channel = 2
    # There are two characters and three channels: the last one is nobody's, until somebody is chosen.
    assert whose(addon, empty) == ["Anna", "Ben", None]
    second.chironomy_turn.who = third.chironomy_turn.who = bpy.data.objects["Anna"]
    assert whose(addon, empty) == ["Anna", "Anna", "Anna"]


def test_a_name_in_strip_file_or_channel_tells_who_speaks(addon, empty):
    first, second, third = in_order(empty)
    first.name, second.name = "ben_01", "Bennet"
    assert whose(addon, empty) == ["Ben", "Anna", "Ben"]
    third.channel = 3
    empty.sequence_editor.channels[3].name = "Anna's microphone"
    assert whose(addon, empty) == ["Ben", "Anna", "Anna"]


def test_music_is_nobodys(addon, empty):
    _, second, third = in_order(empty)
    second.chironomy_turn.nobody = True
    third.chironomy_turn.who = bpy.data.objects["Ben"]
    assert whose(addon, empty) == ["Anna", None, "Ben"]


def test_what_is_loaded_follows_what_was_said_and_is_the_chosen_characters(addon, recordings):
    scene, people = new_scene(addon, recordings)
    scene.chironomy.character = people["Ben"]
    bpy.ops.chironomy.load_speech(filepath=str(recordings[0]))
    last = addon["scene.turns"].turns(scene)[-1]
    assert (last.who, last.played.left) == (people["Ben"], END)
    assert len(addon["scene.turns"].turns(scene)) == 4


def test_each_is_heard_where_its_strips_lie(addon, recordings):
    import soundfile

    scene, people = new_scene(addon, recordings)
    turns = addon["scene.turns"]
    for name, quiet, loud in (("Anna", 1, (0, 2)), ("Ben", 0, (1,))):
        samples, rate = soundfile.read(turns.voice(scene, people[name]).file())
        assert len(samples) == pytest.approx((END - 1) / FPS * rate, abs=rate / FPS)

        def level(number, samples=samples, rate=rate):
            frames = within(number)
            return np.abs(samples[round(frames.start / FPS * rate) : round(frames.stop / FPS * rate)]).max()

        assert level(quiet) == 0.0
        assert all(level(number) > 0.1 for number in loud)


def test_who_says_nothing_listens(addon, recordings, quick, capfd):
    scene, people = new_scene(addon, recordings)
    for strip in strips(scene):
        strip.chironomy_turn.who = people["Anna"]
    assert bpy.ops.chironomy.generate_scene() == {"FINISHED"}
    assert "Ben says nothing and listens" in "".join(capfd.readouterr())


def test_a_recording_that_is_gone_is_one_report(addon, recordings, tmp_path):
    scene, people = new_scene(addon, recordings)
    next(iter(strips(scene))).sound.filepath = str(tmp_path / "nowhere.wav")
    with pytest.raises(RuntimeError, match=r"There is no file .*nowhere\.wav for the strip"):
        bpy.ops.chironomy.generate_scene()
    assert all(addon["rig.read"].hand_key_count(item) == 0 for item in people.values())


def test_the_panel_lists_every_sound_strip_with_who_speaks_in_it(addon, empty):
    panels, lists = addon["panels"], addon["lists"]
    layout = MagicMock()
    panels.CHIRONOMY_PT_speech.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    (shown,) = layout.template_list.call_args_list
    assert shown.args[0] == "CHIRONOMY_UL_turns"
    assert list(getattr(shown.args[2], shown.args[3])) == list(strips(empty))
    panels.CHIRONOMY_PT_generate.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    assert "chironomy.generate_scene" in [call.args[0] for call in layout.operator.call_args_list]
    told = []
    for strip in in_order(empty):
        row = MagicMock()
        lists.CHIRONOMY_UL_turns.draw_item(SimpleNamespace(), bpy.context, row, None, strip, 0, None, "")
        whose = row.split.return_value.row.return_value.row.return_value
        told.append([call.kwargs["text"] for call in whose.label.call_args_list])
    assert told == [["Anna"], ["Ben"], ["Anna"]]
