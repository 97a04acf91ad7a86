# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first `make` says while it installs."""

import subprocess
import sys

import pytest
from tiny_wheels import tiny_wheel

from build_extension import bundled_pip
from chironomy.installation.wheels import pip_of


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment of its own, with the pip of the extension."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = next(folder.glob("bin/python"), folder / "Scripts" / "python.exe")
    pip = bundled_pip()
    subprocess.run([*pip_of(pip, str(python)), "install", "--quiet", "--no-index", pip], check=True)
    return folder, python


def test_it_tells_what_it_does_and_keeps_what_pip_says(environment, tmp_path, repository):
    folder, python = environment
    tiny_wheel(tmp_path, "hears", "1.0", {"hears.py": ""})

    def install(*arguments):
        command = [python, repository / "tools" / "install.py", "--no-index", "--find-links", tmp_path, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = install("hears")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("looking for packages\n")
    assert "Successfully installed hears-1.0" in (folder / "install.log").read_text()
    failed = install("speaks")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("there is no wheel of speaks for this Python and system; ")
    assert failed.stderr.splitlines()[-1].endswith("install.log tells more")
