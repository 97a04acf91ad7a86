# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders stand beside each other under names of their own, and are played from the panel."""

from unittest.mock import MagicMock

import pytest

bpy = pytest.importorskip("bpy")


class Backend:
    """Stands for a backend: draws a video of a few bytes, or a zip of two pictures."""

    def __init__(self):
        self.drawn, self.formats, self.breaks = 0, {}, None

    def upload(self, _path):
        return "sha"

    def submit(self, _kind, _inputs, settings):
        self.drawn += 1
        self.formats[f"job {self.drawn}"] = settings["format"]
        return f"job {self.drawn}"

    def job(self, name):
        from chironomy.client import ClientError

        if name not in self.formats:
            raise ClientError(f"There is no job {name}")

    def wait(self, _name, work):
        if self.breaks:
            raise self.breaks
        work.progress(0.0, "rendering")
        work.progress(0.5, "rendering")

    def download(self, name, path):
        from chironomy.shot.packed import pack_pictures

        number = name.removeprefix("job ")
        if self.formats[name] == "mp4":
            path.write_text(f"video {number}")
            return path
        pictures = path.with_name("pictures")
        pictures.mkdir()
        for each in range(2):
            (pictures / f"pictures.{each:05}.png").write_text(f"picture {each} of {number}")
        pack_pictures(pictures, path)
        return path


@pytest.fixture
def backend():
    return Backend()


