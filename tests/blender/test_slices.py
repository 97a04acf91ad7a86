# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in slices: it goes on, is taken back, begins again after an undo, and ends where its object is gone."""

import threading
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture
def slices(addon):
    return addon["slices"]


@pytest.fixture
def button(addon):
    """Return what makes an operator's button of its two parts on the main thread, and what it reported."""
    tasks, said = addon["tasks"], []

    def make(work, finish):
        class Button(tasks.JobOperator):
            bl_idname, bl_label = "chironomy.count", "Count"

            def as_keywords(self):
                return {}

            def report(self, kind, message):
                said.append((*kind, message))

        Button.work, Button.finish = work, finish
        return Button(), said

    yield make
    assert tasks.running() is None


def test_a_slice_is_done_after_the_other_and_the_result_returned(slices):
    done = []

    def count():
        for number in range(3):
            done.append(number)
            yield
        return "counted"

    work = slices.Slicing(count)
    assert not work.go_on(0.0)
    assert done == [0]
    assert work.to_the_end() == "counted"
    assert done == [0, 1, 2]
    assert slices.drained(count()) == slices.drained("counted")


def test_a_thread_computes_what_a_slice_asks_for(slices):
    def count():
        name = yield lambda work: threading.current_thread().name
        try:
            yield lambda work: {}["missing"]
        except KeyError:
            return name

    assert slices.Slicing(count).to_the_end() == "chironomy slices"
    # Without a window all is done here.
    assert slices.drained(count()) == threading.current_thread().name


def test_work_in_slices_tells_how_far_it_is(slices):
    from chironomy.work import Work

    told = []

    def count():
        yield 0.5, "counting"

    slices.Slicing(count, Work(lambda *said: told.append(said))).to_the_end()
    assert told == [(0.5, "counting")]


def test_stopped_work_takes_back_what_it_began(slices):
    def build():
        name = bpy.data.actions.new("Begun").name
        try:
            yield
        finally:
            bpy.data.actions.remove(bpy.data.actions[name])

    work = slices.Slicing(build)
    assert not work.go_on(0.0)
    assert "Begun" in bpy.data.actions
    work.stop()
    assert "Begun" not in bpy.data.actions


def test_work_begins_again_after_a_step_back_in_history(slices):
    began = []

    def count():
        began.append(bpy.data.actions.new("Begun"))
        try:
            yield
            yield
        finally:
            if (left := bpy.data.actions.get("Begun")) is not None:
                bpy.data.actions.remove(left)
        return "counted"

    # The module of Blender keeps history where it is told to.
    bpy.ops.ed.undo_push(message="before")
    bpy.context.scene["step"] = 1
    bpy.ops.ed.undo_push(message="after")
    work = slices.Slicing(count)
    assert not work.go_on(0.0)
    assert not work.go_on(0.0)
    bpy.ops.ed.undo()
    assert work.to_the_end() == "counted"
    assert len(began) == 2
    assert "Begun" not in bpy.data.actions


def test_work_that_is_disturbed_over_and_over_ends_with_a_sentence(slices):
    def count():
        while True:
            slices._replaced()
            yield

    with pytest.raises(slices.GoneError, match="the file was changed meanwhile; try once more"):
        slices.Slicing(count).to_the_end()


def test_work_ends_with_a_sentence_where_its_object_is_deleted(slices):
    def look():
        item = bpy.data.objects.new("Gone", None)
        yield
        bpy.data.objects.remove(bpy.data.objects["Gone"])
        yield
        return item.name

    with pytest.raises(slices.GoneError, match="what this was done for was deleted meanwhile"):
        slices.Slicing(look).to_the_end()


def test_an_operator_does_its_parts_in_slices(addon, button):
    def work(self, context):
        yield
        return lambda work: 6

    def finish(self, context, result, target):
        yield 0.5, "writing"
        return f"{result} are counted"

    operator, said = button(work, finish)
    assert operator.execute(bpy.context) == {"FINISHED"}
    assert said == [("INFO", "6 are counted")]


@pytest.mark.parametrize("part", ["work", "finish"])
def test_an_operator_is_stopped_between_slices(addon, button, part):
    taken_back = []

    def slow():
        try:
            while True:
                addon["tasks"].running().cancel()
                yield
        finally:
            taken_back.append(part)

    def work(self, context):
        if part == "work":
            yield from slow()
        return lambda work: 6

    def finish(self, context, result, target):
        yield from slow()

    operator, said = button(work, finish)
    assert operator.execute(bpy.context) == {"CANCELLED"}
    assert said == [("WARNING", "Count was cancelled")]
    assert taken_back == [part]


def test_an_operator_in_a_window_goes_on_with_each_tick(addon, button, monkeypatch):
    tasks = addon["tasks"]
    monkeypatch.setattr(tasks, "with_window", lambda: True)
    windows = SimpleNamespace(
        windows=(),
        event_timer_add=lambda tick, window: tick,
        event_timer_remove=lambda timer: None,
        modal_handler_add=lambda operator: None,
    )
    context = SimpleNamespace(scene=bpy.context.scene, window=None, window_manager=windows)
    done = []

    def work(self, context):
        done.append("read")
        yield
        return lambda work: 6

    def finish(self, context, result, target):
        done.append("written")
        yield
        return "all is done"

    def tick(operator):
        assert operator.modal(context, SimpleNamespace(type="MOUSEMOVE")) == {"PASS_THROUGH"}
        return operator.modal(context, SimpleNamespace(type="TIMER"))

    operator, said = button(work, finish)
    ended = operator.invoke(context, None)
    while ended in ({"RUNNING_MODAL"}, {"PASS_THROUGH"}):
        ended = tick(operator)
    # What was asked for is no step in history; its result is.
    assert ended == {"CANCELLED"}
    assert done == ["read"]
    task = tasks.running()
    while not task.ended(1.0):
        pass
    monkeypatch.setattr(tasks._Laying, "task", task)
    monkeypatch.setattr(tasks._Laying, "called", True)
    operator = type(operator)()
    ended = operator.invoke(context, None)
    monkeypatch.setattr(tasks._Laying, "called", False)
    while ended in ({"RUNNING_MODAL"}, {"PASS_THROUGH"}):
        ended = tick(operator)
    assert ended == {"FINISHED"}
    assert done == ["read", "written"]
    assert said == [("INFO", "All is done")]
    tasks.stop()


def test_an_operator_whose_slices_fail_says_so(addon, button, capsys):
    def work(self, context):
        yield
        raise ZeroDivisionError("by zero")

    operator, said = button(work, None)
    assert operator.execute(bpy.context) == {"CANCELLED"}
    assert said == [
        (
            "ERROR",
            "Count stopped by a fault of its own (ZeroDivisionError('by zero')); Blender's console tells more",
        )
    ]
