# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in line, as a person in a window starts them: side by side or waiting, each for its own scene and character."""

import threading

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FRAMES = 24


@pytest.fixture
def performance(rig):
    from blender_motions import gestures

    from chironomy.body.performance import Performance
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    face = FaceTrack(24.0, np.zeros((FRAMES, len(FACE_ACTIONS))))
    return Performance(gestures(rig, 1.0, seed=4), face, None)


class Window:
    """What stands for a person at a window: presses buttons, and lets time pass as Blender's timer does."""

    def __init__(self, addon, monkeypatch):
        self._addon, self._patch = addon, monkeypatch
        self.steps = {}

    def press(self, name, **options):
        """Press a button; it never waits for the work."""
        tasks = self._addon["tasks"]
        with self._patch.context() as patch:
            patch.setattr(tasks, "with_window", lambda: True)
            patch.setattr(tasks, "watch", lambda: None)
            # Without a window Blender never invokes.
            patch.setattr(tasks.JobOperator, "execute", lambda operator, context: operator.invoke(context, None))
            assert getattr(bpy.ops.chironomy, name)(**options) == {"CANCELLED"}

    def let(self, number):
        """Let the work of a job, counted as they were pressed, be done."""
        self.steps[number].set()

    def pass_time(self):
        """Let the timer look until nothing changes by itself."""
        self._addon["tasks"].look()
        for task in self.tasks():
            if task.begun and (task.cancelled or task.number in self._let()):
                task._thread.join(60)
        while any(task.over for task in self.tasks()):
            self._addon["tasks"].look()
        self._addon["tasks"].look()

    def tasks(self):
        return self._addon["line"].tasks()

    def _let(self):
        return {task for task, step in self.by_task.items() if step.is_set()}

    def labels(self):
        return [(task.label, task.target.name, "waits" if task.waiting else "runs") for task in self.tasks()]


class Sheet:
    """What stands for a layout: keeps the texts that are drawn."""

    def __init__(self):
        self.texts = []

    def __getattr__(self, name):
        def draw(*given, **named):
            text = named.get("text") or (given[0] if given else "")
            if name in ("label", "progress", "operator") and text:
                self.texts.append(text)
            return self

        return draw


@pytest.fixture
def window(addon, performance, monkeypatch):
    """A window in which the work of each job is done when the test says so."""
    found = Window(addon, monkeypatch)
    made = addon["scene.performance"].Made
    found.by_task = {}

    def performing(context):
        seed, step = context.scene.chironomy.seed, threading.Event()
        found.steps[len(found.steps) + 1] = step
        found.by_task[addon["line"].tasks()[-1].number] = step

        def job(work):
            for _ in range(2000):
                if step.wait(0.01):
                    break
                if work.cancelled():
                    from chironomy.client import JobCancelled

                    raise JobCancelled("stopped")
            return [made(performance, {"style": "neutral", "seed": seed})]

        return job

    monkeypatch.setattr(addon["operators.generate"], "performing", performing)
    yield found
    addon["tasks"].stop()
    for entry in addon["late"].entries():
        addon["late"].forget(entry.number)


