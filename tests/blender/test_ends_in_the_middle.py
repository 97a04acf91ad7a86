# SPDX-License-Identifier: GPL-3.0-or-later
"""A render with a real backend of which one side is killed in the middle: the other goes on."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

FRAMES = 40
PATIENCE = 240.0
PYTHON = os.environ.get("CHIRONOMY_BACKEND_PYTHON", sys.executable)

# What both Blenders of the second test do first.
BLENDER = """
import json, os, sys, threading
import bpy
told = json.loads(sys.argv[1])
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
bpy.context.preferences.filepaths.save_version = 0
bpy.ops.extensions.package_install_files(filepath=told["extension"], repo="user_default", enable_on_install=True)
import importlib
def module(name):
    return importlib.import_module("bl_ext.user_default.chironomy." + name)
chosen = module("preferences").preferences(bpy.context)
chosen.python, chosen.renders, chosen.find = told["python"], told["renders"], False
"""
FIRST = """
scene = bpy.context.scene
scene.render.fps, scene.render.fps_base = 24, 1.0
bpy.ops.chironomy.add_character()
scene.frame_end = told["frames"]
scene.chironomy.width, scene.chironomy.height = 128, 176
bpy.ops.wm.save_as_mainfile(filepath=told["file"])
module("tasks").listeners.append(lambda part, message="": print(message, flush=True))
bpy.ops.chironomy.render_video()
"""
NEXT = """
bpy.ops.wm.open_mainfile(filepath=told["file"])
offered = [asked.video for asked in module("scene.renders").left_at_backend(bpy.context)]
bpy.ops.chironomy.fetch_render()
rendered = [render.path for render in bpy.context.scene.chironomy.rendered]
left = module("scene.renders").left_at_backend(bpy.context)
print(json.dumps({"offered": offered, "rendered": rendered, "left": len(left)}), flush=True)
module("backend").stop()
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Folders of the user's own, so that nothing else works there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path


@pytest.fixture
def chosen(addon, data):
    """The preferences of a person whose backend Blender starts."""
    found = addon["preferences"].preferences(bpy.context)
    found.python, found.renders, found.find = PYTHON, str(data / "renders"), False
    yield found
    addon["backend"].stop()
    for name in ("python", "renders", "find"):
        found.property_unset(name)


def frames_of(path):
    """How many pictures a film has, as Blender sees it."""
    clip = bpy.data.movieclips.load(str(path))
    try:
        return clip.frame_duration
    finally:
        bpy.data.movieclips.remove(clip)


def test_a_render_goes_on_when_the_backend_is_killed_and_the_panel_says_so(addon, chosen, data):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    bpy.ops.chironomy.add_character()
    scene.frame_end = FRAMES
    scene.chironomy.width, scene.chironomy.height = 128, 176
    said, killed, state = [], [], addon["backend"]._state

    def listen(_part, message=""):
        said.append(message)
        if not killed and message.startswith("rendering frame"):
            killed.append(state.process.pid)
            os.kill(killed[0], signal.SIGKILL)

    addon["tasks"].listeners.append(listen)
    try:
        assert bpy.ops.chironomy.render_video() == {"FINISHED"}
    finally:
        addon["tasks"].listeners.remove(listen)
    assert "starting the backend again" in said
    assert [message for message in said[said.index("starting the backend again") :] if "rendering frame" in message]
    assert state.process.pid not in killed
    (film,) = (data / "renders").iterdir()
    assert frames_of(film) == FRAMES
    assert scene.chironomy.rendered[0].path.endswith(film.name)


def test_the_next_blender_offers_the_render_of_one_that_was_killed(extension_zip, data, tmp_path):
    told = {
        "extension": str(extension_zip), "python": PYTHON, "renders": str(data / "renders"),
        "file": str(tmp_path / "shot.blend"), "frames": FRAMES,
    }  # fmt: skip
    (tmp_path / "blender").mkdir()
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "blender")}
    command = [sys.executable, "-c", BLENDER + FIRST, json.dumps(told)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as first:
        late = threading.Timer(PATIENCE, first.kill)
        late.start()
        assert first.stdout is not None
        begun = [line for line in iter(first.stdout.readline, "") if killed_at(line, first)]
        late.cancel()
    assert begun, "it was killed while it rendered"
    assert first.returncode == -signal.SIGKILL
    command[2] = BLENDER + NEXT
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    end = json.loads(done.stdout.splitlines()[-1])
    film = data / "renders" / "shot-001.mp4"
    assert end["offered"] == [str(film)]
    assert [Path(path).name for path in end["rendered"]] == [film.name]
    assert end["left"] == 0, "and then no more"
    assert frames_of(film) == FRAMES


def killed_at(line, blender):
    """Kill a Blender that says it draws; whether that was so."""
    if line.startswith("rendering frame"):
        blender.kill()
        return True
    return False
