# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock that Set Up Backend installs: it satisfies pyproject.toml on every Python and platform that it is for."""

import re
import tomllib

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chironomy.installation.parts import (
    CPU,
    NETWORKS,
    NONE,
    NVIDIA,
    PARTS,
    PYTHONS,
    SERVICE,
    VERSIONS,
    chosen_parts,
    locked_version,
    megabytes,
    total_megabytes,
)

PLATFORMS = {
    "linux-x64": ("linux", "Linux", "x86_64"),
    "macos-arm64": ("darwin", "Darwin", "arm64"),
    "macos-x64": ("darwin", "Darwin", "x86_64"),
    "windows-x64": ("win32", "Windows", "AMD64"),
}


@pytest.fixture(scope="module")
def locked():
    lines = VERSIONS.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("system", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_there_is_one_version_of_all_that_is_needed_and_it_will_do(locked, project, system, python):
    sys_platform, platform_system, machine = PLATFORMS[system]
    version = "{}.{}".format(*python)
    there = {
        **default_environment(),
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "platform_machine": machine,
        "python_version": version,
        "python_full_version": f"{version}.1",
        "extra": "",
    }
    versions = {}
    for pin in locked:
        if pin.marker is None or pin.marker.evaluate(there):
            assert canonicalize_name(pin.name) not in versions, f"two versions of {pin.name}"
            (exact,) = pin.specifier
            versions[canonicalize_name(pin.name)] = exact.version
    wanted = project["dependencies"] + [line for part in PARTS for line in project["optional-dependencies"][part.extra]]
    for line in wanted:
        needed = Requirement(line)
        # Where there is no wheel, there is nothing to lock.
        if needed.name == "pocketsphinx" and python >= (3, 14):
            continue
        if needed.marker is None or needed.marker.evaluate(there):
            assert needed.specifier.contains(versions[canonicalize_name(needed.name)]), f"{line}: run make lock"


def test_the_tested_versions_are_the_locked_ones_on_the_python_that_they_are_tested_on(locked, repository):
    there = {
        **default_environment(),
        "python_version": "3.11",
        "python_full_version": "3.11.7",
        "sys_platform": "linux",
    }
    there |= {"platform_system": "Linux", "platform_machine": "x86_64"}
    versions = {
        canonicalize_name(pin.name): str(pin.specifier)
        for pin in locked
        if pin.marker is None or pin.marker.evaluate(there)
    }
    tested = re.findall(
        r"^([\w-]+)(==\S+)$", (repository / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    both = {name: version for name, version in tested if canonicalize_name(name) in versions}
    assert len(both) > 15
    assert {name: versions[canonicalize_name(name)] for name in both} == both


def test_the_pip_that_the_extension_brings_is_the_locked_one(repository):
    listed = (repository / "tools" / "bundled-pip.txt").read_text(encoding="utf-8")
    assert re.findall(r"^pip==(\S+)", listed, re.MULTILINE) == [locked_version("pip")]


def test_all_that_the_backend_can_do_is_in_its_parts(project):
    extras = project["optional-dependencies"]
    assert extras["backend"] == ["chironomy[networks,service]", "chironomy[phones]; python_version < '3.14'"]
    assert {part.extra for part in PARTS} == {"service", "phones", "exr", "vision", "networks"}
    assert chosen_parts(CPU) == PARTS
    assert NETWORKS not in [part.extra for part in chosen_parts(NONE)]


def test_sizes_are_told_for_blenders_pythons_and_platforms():
    for system in PLATFORMS:
        for python in ((3, 11), (3, 13)):
            assert total_megabytes(NONE, python, system) > 100
    assert total_megabytes(CPU, (3, 13), "linux-x64") < total_megabytes(NVIDIA, (3, 13), "linux-x64")
    assert total_megabytes(NONE, (3, 11), "linux-x64") < total_megabytes(CPU, (3, 11), "linux-x64")
    assert total_megabytes(NONE, (3, 11), "plan9-x64") is None
    assert total_megabytes(NVIDIA, (3, 11), "windows-x64") is None
    assert total_megabytes(CPU, (3, 11), "macos-x64") == total_megabytes(NONE, (3, 11), "macos-x64")
    assert megabytes(PARTS[0], NONE, (3, 11), "linux-x64") is not None
    assert PARTS[0].extra == SERVICE
