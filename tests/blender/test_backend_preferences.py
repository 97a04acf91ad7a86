# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend as the preferences show it: set up, found where it runs, and started before it is needed."""

import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

bpy = pytest.importorskip("bpy")

DEFAULTS = {
    "python": "",
    "address": "",
    "token_file": "",
    "ca": "",
    "gestures": "BLENDER",
    "find": True,
    "pytorch": "DETECT",
}


@pytest.fixture
def chosen(addon):
    """The preferences, as they come."""
    found = addon["preferences"].preferences(bpy.context)
    yield found
    for name, value in DEFAULTS.items():
        setattr(found, name, value)


@pytest.fixture
def announcements(tmp_path, monkeypatch):
    monkeypatch.setattr("chironomy.client.announcements.announcements_folder", lambda: tmp_path / "backends")
    (tmp_path / "token").write_text("a-token-of-more-than-16-characters")
    return tmp_path


class Drawn:
    """A layout that keeps what is drawn in it."""

    def __init__(self):
        self.labels, self.operators = [], []

    def label(self, text="", icon="NONE"):
        self.labels.append(text)

    def operator(self, name, text="", icon="NONE"):
        self.operators.append(name)
        return SimpleNamespace()

    def prop(self, *_, **__):
        pass

    def box(self):
        return self

    row = column = split = box

    def context_pointer_set(self, *_):
        pass

    def progress(self, factor, text):
        self.labels.append(text)


def page(addon, chosen):
    """What the page shows."""
    layout = Drawn()
    names = {name: getattr(chosen, name) for name in (*DEFAULTS, "warm_up")}
    drawing = addon["preferences_page"].ChironomyPreferences.draw
    fake = SimpleNamespace(layout=layout, **names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addon["preferences_page"].keymap, "draw", lambda *_: None)
        drawing(fake, bpy.context)
    return layout


def test_what_was_set_up_and_what_is_missing_stands_in_the_preferences(addon, chosen, tmp_path, monkeypatch):
    operator = addon["operators.backend"].CHIRONOMY_OT_set_up_backend
    monkeypatch.setattr(addon["backend"], "folder", lambda: tmp_path)
    from chironomy.installation import environment
    from chironomy.installation.parts import NONE

    record = environment.Installed(
        "the system's Python 3.13", "/usr/bin/python3.13", NONE, {"vision": "there is no wheel of it"}
    )
    python = environment.environment_python(tmp_path / "backend")
    python.parent.mkdir(parents=True)
    environment._write_record(tmp_path / "backend", record)
    said = operator.keep(bpy.context, record, None)
    assert said == ("the backend is set up with the system's Python 3.13; without portraits; the preferences tell why")
    assert chosen.python == str(python)
    shown = page(addon, chosen).labels
    assert "Set up with the system's Python 3.13" in shown
    assert "Without portraits: there is no wheel of it" in shown


def test_the_size_is_told_before(addon, chosen, monkeypatch):
    from chironomy.installation.parts import CPU, NONE, NVIDIA

    sizes = {NONE: 240, CPU: 700, NVIDIA: None}
    monkeypatch.setattr(addon["operators.backend"], "total_megabytes", lambda pytorch, _python: sizes[pytorch])
    chosen.pytorch = "NONE"
    assert "Downloads about 240 MB, which take three times that on the disk" in page(addon, chosen).labels
    chosen.pytorch = "NVIDIA"
    assert any(text.startswith("The size of the download is not known") for text in page(addon, chosen).labels)


def test_setting_up_tells_the_size_and_asks_before_anything_begins(addon, chosen, monkeypatch):
    module = addon["operators.backend"]
    monkeypatch.setattr(module, "with_window", lambda: True)
    monkeypatch.setattr(module, "total_megabytes", lambda *_: 240)
    manager = SimpleNamespace(
        invoke_props_dialog=lambda operator, **_: operator.asked.append(True) or {"RUNNING_MODAL"}
    )
    pressed = SimpleNamespace(bl_label="Set Up Backend", chosen=False, asked=[], layout=Drawn())
    operator = module.CHIRONOMY_OT_set_up_backend
    # It would fail on work that begins: what is pressed is no operator.
    assert operator.invoke(pressed, SimpleNamespace(window_manager=manager), None) == {"RUNNING_MODAL"}
    assert pressed.asked == [True]
    operator.draw(pressed, bpy.context)
    assert pressed.layout.labels == ["Downloads about 240 MB, which take three times that on the disk"]
    # The dialog is left: no work is there to be ended.
    operator.cancel(pressed, bpy.context)