@pytest.fixture
def scene(addon, backend, monkeypatch, tmp_path):
    """A scene with a character, whose renders go to a folder of the test's."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.chironomy.add_character()
    scene = bpy.context.scene
    scene.frame_end = 8
    monkeypatch.setattr(addon["scene.renders"], "remembered_in", lambda: tmp_path / "asked-for.json")
    monkeypatch.setattr(addon["asked"]._Known, "entries", None)
    monkeypatch.setattr(addon["scene.renders"].backend, "connect", lambda _where, _work: backend)
    monkeypatch.setattr(addon["operators.render"].sequencer, "lay_video", lambda *_: None)
    preferences = addon["preferences"].preferences(bpy.context)
    preferences.renders = str(tmp_path / "renders")
    yield scene
    preferences.property_unset("renders")


def files(folder):
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def rendered(scene):
    return [render.path.replace("\\", "/").rpartition("/")[2] for render in scene.chironomy.rendered]


def test_each_render_has_the_next_number_and_the_panel_lists_the_last_few(scene, tmp_path):
    for _ in range(7):
        assert bpy.ops.chironomy.render_video() == {"FINISHED"}
    assert files(tmp_path / "renders") == {f"untitled-{n:03}.mp4": f"video {n}" for n in range(1, 8)}
    assert rendered(scene) == [f"untitled-{n:03}.mp4" for n in (7, 6, 5, 4, 3)]


def test_a_file_of_that_name_stays_and_the_new_one_has_a_number(scene, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    path = folder / "mine.mp4"
    path.write_text("dear to me")
    for _ in range(2):
        bpy.ops.chironomy.render_video(filepath=str(path))
    assert files(folder) == {
        "mine-002.mp4": "video 1",
        "mine-003.mp4": "video 2",
        "mine.mp4": "dear to me",
    }
    bpy.ops.chironomy.render_video(filepath=str(path), overwrite=True)
    assert path.read_text() == "video 3"
    assert rendered(scene) == ["mine.mp4", "mine-003.mp4", "mine-002.mp4"]


def test_folders_of_pictures_have_numbers_too(scene, tmp_path):
    scene.chironomy.format = "png"
    for _ in range(2):
        bpy.ops.chironomy.render_video()
    bpy.ops.chironomy.render_video(filepath=str(tmp_path / "renders" / "untitled-001"))
    folders = {path.name: files(path) for path in (tmp_path / "renders").iterdir()}
    assert sorted(folders) == ["untitled-001", "untitled-002", "untitled-003"]
    assert folders["untitled-001"]["untitled-001.00000.png"] == "picture 0 of 1"
    assert folders["untitled-003"]["untitled-003.00001.png"] == "picture 1 of 3"


def test_renders_in_line_have_different_numbers(addon, scene, tmp_path):
    from chironomy.work import QUIET

    drained, rendering = addon["slices"].drained, addon["scene.renders"].rendering
    first, second = (drained(rendering(bpy.context, "", "")) for _ in range(2))
    explicit = [drained(rendering(bpy.context, str(tmp_path / "renders" / "shot.mp4"), "")) for _ in range(2)]
    # They may be done in any order.
    assert [job(QUIET).name for job in (second, first)] == ["untitled-002.mp4", "untitled-001.mp4"]
    assert [job(QUIET).name for job in reversed(explicit)] == ["shot-002.mp4", "shot.mp4"]


def test_a_render_that_is_taken_out_of_line_leaves_its_number(addon, scene):
    from chironomy.work import QUIET

    drained, rendering = addon["slices"].drained, addon["scene.renders"].rendering
    job = drained(rendering(bpy.context, "", ""))
    del job
    assert drained(rendering(bpy.context, "", ""))(QUIET).name == "untitled-001.mp4"


def test_what_another_program_has_written_meanwhile_stays(addon, scene, tmp_path):
    from chironomy.work import QUIET

    drained = addon["slices"].drained
    job = drained(addon["scene.renders"].rendering(bpy.context, "", ""))
    (tmp_path / "renders").mkdir()
    (tmp_path / "renders" / "untitled-001.mp4").write_text("of another Blender")
    assert job(QUIET).name == "untitled-002.mp4"
    assert files(tmp_path / "renders") == {"untitled-001.mp4": "of another Blender", "untitled-002.mp4": "video 1"}


def test_a_render_tells_its_frames(addon, scene):
    from chironomy.work import Work

    told = []
    drained = addon["slices"].drained
    drained(addon["scene.renders"].rendering(bpy.context, "", ""))(Work(lambda *said: told.append(said)))
    assert told == [(0.0, "rendering"), (0.5, "rendering frame 4 of 8")]


@pytest.fixture
def opened(monkeypatch):
    """What the system was asked to open."""
    import bl_operators.wm

    paths = []

    def execute(operator, _context):
        paths.append(operator.filepath)
        return {"FINISHED"}

    monkeypatch.setattr(bl_operators.wm.WM_OT_path_open, "execute", execute)
    return paths


def test_a_render_is_played_and_its_folder_shown(scene, opened, tmp_path):
    assert not bpy.ops.chironomy.play_render.poll()
    for _ in range(2):
        bpy.ops.chironomy.render_video()
    first, second = (str(tmp_path / "renders" / f"untitled-00{n}.mp4") for n in (1, 2))
    bpy.ops.chironomy.play_render(filepath=first)
    bpy.ops.chironomy.play_render()
    bpy.ops.chironomy.open_renders()
    assert opened == [first, second, str(tmp_path / "renders")]


def test_a_render_that_was_deleted_says_so(addon, scene, opened, tmp_path):
    bpy.ops.chironomy.render_video()
    path = tmp_path / "renders" / "untitled-001.mp4"
    path.unlink()
    with pytest.raises(RuntimeError, match="is not there any more; it was moved or deleted"):
        bpy.ops.chironomy.play_render()
    assert opened == []
    layout = MagicMock()
    addon["work_panel"].draw_renders(layout, bpy.context)
    layout.row().label.assert_called_once_with(text="untitled-001.mp4 is not there any more", icon="ERROR")
    layout.row().operator.assert_not_called()


def test_undo_takes_a_render_from_the_list_and_leaves_the_file(scene, tmp_path):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.chironomy.render_video("EXEC_DEFAULT", True)
    bpy.ops.ed.undo()
    assert rendered(bpy.context.scene) == []
    assert (tmp_path / "renders" / "untitled-001.mp4").is_file()


@pytest.fixture
def lasting(addon, scene, monkeypatch, tmp_path):
    """A backend that goes on when Blender ends."""
    (tmp_path / "token").write_text("secret")
    preferences = addon["preferences"].preferences(bpy.context)
    preferences.address, preferences.token_file = "http://127.0.0.1:8123", str(tmp_path / "token")
    yield "http://127.0.0.1:8123"
    preferences.property_unset("address")
    preferences.property_unset("token_file")


def end_of_blender(addon, backend, tmp_path):
    """Let Blender end while the backend draws: nothing is left of it but its files."""
    from chironomy.client import BackendMissing

    backend.breaks = BackendMissing("Blender is not there any more")
    with pytest.raises(RuntimeError):
        bpy.ops.chironomy.render_video()
    backend.breaks, addon["asked"]._Known.entries = None, None
    for entry in addon["late"].entries():
        addon["late"].forget(entry.number)


def test_a_render_that_the_backend_still_draws_is_found_again(addon, scene, backend, lasting, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    end_of_blender(addon, backend, tmp_path)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    (asked,) = addon["scene.renders"].left_at_backend(bpy.context)
    assert asked.video == str(tmp_path / "renders" / "shot-001.mp4")
    assert bpy.ops.chironomy.fetch_render(job=asked.job) == {"FINISHED"}
    assert files(tmp_path / "renders") == {"shot-001.mp4": "video 1"}
    assert rendered(bpy.context.scene) == ["shot-001.mp4"]
    assert not bpy.ops.chironomy.fetch_render.poll()
    assert (tmp_path / "asked-for.json").read_text() == "[]"


def test_a_render_of_another_file_is_fetched_and_laid_nowhere(addon, scene, backend, lasting, tmp_path):
    end_of_blender(addon, backend, tmp_path)
    assert bpy.ops.chironomy.fetch_render() == {"FINISHED"}
    assert files(tmp_path / "renders") == {"untitled-001.mp4": "video 1"}
    assert rendered(bpy.context.scene) == []


def test_a_render_that_the_backend_has_forgotten_is_forgotten(addon, scene, backend, lasting, tmp_path):
    end_of_blender(addon, backend, tmp_path)
    backend.formats.clear()
    with pytest.raises(RuntimeError, match="There is no job job 1"):
        bpy.ops.chironomy.fetch_render()
    assert not bpy.ops.chironomy.fetch_render.poll()


@pytest.mark.parametrize("text", ["", "{", '[{"job": 1}]', "[1]", "null"])
def test_a_damaged_memory_is_none(addon, tmp_path, text):
    path = tmp_path / "asked-for.json"
    path.write_text(text)
    assert addon["asked"]._read(path) == ()


def test_a_render_without_a_backend_leaves_no_folder(scene, addon, monkeypatch, tmp_path):
    def missing(_where, _work):
        raise addon["backend"].ClientError("no backend is set up")

    monkeypatch.setattr(addon["scene.renders"].backend, "connect", missing)
    with pytest.raises(RuntimeError, match="No backend is set up"):
        bpy.ops.chironomy.render_video()
    assert not (tmp_path / "renders").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(scene, addon, tmp_path):
    (tmp_path / "file").write_text("")
    addon["preferences"].preferences(bpy.context).renders = str(tmp_path / "file" / "renders")
    with pytest.raises(RuntimeError, match=r"The folder for renders .* cannot be made"):
        bpy.ops.chironomy.render_video()
