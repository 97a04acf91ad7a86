# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender of the tests' own: private folders, the extension installed from its zip, an empty file for each module."""

import atexit
import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# Before any test imports bpy: nothing of the person's own Blender is read or written.
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="chironomy-blender-")
atexit.register(shutil.rmtree, os.environ["BLENDER_USER_RESOURCES"], ignore_errors=True)

PACKAGE = "bl_ext.user_default.chironomy"


class Addon:
    """The installed add-on's modules, by name: `addon["rig.read"]`."""

    def __getitem__(self, name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture(scope="session")
def extension_zip(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's zip: the one that CHIRONOMY_EXTENSION names, or a new one."""
    given = os.environ.get("CHIRONOMY_EXTENSION")
    if given:
        return Path(given)
    spec = importlib.util.spec_from_file_location("build_extension", repository / "tools" / "build_extension.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    return builder.build_extension(tmp_path_factory.mktemp("extension") / "chironomy.zip")


@pytest.fixture(scope="session")
def installed(extension_zip: Path) -> Addon:
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.extensions.package_install_files(filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert PACKAGE in sys.modules, "the extension did not enable; see above"
    return Addon()


@pytest.fixture(scope="module")
def addon(installed: Addon) -> Iterator[Addon]:
    """The add-on in an empty file, at 24 frames a second."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.0
    yield installed
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture(scope="module")
def rig(addon: Addon) -> Any:
    from chironomy.body.rig import load_rig

    return load_rig()


@pytest.fixture(scope="module")
def character(addon: Addon) -> Any:
    """The character, added as a person adds it."""
    import bpy

    assert bpy.ops.chironomy.add_character() == {"FINISHED"}
    return bpy.context.scene.chironomy.character


@pytest.fixture(scope="session")
def played_by_three(read_by_node: Callable[..., Any]) -> Callable[..., Any]:
    """Return what three.js, which is not Blender, shows of an FBX: called with the file and frames a second."""
    return lambda path, fps: read_by_node("read_fbx.mjs", path, repr(fps))


@pytest.fixture(scope="session")
def short_speech(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few seconds of the example's voice."""
    import soundfile
    from desk import SECONDS

    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    soundfile.write(path, samples[: round(SECONDS * rate)], rate)
    return path


@pytest.fixture
def desk(addon: Addon, short_speech: Path) -> Any:
    """A scene with that speech and a lively character, nothing generated yet."""
    import bpy
    from desk import FPS

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    bpy.ops.chironomy.add_character()
    scene.chironomy.style = "lively"
    return scene
