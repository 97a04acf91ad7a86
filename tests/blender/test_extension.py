# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's zip: what is in it, that Blender's own validator takes it, and that it enables and disables."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")


def test_the_zip_passes_blenders_own_validator(extension_zip):
    validator = Path(bpy.utils.system_resource("SCRIPTS"), "addons_core/bl_pkg/cli/blender_ext.py")
    done = subprocess.run(
        [sys.executable, str(validator), "validate", str(extension_zip)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_zip_holds_the_manifest_the_add_on_and_the_wheel_it_names(extension_zip):
    with zipfile.ZipFile(extension_zip) as archive:
        names = archive.namelist()
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    assert {"__init__.py", "headless.py", "LICENSE", "rig/actions.py", "operators/generate.py"} <= set(names)
    wheels = [name for name in names if name.endswith(".whl")]
    assert [f"./{name}" for name in wheels if not name.startswith("set_up/")] == manifest["wheels"]
    assert not [name for name in names if "__pycache__" in name]


def test_the_zip_brings_what_hears_speech_for_both_pythons_of_blenders_and_one_platform(extension_zip):
    with zipfile.ZipFile(extension_zip) as archive:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    (platform,) = manifest["platforms"]
    brought = [Path(name).name.split("-") for name in manifest["wheels"]]
    # Distributions of Linux build Blender with their own Python, for which there is no wheel of pocketsphinx.
    distributions = [("praat_parselmouth", "cp314")] if platform == "linux-x64" else []
    assert sorted((parts[0], parts[2]) for parts in brought) == [
        ("chironomy", "py3"),
        ("pocketsphinx", "cp311"), ("pocketsphinx", "cp313"),
        ("praat_parselmouth", "cp311"), ("praat_parselmouth", "cp313"), *distributions,
        ("python_osc", "py3"),
    ]  # fmt: skip
    tags = {"linux-x64": "x86_64", "windows-x64": "win_amd64", "macos-x64": "x86_64", "macos-arm64": "arm64"}
    for parts in brought:
        assert parts[-1].removesuffix(".whl").endswith((tags[platform], "universal2", "any"))


def test_the_wheel_is_pure_and_holds_what_the_add_on_and_the_backend_need(extension_zip, tmp_path):
    with zipfile.ZipFile(extension_zip) as archive:
        (wheel,) = (name for name in archive.namelist() if Path(name).match("wheels/chironomy-*-py3-none-any.whl"))
        archive.extract(wheel, tmp_path)
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        names = archive.namelist()
    assert {"chironomy/body/rig.npz", "chironomy/client/__init__.py", "chironomy/service/app.py"} <= set(names)
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyc"))]


def test_the_manifest_has_the_version_of_the_package(addon, extension_zip):
    import chironomy

    with zipfile.ZipFile(extension_zip) as archive:
        assert tomllib.loads(archive.read("blender_manifest.toml").decode())["version"] == chironomy.__version__


def test_the_installed_extension_keeps_the_wheels_that_set_up_the_backend(addon):
    wheel, pip = addon["backend"].bundled_wheel(), addon["backend"].bundled_pip()
    assert (wheel.is_file(), wheel.suffix) == (True, ".whl")
    # Blender would install what the manifest lists, and its own pip would no longer be the one that is found.
    assert pip.is_file()
    from chironomy.installation.wheels import pip_of

    done = subprocess.run([*pip_of(pip, sys.executable), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"pip {pip.name.split('-')[1]} from {pip}")


def test_a_program_that_used_the_extension_ends_as_it_should(extension_zip, tmp_path):
    # As a script with Blender's Python module does: install, use, leave. 4.2 crashed on the way out.
    script = """
import sys, bpy
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
assert bpy.ops.chironomy.add_character() == {"FINISHED"}
"""
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(extension_zip)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_disabling_leaves_nothing_behind_and_enabling_brings_it_back(addon):
    import addon_utils

    package = "bl_ext.user_default.chironomy"
    addon_utils.disable(package)
    assert not hasattr(bpy.types.Scene, "chironomy")
    assert not hasattr(bpy.types, "CHIRONOMY_PT_generate")
    addon_utils.enable(package)
    assert bpy.context.scene.chironomy.style == "neutral"