def test_which_pytorch_follows_the_machine_until_one_is_chosen(addon, chosen, monkeypatch):
    from chironomy.installation.parts import CPU, NONE, NVIDIA

    backend, surroundings = addon["backend"], addon["surroundings"]
    monkeypatch.setattr(backend.sys, "platform", "linux")
    for there, wanted in ((None, CPU), (False, CPU), (True, NVIDIA)):
        monkeypatch.setattr(surroundings, "nvidia", lambda there=there: there)
        assert backend.pytorch_of(bpy.context) == wanted
    chosen.pytorch = "NONE"
    assert backend.pytorch_of(bpy.context) == NONE


def test_a_gpu_is_one_that_nvidias_driver_lists(monkeypatch):
    from chironomy.installation import graphics

    monkeypatch.setattr(graphics.shutil, "which", lambda _name: None)
    assert not graphics.has_nvidia()
    monkeypatch.setattr(graphics.shutil, "which", lambda name: f"/usr/bin/{name}")
    for code, said, there in ((0, "GPU 0: NVIDIA (UUID: GPU-1)\n", True), (9, "no driver", False), (0, "", False)):
        monkeypatch.setattr(
            graphics.processes,
            "run",
            lambda *_, code=code, said=said, **__: SimpleNamespace(returncode=code, stdout=said),
        )
        assert graphics.has_nvidia() == there


def test_a_backend_that_runs_is_used_without_its_port(addon, chosen, announcements):
    from chironomy.client.announcements import announce

    backend = addon["backend"]
    chosen.python = str(announcements / "python")
    with announce("http://127.0.0.1:8123", announcements / "token"):
        found = backend.address(bpy.context)
        assert (found.url, found.token) == ("http://127.0.0.1:8123", "a-token-of-more-than-16-characters")
        chosen.find = False
        assert backend.address(bpy.context).url == ""
        chosen.find = True
        chosen.address, chosen.token_file = "http://127.0.0.1:9000", str(announcements / "token")
        assert backend.address(bpy.context).url == "http://127.0.0.1:9000"
        chosen.address = ""
    assert backend.address(bpy.context) == backend.Address(python=chosen.python, online=bpy.app.online_access)


def test_a_backend_of_another_version_is_not_taken(addon, chosen, announcements, monkeypatch):
    from chironomy.client.announcements import announce

    monkeypatch.setattr("chironomy.client.announcements.chironomy.__version__", "0.0.1")
    with announce("http://127.0.0.1:8123", announcements / "token"):
        monkeypatch.undo()
        monkeypatch.setattr("chironomy.client.announcements.announcements_folder", lambda: announcements / "backends")
        assert addon["backend"].address(bpy.context).url == ""


def test_one_that_ended_since_is_replaced_by_one_of_blenders_own(addon, chosen, announcements, monkeypatch):
    from chironomy.client import ClientError
    from chironomy.work import QUIET

    backend = addon["backend"]
    monkeypatch.setattr(backend, "start_backend", no_backend)
    gone = backend.Address("http://127.0.0.1:9", "a-token-of-more-than-16-characters", "python")
    with pytest.raises(ClientError, match="started it"):
        backend.connect(gone, QUIET)
    with pytest.raises(ClientError, match="No backend answers"):
        backend.connect(backend.Address(gone.url, gone.token), QUIET)


def no_backend(*_, **__):
    from chironomy.client import ClientError

    raise ClientError("the test started it")


def test_it_is_started_with_the_speech_where_it_makes_the_gestures(
    addon, chosen, announcements, short_speech, monkeypatch
):
    from chironomy.client import ClientError

    started = threading.Event()

    def start(*_, **__):
        started.set()
        raise ClientError("the test started it")

    monkeypatch.setattr(addon["backend"], "start_backend", start)
    chosen.python = str(announcements / "python")
    bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    assert not [thread for thread in threading.enumerate() if thread.name == "chironomy warm-up"]
    assert not started.is_set()
    chosen.gestures, chosen.warm_up = "BACKEND", False
    bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    assert not started.is_set()
    chosen.warm_up = True
    bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    assert started.wait(30.0)


def test_stopping_ends_one_that_is_just_starting(addon, chosen, monkeypatch):
    from chironomy.client import JobCancelled

    backend, begun = addon["backend"], threading.Event()

    def slow(_python, work, online):
        begun.set()
        while not work.cancelled():
            pass
        raise JobCancelled("it was stopped")

    monkeypatch.setattr(backend, "start_backend", slow)
    thread = threading.Thread(target=backend._warm_up, args=(backend.Address(python="python"),))
    thread.start()
    assert begun.wait(30.0)
    backend.stop()
    thread.join(30.0)
    assert not thread.is_alive()
    assert not backend.running()


