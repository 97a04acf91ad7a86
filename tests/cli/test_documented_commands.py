# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manual shows can be typed: every command parses, and README's run with what `make demo` installed."""

import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command_line import still_hands
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chironomy.cli import make_parser
from chironomy.installation.parts import PARTS
from chironomy.motion import load_hands, save_hands

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# `serve` would never end, and `animate` has tests of its own, with the add-on in Blender.
NOT_RUN_HERE = ("serve", "animate", "batch")
OF_OTHERS = ("docker", "hf", "loginctl", "openjd", "python3.11", "ray", "systemctl")
GESTURES = ("gesture",)
OTHERS = ("video", "maps", "export", "weights", "evaluate", "fit", "doctor")


def shown(page: Path) -> Iterator[list[str]]:
    """The commands of a page's shell blocks, as words."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def of_ours(words: list[str]) -> list[str] | None:
    """The arguments of `chironomy` in a command; None where it is another's."""
    if words[0] == "chironomy":
        return words[1:]
    if words[:2] == ["docker", "run"]:
        return ["serve", *words[words.index("chironomy") + 1 :]]
    return words[words.index("chironomy") + 1 :] if words[1:3] == ["launch", "-m"] else None


SHOWN = [(page.name, words) for page in PAGES for words in shown(page)]


@pytest.mark.parametrize(("page", "words"), SHOWN, ids=[f"{page}: {shlex.join(words)}" for page, words in SHOWN])
def test_a_command_that_is_shown_can_be_typed(page: str, words: list[str]) -> None:
    if (arguments := of_ours(words)) is not None:
        assert callable(make_parser().parse_args(arguments).run)
    elif words[0] == "make":
        assert words[1] in targets()
    elif words[0].rpartition("/")[2] == "pip" and words[1] == "install":
        (extras,) = re.findall(r"^(?:chironomy|\.)\[(.*)\]$", words[2])
        assert set(extras.split(",")) <= set(pyproject()["optional-dependencies"])
    elif words[0] == "torchrun":
        ours = words[words.index("-m") + 1 :]
        assert callable(make_parser().parse_args(ours[1:]).run)
    else:
        assert words[0] in OF_OTHERS, f"{page} shows {shlex.join(words)}, which nothing here checks"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_target_of_make_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"))
    assert set(named) <= targets()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def pyproject() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def extras_of_demo() -> set[str]:
    """The extras that `make demo` installs."""
    rule = re.search(r"^\$\(VENV\)/\.run:.*?\n\n", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M | re.S)
    assert rule
    (extras,) = re.findall(r'-e "\.\[(.*?)\]"', rule[0])
    return set(extras.split(","))


def needed_for(extra: str) -> list[Requirement]:
    """What an extra of the project's brings, with what the extras bring that it names."""
    found = []
    for line in pyproject()["optional-dependencies"][extra]:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        if requirement.name == "chironomy":
            found += [each for inner in sorted(requirement.extras) for each in needed_for(inner)]
        else:
            found.append(requirement)
    return found


def test_make_demo_installs_what_the_add_on_installs() -> None:
    demo = {str(each) for extra in extras_of_demo() - {"blender"} for each in needed_for(extra)}
    assert demo == {str(each) for part in PARTS for each in needed_for(part.extra)}


def distributions_of_demo() -> set[str]:
    """Names of all distributions that `make demo` installs, what they need included."""
    project, extras = pyproject(), extras_of_demo()
    wanted = [Requirement(line) for line in (*project["dependencies"], "pip", "setuptools", "build")]
    waiting, seen, found = wanted + [each for extra in extras for each in needed_for(extra)], set(), {"chironomy"}
    while waiting:
        requirement = waiting.pop()
        name, key = canonicalize_name(requirement.name), (requirement.name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        for need in map(Requirement, needs):
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                waiting.append(need)
    return found


PROGRAM = """
import importlib.machinery, json, sys

asked = json.load(sys.stdin)
missing = set(asked["missing"])

class Installed(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in missing else super().find_spec(name, path, target)

sys.meta_path = [Installed if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
from chironomy.cli import main

for arguments in asked["commands"]:
    print(arguments, file=sys.stderr, flush=True)
    code = main(arguments)
    if code:
        sys.exit(code)
"""


def run_what_readme_shows(folder: Path, seconds: float, *wanted: str) -> None:
    """Run these of README's commands where speech.wav is so long, with what `make demo` installs.

    Modules of other distributions, which the tests need or which lie there by chance, are hidden.
    """
    samples, rate = soundfile.read(REPOSITORY / "examples" / "speech.flac")
    soundfile.write(folder / "speech.wav", samples[: round(seconds * rate)], rate)
    there = distributions_of_demo()
    missing = [
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & there
    ]
    assert "pytest" in missing
    commands = [arguments for words in shown(REPOSITORY / "README.md") if (arguments := of_ours(words))]
    assert {arguments[0] for arguments in commands} == {*GESTURES, *OTHERS, *NOT_RUN_HERE}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps({"missing": missing, "commands": [words for words in commands if words[0] in wanted]}),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]


def test_the_readmes_gestures_are_made_with_what_make_demo_installed(tmp_path: Path) -> None:
    run_what_readme_shows(tmp_path, 4.6, *GESTURES)
    kept, new = (load_hands(tmp_path / name) for name in ("m-2.npz", "new.npz"))
    assert np.array_equal(kept.rotation[:36], new.rotation[:36])
    assert not np.array_equal(kept.rotation[60:100], new.rotation[60:100])


def test_the_readmes_other_commands_run_with_what_make_demo_installed(portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "portrait.png").write_bytes(portrait.read_bytes())
    save_hands(still_hands(10), tmp_path / "motion.npz")
    run_what_readme_shows(tmp_path, 0.4, *OTHERS)
    for name in ("video.mp4", "fit.json", "fit.png", "maps"):
        assert (tmp_path / name).exists()
