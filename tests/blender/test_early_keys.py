# SPDX-License-Identifier: GPL-3.0-or-later
"""The first key poses of a Generate, which are shown while the rest is made, and leave nothing behind."""

import threading

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FPS, SECONDS, FIRST = 24, 6.0, 60
FRAMES = round(FPS * SECONDS)


@pytest.fixture(scope="module")
def motion(rig):
    from blender_motions import gestures

    return gestures(rig, SECONDS, seed=4)


class Window:
    """A person at a window who presses Generate; the work goes on when the test says so."""

    def __init__(self, addon, motion):
        self.addon, self.motion = addon, motion
        self.ends, self.failing, self.told = threading.Event(), False, threading.Semaphore(0)
        self.wanted = threading.Semaphore(0)

    def performing(self, context):
        """Return a job that tells its parts, each when it is wanted."""
        from chironomy.body.performance import Performance
        from chironomy.errors import ChironomyError
        from chironomy.gesture.maker import Part
        from chironomy.motion import FACE_ACTIONS, FaceTrack

        made, motion, seed = self.addon["scene.performance"].Made, self.motion, context.scene.chironomy.seed

        def job(work):
            for first, last in ((0, FIRST), (FIRST, 2 * FIRST)):
                self._wait(lambda timeout: self.wanted.acquire(timeout=timeout) or self.ends.is_set(), work)
                if self.ends.is_set():
                    break
                work.finished(Part(first, motion.sliced(first, last)))
                self.told.release()
            self._wait(self.ends.wait, work)
            if self.failing:
                raise ChironomyError("the model is gone")
            face = FaceTrack(24.0, np.zeros((motion.frame_count, len(FACE_ACTIONS))))
            return [made(Performance(motion, face, None), {"style": "neutral", "seed": seed})]

        return job

    @staticmethod
    def _wait(until, work):
        from chironomy.client import JobCancelled

        while not until(timeout=0.01):
            if work.cancelled():
                raise JobCancelled("stopped")

    def press(self, monkeypatch):
        tasks = self.addon["tasks"]
        with monkeypatch.context() as patch:
            patch.setattr(tasks, "with_window", lambda: True)
            patch.setattr(tasks, "watch", lambda: None)
            patch.setattr(tasks.JobOperator, "execute", lambda operator, context: operator.invoke(context, None))
            assert bpy.ops.chironomy.generate() == {"CANCELLED"}
        self.addon["tasks"].look()

    def next_part(self):
        """Let the next part be finished, and be shown."""
        self.wanted.release()
        assert self.told.acquire(timeout=60)
        while self.addon["tasks"].look() != self.addon["tasks"].TICK:
            pass

    def end(self):
        """Let the work end as it does, and be taken in."""
        self.ends.set()
        (task,) = self.addon["line"].tasks()
        task._thread.join(60)
        while self.addon["line"].tasks():
            self.addon["tasks"].look()


@pytest.fixture
def window(addon, motion, monkeypatch):
    found = Window(addon, motion)
    monkeypatch.setattr(addon["operators.generate"], "performing", found.performing)
    yield found
    found.ends.set()
    addon["tasks"].stop()