def test_a_new_backend_is_tried_apart_from_one_that_works_already(addon, monkeypatch, tmp_path):
    """One that is started in the usual data folder joins the backend that works there, and nothing would be tried."""
    from chironomy.work import QUIET

    backend, asked = addon["backend"], []

    def start_backend(python, *, data, **_rest):
        asked.append((python, Path(data)))
        assert list(Path(data).iterdir()) == []
        return nullcontext(MagicMock())

    def install(_home, _wheel, _pytorch, _work, trial, pip):
        assert pip.is_file()
        trial(tmp_path / "python")

    monkeypatch.setattr(backend, "start_backend", start_backend)
    monkeypatch.setattr(backend, "install", install)
    backend.set_up(tmp_path, tmp_path / "chironomy.whl", "NONE", QUIET)
    ((python, data),) = asked
    assert python == tmp_path / "python"
    assert not data.exists()


def test_the_authority_of_a_remote_backend_is_the_one_in_the_preferences(addon, chosen, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("a-token-of-more-than-16-characters")
    (tmp_path / "ca.pem").write_text("PEM")
    chosen.address, chosen.token_file = "https://farm.example:8443", str(tmp_path / "token")
    chosen.ca = str(tmp_path / "ca.pem")
    asked = MagicMock()
    monkeypatch.setattr(addon["backend"], "Client", asked)
    monkeypatch.setattr(addon["online"], "bpy", SimpleNamespace(app=SimpleNamespace(online_access=True)))
    addon["backend"].connect(addon["backend"].address(bpy.context), addon["backend"].QUIET)
    asked.assert_called_once_with(
        "https://farm.example:8443", "a-token-of-more-than-16-characters", ca=str(tmp_path / "ca.pem")
    )


@pytest.mark.parametrize(
    "address", ["http://192.0.2.2:8799", "https://render.studio.example", "http://127.0.0.1.example:1"]
)
def test_a_backend_on_another_computer_is_not_spoken_to_without_online_access(
    addon, chosen, tmp_path, monkeypatch, address
):
    (tmp_path / "token").write_text("a-token-of-more-than-16-characters")
    chosen.address, chosen.token_file = address, str(tmp_path / "token")
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    access = SimpleNamespace(online_access=False)
    monkeypatch.setattr(addon["online"], "bpy", SimpleNamespace(app=access))
    with pytest.raises(Exception, match="is on another computer, which needs Allow Online Access"):
        addon["backend"].address(bpy.context)
    access.online_access = True
    assert addon["backend"].address(bpy.context).url == address


def test_online_access_is_asked_again_where_the_backend_is_spoken_to(addon, monkeypatch):
    backend = addon["backend"]
    spoken_to = MagicMock()
    monkeypatch.setattr(backend, "Client", spoken_to)
    access = SimpleNamespace(online_access=False)
    monkeypatch.setattr(addon["online"], "bpy", SimpleNamespace(app=access))
    where = backend.Address("https://render.studio.example", "a-token-of-more-than-16-characters")
    with pytest.raises(Exception, match=r"render\.studio\.example is on another computer, which needs Allow Online"):
        backend.connect(where, backend.QUIET)
    spoken_to.assert_not_called()
    backend.connect(backend.Address("http://127.0.0.1:8799", where.token), backend.QUIET)
    access.online_access = True
    backend.connect(where, backend.QUIET)
    assert spoken_to.call_count == 2


@pytest.mark.parametrize("address", ["http://127.0.0.1:8799", "http://localhost:8799", "http://[::1]:8799"])
def test_a_backend_on_this_computer_needs_no_online_access(addon, chosen, tmp_path, monkeypatch, address):
    (tmp_path / "token").write_text("a-token-of-more-than-16-characters")
    chosen.address, chosen.token_file = address, str(tmp_path / "token")
    monkeypatch.setattr(addon["online"], "bpy", SimpleNamespace(app=SimpleNamespace(online_access=False)))
    assert addon["backend"].address(bpy.context).url == address


def test_nothing_is_looked_up_for_live_without_online_access(addon, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    monkeypatch.setattr(addon["online"], "bpy", SimpleNamespace(app=SimpleNamespace(online_access=False)))
    with pytest.raises(Exception, match="needs Allow Online Access"):
        addon["scene.live"]._found("receiver.studio.example", 39539)
