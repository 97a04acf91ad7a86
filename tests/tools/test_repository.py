# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension repository, read by Blender's own tool as Blender reads it."""

import json
import subprocess
import sys
import zipfile

import pytest

import build_extension
import make_repository

MANIFEST = """\
schema_version = "1.0.0"
id = "example"
version = "1.2.3"
name = "Example"
tagline = "An example"
maintainer = "Nobody"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
"""


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "example-1.2.3.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("blender_manifest.toml", MANIFEST)
        archive.writestr("__init__.py", "")
    return path


def blenders_tool(*words):
    tool = build_extension.validator()
    assert tool is not None
    return subprocess.run([sys.executable, tool, *words], capture_output=True, text=True, check=False)


def test_blender_installs_what_the_repository_lists(example, tmp_path):
    folder, local = tmp_path / "repository", tmp_path / "local"
    local.mkdir()
    assert make_repository.make_repository(folder, [example]) == ["example-1.2.3.zip"]
    remote = [f"--remote-url={(folder / 'index.json').as_uri()}", f"--local-dir={local}"]
    assert blenders_tool("sync", *remote).returncode == 0
    done = blenders_tool("install", *remote, "--blender-version=4.2.0", "--python-version=3.11.9", "example")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (local / "example" / "blender_manifest.toml").read_text() == MANIFEST


def test_zips_of_an_earlier_version_leave_the_repository(example, tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "example-1.0.0.zip").write_bytes(example.read_bytes())
    make_repository.make_repository(folder, [example])
    listed = json.loads((folder / "index.json").read_text())["data"]
    assert [entry["archive_url"] for entry in listed] == ["./example-1.2.3.zip"]
    assert not (folder / "example-1.0.0.zip").exists()


def test_a_zip_that_blender_refuses_is_told(tmp_path):
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("blender_manifest.toml", MANIFEST.replace('type = "add-on"', 'type = "toy"'))
    with pytest.raises(SystemExit, match=r"broken\.zip"):
        make_repository.make_repository(tmp_path / "repository", [broken])
