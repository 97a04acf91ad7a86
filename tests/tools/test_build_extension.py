# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's zips: which wheels go into which, and what the manifest in each says of them."""

import ast
import hashlib
import tomllib
from pathlib import Path

import pytest

import build_extension


def test_every_platform_has_a_name_of_its_own_as_blender_splits_them():
    names = [
        build_extension.split_name(Path("dist/chironomy-1.2.3.zip"), name).name for name in ("linux-x64", "macos-arm64")
    ]
    assert names == ["chironomy-1.2.3-linux_x64.zip", "chironomy-1.2.3-macos_arm64.zip"]


@pytest.mark.parametrize(("system", "machine", "expected"), [
    ("linux", "x86_64", "linux-x64"),
    ("win32", "AMD64", "windows-x64"),
    ("darwin", "arm64", "macos-arm64"),
    ("darwin", "x86_64", "macos-x64"),
    ("linux", "aarch64", None),
])  # fmt: skip
def test_the_platform_at_hand_is_known_where_there_are_wheels_for_it(monkeypatch, system, machine, expected):
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert build_extension.platform_here() == expected


def test_only_files_whose_hashes_are_listed_are_bundled(monkeypatch, tmp_path):
    listed = tmp_path / "bundled-wheels.txt"
    listed.write_text(f"hears==1.0 \\\n    --hash=sha256:{hashlib.sha256(b'right').hexdigest()}\n")
    monkeypatch.setattr(build_extension, "BUNDLED", listed)
    monkeypatch.setattr(build_extension, "KEPT_WHEELS", tmp_path)
    for python in (*build_extension.PYTHONS, "3.14"):
        folder = tmp_path / f"linux-x64-{python}"
        folder.mkdir()
        (folder / f"hears-1.0-cp{python.replace('.', '')}-x.whl").write_bytes(b"right")
        (folder / "hears-1.0-other.whl").write_bytes(b"wrong")
    found = [path.name for path in build_extension.bundled_wheels("linux-x64")]
    assert found == ["hears-1.0-cp311-x.whl", "hears-1.0-cp313-x.whl", "hears-1.0-cp314-x.whl"]


def test_a_python_gets_what_has_wheels_for_it(monkeypatch, tmp_path):
    listed = tmp_path / "bundled-wheels.txt"
    right, other = (hashlib.sha256(data).hexdigest() for data in (b"right", b"other"))
    listed.write_text(
        f"# Two.\nhears==1.0 ; python_version < '3.14' \\\n    --hash=sha256:{other}\n"
        f"speaks-up==2.0 \\\n    --hash=sha256:{other} \\\n    --hash=sha256:{right}\n"
    )
    monkeypatch.setattr(build_extension, "BUNDLED", listed)
    assert list(build_extension.listed_for("3.13")) == ["hears==1.0", "speaks-up==2.0"]
    assert build_extension.listed_for("3.14") == {
        "speaks-up==2.0": f"speaks-up==2.0 \\\n    --hash=sha256:{other} \\\n    --hash=sha256:{right}\n"
    }
    (tmp_path / "speaks_up-2.0-cp314-x.whl").write_bytes(b"right")
    assert build_extension._complete(tmp_path, build_extension.listed_for("3.14"))
    assert not build_extension._complete(tmp_path, build_extension.listed_for("3.13"))


def test_python_3_14_hears_without_the_recogniser():
    assert [name.partition("==")[0] for name in build_extension.listed_for("3.14")] == [
        "praat-parselmouth",
        "python-osc",
    ]


def test_the_manifest_in_a_zip_lists_its_wheels_and_its_platform(repository):
    manifest = (repository / "blender_manifest.toml").read_text(encoding="utf-8")
    told = tomllib.loads(build_extension._with_wheels(manifest, ["b.whl", "a.whl"], "macos-x64"))
    assert (told["wheels"], told["platforms"]) == (["./wheels/a.whl", "./wheels/b.whl"], ["macos-x64"])
    assert "platforms" not in tomllib.loads(build_extension._with_wheels(manifest, ["a.whl"], None))


def test_the_add_ons_tests_take_chironomy_from_the_zip(repository):
    """On other Blender versions nothing but the zip brings it, which is installed after the tests are imported."""
    early = []
    for path in sorted((repository / "tests" / "blender").glob("test_*.py")):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
            names += [str(statement.module)] if isinstance(statement, ast.ImportFrom) else []
            early += [path.name for name in names if name.split(".")[0] == "chironomy"]
    assert early == []