@pytest.fixture
def scene(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return staged(bpy.context.scene)


def staged(scene):
    """A scene with a character that can be generated for."""
    scene.render.fps, scene.render.fps_base = 24, 1.0
    bpy.context.window.scene = scene
    scene.chironomy.speech = "speech.wav"
    bpy.ops.chironomy.add_character()
    return scene


def takes_of(scene):
    return [(take.name, take.label) for take in scene.chironomy.takes]


def test_a_character_has_one_generate_at_a_time_and_the_next_waits(scene, window):
    scene.chironomy.seed = 4
    window.press("generate")
    scene.chironomy.seed = 5
    window.press("generate")
    window.pass_time()
    assert window.labels() == [("Generate", "Character", "runs"), ("Generate", "Character", "waits")]
    assert takes_of(scene) == []
    # What was asked for is what is made, whatever is set meanwhile.
    scene.chironomy.seed = 77
    window.let(1)
    window.pass_time()
    assert window.labels() == [("Generate", "Character", "runs")]
    assert takes_of(scene) == [("Take 1", "neutral, seed 4")]
    window.let(2)
    window.pass_time()
    assert window.tasks() == ()
    assert takes_of(scene) == [("Take 1", "neutral, seed 4"), ("Take 2", "neutral, seed 5")]


def test_two_characters_in_two_scenes_are_generated_side_by_side(scene, window):
    other = staged(bpy.data.scenes.new("Other"))
    window.press("generate")
    bpy.context.window.scene = scene
    window.press("generate")
    window.pass_time()
    assert [state for *_, state in window.labels()] == ["runs", "runs"]
    # The second is done first, and each goes where it belongs.
    window.let(2)
    window.pass_time()
    assert (len(takes_of(scene)), len(takes_of(other))) == (1, 0)
    window.let(1)
    window.pass_time()
    assert (len(takes_of(scene)), len(takes_of(other))) == (1, 1)
    assert bpy.context.window.scene == scene


def test_each_job_is_stopped_by_its_own_button_and_one_in_line_too(addon, scene, window):
    for seed in (1, 2, 3):
        scene.chironomy.seed = seed
        window.press("generate")
    window.pass_time()
    _, second, _ = window.tasks()
    assert bpy.ops.chironomy.stop_work(job=second.number) == {"FINISHED"}
    window.pass_time()
    assert [task.waiting for task in window.tasks()] == [False, True]
    first, _ = window.tasks()
    bpy.ops.chironomy.stop_work(job=first.number)
    window.pass_time()
    window.let(3)
    window.pass_time()
    assert takes_of(scene) == [("Take 1", "neutral, seed 3")]
    assert addon["late"].entries() == ()


def test_work_whose_button_is_not_drawn_stands_above_the_other_sections(addon, scene, window):
    panel, generate = addon["work_panel"], addon["operators.generate"].CHIRONOMY_OT_generate
    sheet, region = Sheet(), 7
    # The section Generate is open in one sidebar, and closed in another.
    for drawn in (7, 8):
        panel.begin_drawing(drawn)
    panel._buttons[region, generate] = panel._drawings[region]
    window.press("generate")
    window.pass_time()
    assert panel.begin_drawing(7) == []
    # Each stands in one place beside its button: in Work, or above.
    assert panel.others(7) == list(window.tasks())
    assert [task.label for task in panel.begin_drawing(8)] == ["Generate"]
    assert panel.others(8) == []
    panel.draw_alone(sheet, 8)
    assert [text for text in sheet.texts if "Generate" in text] == ["Generate · Scene · Character"]
    # Another scene's work is beside no button of this one.
    panel._buttons[region, generate] = panel._drawings[region]
    bpy.context.window.scene = staged(bpy.data.scenes.new("Other"))
    assert len(panel.begin_drawing(7)) == 1
    bpy.context.window.scene = scene
    window.let(1)
    window.pass_time()
    assert panel.begin_drawing(8) == []


def test_the_status_bar_tells_what_runs_and_how_much_waits(addon, scene, window):
    header = type("Header", (), {"layout": Sheet()})()
    addon["status_bar"].draw(header, bpy.context)
    assert header.layout.texts == []
    for seed in (1, 2):
        scene.chironomy.seed = seed
        window.press("generate")
    window.pass_time()
    addon["status_bar"].draw(header, bpy.context)
    assert header.layout.texts == ["Generate: 0 % (+1)", "chironomy.stop_work"]


def test_a_failure_is_no_news_once_the_same_was_done(addon, scene, window, monkeypatch):
    def failing(context):
        from chironomy.errors import ChironomyError

        def job(work):
            raise ChironomyError("the speech is silent")

        return job

    with monkeypatch.context() as patch:
        patch.setattr(addon["operators.generate"], "performing", failing)
        window.press("generate")
        for task in window.tasks():
            task._thread.join(60)
        window.pass_time()
    assert [entry.said for entry in addon["late"].entries()] == ["the speech is silent"]
    window.press("generate")
    assert len(addon["late"].entries()) == 1
    window.let(1)
    window.pass_time()
    assert addon["late"].entries() == ()


def test_generate_in_blender_never_waits_behind_a_video(addon, scene, window, monkeypatch, tmp_path):
    drawn = threading.Event()

    def rendering(_context, _filepath, _shot, replace):
        return lambda work: drawn.wait(60) and tmp_path

    monkeypatch.setattr(addon["operators.render"], "rendering", rendering)
    window.press("render_video")
    window.press("render_video")
    window.press("generate")
    window.pass_time()
    assert [(label, state) for label, _, state in window.labels()] == [
        ("Render Video", "runs"),
        ("Render Video", "waits"),
        ("Generate", "runs"),
    ]
    window.let(1)
    window.pass_time()
    assert len(takes_of(scene)) == 1
    bpy.ops.chironomy.stop_work()
    drawn.set()
    window.pass_time()
    assert window.tasks() == ()


def test_a_renamed_character_in_a_renamed_scene_gets_its_motion(scene, window):
    window.press("generate")
    scene.name, scene.chironomy.character.name = "Shot 2", "Hero"
    window.let(1)
    window.pass_time()
    assert takes_of(scene) == [("Take 1", "neutral, seed 0")]


@pytest.mark.parametrize("gone", ["character", "scene"])
def test_what_was_made_for_what_was_deleted_is_told_and_kept(addon, scene, window, gone):
    other = staged(bpy.data.scenes.new("Other"))
    bpy.context.window.scene = scene
    window.press("generate")
    bpy.context.window.scene = other
    if gone == "character":
        bpy.data.objects.remove(scene.chironomy.character)
    else:
        bpy.data.scenes.remove(scene)
    window.let(1)
    window.pass_time()
    (entry,) = addon["late"].entries()
    first = "the character Character was deleted meanwhile" if gone == "character" else "the scene Scene is not open"
    assert entry.said.startswith(first)
    assert str(entry.motion) in entry.said
    assert entry.motion.is_file()
    assert not entry.can_be_taken
    assert takes_of(other) == []
    assert not bpy.ops.chironomy.take_over.poll()
    assert bpy.ops.chironomy.dismiss_result(job=entry.number) == {"FINISHED"}
    assert addon["late"].entries() == ()
    assert entry.motion.is_file()


def test_a_deleted_scene_that_comes_back_by_undo_can_take_over(addon, scene, window):
    bpy.context.preferences.edit.use_global_undo = True
    keeping, item = addon["scene.keeping"], scene.chironomy.character
    window.press("generate")
    bpy.ops.ed.undo_push(message="before")
    bpy.data.objects.remove(item)
    bpy.ops.ed.undo_push(message="deleted")
    window.let(1)
    window.pass_time()
    (entry,) = addon["late"].entries()
    assert not entry.can_be_taken
    bpy.ops.ed.undo()
    assert entry.can_be_taken
    assert bpy.ops.chironomy.take_over(job=entry.number) == {"FINISHED"}
    assert takes_of(bpy.context.scene) == [("Take 1", "neutral, seed 0")]
    assert addon["late"].entries() == ()
    assert keeping.offered() is None


def test_undo_while_a_job_runs_does_not_disturb_it(scene, window):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    scene.chironomy.character.location.x = 1.0
    bpy.ops.ed.undo_push(message="moved")
    window.press("generate")
    window.pass_time()
    bpy.ops.ed.undo()
    window.let(1)
    window.pass_time()
    scene = bpy.context.scene
    assert scene.chironomy.character.location.x == 0.0
    assert takes_of(scene) == [("Take 1", "neutral, seed 0")]


@pytest.fixture
def two_files(scene, tmp_path):
    """The file that is open, and another with a character and a scene that are called the same."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    return str(tmp_path / "mine.blend"), str(tmp_path / "other.blend")


def test_what_was_made_while_another_file_is_open_waits_for_its_own(addon, window, two_files):
    mine, other = two_files
    window.press("generate")
    bpy.ops.wm.open_mainfile(filepath=other)
    window.let(1)
    window.pass_time()
    (entry,) = addon["late"].entries()
    assert entry.said.startswith("Generate is done for Scene; its motion is kept in ")
    assert entry.motion.is_file()
    # The other file has a scene and a character of that name, and nothing is laid there.
    assert not entry.can_be_taken
    assert takes_of(bpy.context.scene) == []
    bpy.ops.wm.open_mainfile(filepath=mine)
    assert takes_of(bpy.context.scene) == []
    assert entry.can_be_taken
    assert bpy.ops.chironomy.take_over() == {"FINISHED"}
    assert takes_of(bpy.context.scene) == [("Take 1", "neutral, seed 0")]
    assert addon["late"].entries() == ()
    assert addon["scene.keeping"].offered() is None


def test_a_job_is_offered_where_its_file_was_opened_again_before_it_was_done(addon, window, two_files):
    mine, _ = two_files
    window.press("generate")
    bpy.ops.wm.open_mainfile(filepath=mine)
    window.let(1)
    window.pass_time()
    (entry,) = addon["late"].entries()
    assert entry.can_be_taken
    bpy.context.scene.chironomy.character.name = "Somebody Else"
    assert not entry.can_be_taken


def test_names_and_path_are_those_of_the_file_as_it_was_saved(addon, scene, window, tmp_path):
    window.press("generate")
    scene.name, scene.chironomy.character.name = "Shot 2", "Hero"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "named.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    window.let(1)
    window.pass_time()
    (entry,) = addon["late"].entries()
    assert not entry.can_be_taken
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "named.blend"))
    bpy.ops.chironomy.take_over()
    assert takes_of(bpy.data.scenes["Shot 2"]) == [("Take 1", "neutral, seed 0")]


def test_a_file_that_was_never_saved_is_not_taken_for_another(addon, scene, window):
    window.press("generate")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    staged(bpy.context.scene)
    window.let(1)
    window.pass_time()
    (entry,) = addon["late"].entries()
    assert not entry.can_be_taken
    assert takes_of(bpy.context.scene) == []


def test_a_script_waits_for_its_own_work_and_its_turn(addon, scene, window):
    window.press("generate")
    window.let(1)
    scene.chironomy.seed = 9
    addon["line"].listeners.clear()
    original = addon["operators.generate"].performing

    def performing(context):
        job = original(context)
        window.let(2)
        return job

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addon["operators.generate"], "performing", performing)
        assert bpy.ops.chironomy.generate() == {"FINISHED"}
    assert ("Take 1", "neutral, seed 9") in takes_of(scene)
    window.pass_time()
    assert len(takes_of(scene)) == 2


def test_the_redo_panel_never_does_the_work_again(addon):
    from words_shown import classes

    jobs = [cls for cls in classes() if issubclass(cls, addon["tasks"].JobOperator)]
    assert len(jobs) > 8
    assert [cls.bl_idname for cls in jobs if "REGISTER" in getattr(cls, "bl_options", set())] == []
    changing = {"chironomy.generate", "chironomy.regenerate_range", "chironomy.apply_score", "chironomy.read_score"}
    changing |= {"chironomy.fit_to_picture", "chironomy.render_video", "chironomy.fetch_render"}
    changing |= {"chironomy.accents_to_markers", "chironomy.generate_scene"}
    assert {cls.bl_idname for cls in jobs if "UNDO" in getattr(cls, "bl_options", set())} == changing


def everything(addon):
    """All that a result may touch, to the bit."""
    actions, scene = addon["rig.actions"], bpy.context.scene
    item = scene.chironomy.character
    return {
        "actions": {
            action.name: (
                sorted(action.keys()),
                [
                    (curve.data_path, curve.array_index, *(column.tobytes() for column in columns_of(actions, curve)))
                    for curve in curves_of(action)
                ],
            )
            for action in bpy.data.actions
        },
        "assigned": item.animation_data.action.name,
        "takes": [(take.name, take.label, take.action.name, take.detail) for take in scene.chironomy.takes],
        "shown": scene.chironomy.take_index,
        "phrases": [(phrase.kind, phrase.first, phrase.last) for phrase in scene.chironomy.phrases],
        "settings": (scene.chironomy.seed, scene.chironomy.style),
        "bones": {bone.name: tuple(map(tuple, bone.matrix_basis)) for bone in item.pose.bones},
        "face": [block.value for block in addon["rig.build"].body_of(item).data.shape_keys.key_blocks],
        "frames": (scene.frame_current, scene.frame_start, scene.frame_end),
    }


def columns_of(actions, curve):
    columns = actions.key_columns(curve)
    return [columns[name] for name in sorted(columns)]


def curves_of(action):
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves
    ]


def test_undo_after_a_job_returns_to_the_state_before_to_the_bit(addon, scene, window):
    bpy.context.preferences.edit.use_global_undo = True
    scene.chironomy.seed = 1
    window.press("generate")
    window.let(1)
    window.pass_time()
    scene.frame_set(7)
    bpy.ops.ed.undo_push(message="before")
    before = everything(addon)
    assert len(before["takes"]) == 1
    window.press("generate")
    window.let(2)
    window.pass_time()
    assert len(everything(addon)["takes"]) == 2
    bpy.ops.ed.undo()
    assert everything(addon) == before
    bpy.ops.ed.redo()
    assert len(everything(addon)["takes"]) == 2


def test_a_range_is_made_anew_in_the_take_that_it_was_asked_for(addon, rig, desk, monkeypatch):
    from desk import ALL, TENTH_DEGREE, apart, generate, shown

    generate(desk, 1)
    first = shown(addon, rig, desk)
    generate(desk, 2)
    desk.chironomy.take_index = 0
    operators, made = addon["operators.generate"], addon["operators.generate"].making_again

    def making_again(*arguments):
        job = yield from made(*arguments)
        # The person goes on with the other take.
        desk.chironomy.take_index = 1
        return job

    monkeypatch.setattr(operators, "making_again", making_again)
    assert bpy.ops.chironomy.regenerate_range(first=60, last=90) == {"FINISHED"}
    assert [take.name for take in desk.chironomy.takes] == ["Take 1", "Take 2", "Take 3"]
    again = shown(addon, rig, desk)
    assert apart(first, again, slice(0, 59), ALL)[1] < TENTH_DEGREE
    assert apart(first, again, slice(91, None), ALL)[1] < TENTH_DEGREE
    assert apart(first, again, slice(62, 88), ALL)[1] > 10 * TENTH_DEGREE


def test_a_score_is_kept_with_the_take_that_was_read(addon, desk, monkeypatch):
    from desk import generate

    for seed in (1, 2):
        generate(desk, seed)
    one, two = (take.action for take in desk.chironomy.takes)
    score = addon["scene.score"]
    desk.chironomy.take_index = 0
    listed, before = addon["operators.score"].read.reading_pose, score.score_of(two).to_dict()

    def reading_pose(*arguments):
        found = yield from listed(*arguments)
        desk.chironomy.take_index = 1
        return found

    with monkeypatch.context() as patch:
        patch.setattr(addon["operators.score"].read, "reading_pose", reading_pose)
        assert bpy.ops.chironomy.read_score() == {"FINISHED"}
    assert score.score_of(two).to_dict() == before
    assert desk.chironomy.phrases_of == two
    assert score.score_of(one) is not None