@pytest.fixture
def scene(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    scene.chironomy.speech, scene.chironomy.seed = "speech.wav", 1
    bpy.ops.chironomy.add_character()
    return scene


def shown(addon, rig, scene, first=1, last=FRAMES + 1):
    return addon["rig.read"].read_pose(scene.chironomy.character, rig, scene, first, last)[1]


def apart(one, other, frames):
    """Metres between wrists, the most of some frames."""
    return np.linalg.norm(one.wrist_position - other.wrist_position, axis=-1)[frames].max()


def keys(addon, item):
    """Every key of what a character shows, by channel."""
    curves = addon["rig.actions"].curves(item) or ()
    return {
        (curve.data_path, curve.array_index): [
            (*point.co, *point.handle_left, point.type) for point in curve.keyframe_points
        ]
        for curve in curves
    }


def actions():
    return sorted(action.name for action in bpy.data.actions)


def generated(addon, scene, motion, seed):
    """A take that is made at once."""
    from chironomy.body.performance import Performance
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    face = FaceTrack(24.0, np.zeros((motion.frame_count, len(FACE_ACTIONS))))
    item = scene.chironomy.character
    addon["scene.new_takes"].new_take(
        scene, item, Performance(motion, face, None), f"neutral, seed {seed}", {"seed": seed}
    )
    return item


def test_the_first_keys_are_on_the_rig_while_the_rest_is_made(addon, rig, scene, window, motion, monkeypatch):
    window.press(monkeypatch)
    item = scene.chironomy.character
    assert addon["rig.read"].hand_key_count(item) == 0
    window.next_part()
    assert apart(shown(addon, rig, scene), motion, slice(0, FIRST - 6)) < 0.02
    assert max(frame for points in keys(addon, item).values() for frame, *_ in points) <= FIRST + 1
    window.next_part()
    assert apart(shown(addon, rig, scene), motion, slice(0, 2 * FIRST - 6)) < 0.02
    assert not scene.chironomy.takes
    window.end()
    assert [take.label for take in scene.chironomy.takes] == ["neutral, seed 1"]


def test_the_take_is_the_one_that_is_made_at_once(addon, scene, window, motion, monkeypatch):
    item = generated(addon, scene, motion, 1)
    at_once, names = keys(addon, item), [take.name for take in scene.chironomy.takes]
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    again = bpy.context.scene
    again.render.fps, again.chironomy.speech = FPS, "speech.wav"
    bpy.ops.chironomy.add_character()
    window.press(monkeypatch)
    window.next_part()
    window.next_part()
    window.end()
    assert keys(addon, again.chironomy.character) == at_once
    assert [take.name for take in again.chironomy.takes] == names


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_work_that_ends_before_its_time_leaves_the_scene_as_it_was(addon, rig, scene, window, motion, monkeypatch, how):
    from blender_motions import gestures

    item = generated(addon, scene, gestures(rig, SECONDS, seed=9), 9)
    addon["rig.edit"].offset_hand(item, 1, scene, [0.0, 0.05, 0.0], 1.0)
    before = keys(addon, item), actions(), item.animation_data.action, scene.frame_end, len(scene.chironomy.takes)
    told = item["chironomy_source"]
    window.press(monkeypatch)
    window.next_part()
    assert item.animation_data.action != before[2]
    window.failing = how == "failed"
    if how == "cancelled":
        addon["line"].tasks()[0].cancel()
    window.ends.set()
    addon["line"].tasks()[0]._thread.join(60)
    while addon["line"].tasks():
        addon["tasks"].look()
    after = keys(addon, item), actions(), item.animation_data.action, scene.frame_end, len(scene.chironomy.takes)
    assert after == before
    assert item["chironomy_source"] == told


def test_a_pose_without_keys_is_there_again_after_work_that_was_cancelled(addon, scene, window, monkeypatch):
    item = scene.chironomy.character
    hand, finger = item.pose.bones["hand.L"], item.pose.bones["index1.L"]
    hand.location, finger.rotation_quaternion = (0.1, 0.2, 0.3), (0.8, 0.6, 0.0, 0.0)
    window.press(monkeypatch)
    window.next_part()
    assert np.linalg.norm(np.subtract(hand.location, (0.1, 0.2, 0.3))) > 0.01
    addon["line"].tasks()[0].cancel()
    window.end()
    assert item.animation_data.action is None
    assert list(hand.location) == pytest.approx([0.1, 0.2, 0.3])
    assert list(finger.rotation_quaternion) == pytest.approx([0.8, 0.6, 0.0, 0.0])


def test_the_animators_poses_stay_in_what_is_shown_early(addon, rig, scene, window, motion, monkeypatch):
    from blender_motions import gestures

    item = generated(addon, scene, gestures(rig, SECONDS, seed=9), 9)
    addon["rig.edit"].offset_hand(item, 1, scene, [0.0, 0.08, 0.0], 0.3, time=30 / FPS)
    theirs = shown(addon, rig, scene, 31, 32)
    window.press(monkeypatch)
    window.next_part()
    early = shown(addon, rig, scene)
    assert np.linalg.norm(early.wrist_position[30, 1] - theirs.wrist_position[0, 1]) < 1e-4
    assert np.linalg.norm(early.wrist_position[10, 0] - motion.wrist_position[10, 0]) < 0.02


def test_what_is_shown_early_and_edited_stays_as_a_take(addon, scene, window, monkeypatch):
    item = scene.chironomy.character
    window.press(monkeypatch)
    window.next_part()
    addon["rig.edit"].offset_hand(item, 1, scene, [0.0, 0.08, 0.0], 0.3, time=30 / FPS)
    edited = keys(addon, item)
    # What comes after it does not take its place.
    window.next_part()
    assert keys(addon, item) == edited
    addon["line"].tasks()[0].cancel()
    window.end()
    assert keys(addon, item) == edited
    (take,) = scene.chironomy.takes
    assert (take.action, take.label) == (item.animation_data.action, "your own")


def test_a_file_that_is_saved_meanwhile_has_nothing_of_it(addon, scene, window, monkeypatch, tmp_path):
    window.press(monkeypatch)
    before = actions()
    window.next_part()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "meanwhile.blend"), copy=True)
    assert actions() == before
    with bpy.data.libraries.load(str(tmp_path / "meanwhile.blend")) as (saved, _):
        assert sorted(saved.actions) == before


def test_undone_work_shows_nothing_early(addon, scene, window, monkeypatch):
    bpy.ops.ed.undo_push(message="before")
    window.press(monkeypatch)
    window.next_part()
    bpy.ops.ed.undo_push(message="meanwhile")
    bpy.ops.ed.undo()
    addon["scene.early"]._replaced()
    item = bpy.context.scene.chironomy.character
    assert item.animation_data is None or item.animation_data.action is None
    assert addon["rig.read"].hand_key_count(item) == 0
