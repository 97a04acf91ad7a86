# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the walk's Blender runs: a program on this machine, or one in a Debian root folder, on a virtual screen.

A root folder is made by mmdebstrap in about a minute (1.1 GB) and is kept. Its mounts live in a namespace of the
processes that need them and go with these, so that the folder can be deleted at any time.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

SUITE = "trixie"
"""Debian's stable release of 2025, with Blender 4.3.2 on Python 3.13."""

PACKAGES = (
    "blender",
    "xvfb",
    "xauth",
    "libgl1-mesa-dri",
    "libegl1",
    "libegl-mesa0",
    "libglx-mesa0",
    "imagemagick",
    "xdotool",
    "python3-numpy",
    "python3-requests",
    "python3-zstandard",
)

SCREEN = (1600, 1200)
"""Pixels of the virtual screen, which the window fills."""


class NoWindowError(Exception):
    """A Blender window cannot be had here; the message says why, in a sentence."""


class Machine:
    """A place with Blender, Xvfb, xdotool and ImageMagick.

    Args:
        root: the root folder that they are in; None for this machine's own.
        blender: the program, as it is called there.
        folder: where the walk's files are, as a path of this machine; within `root` where there is one.
    """

    def __init__(self, root: Path | None, blender: str, folder: Path) -> None:
        self.root, self.blender, self.folder = root, blender, folder
        self.display = ""
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def opener(self) -> Path:
        """What Blender hands files and addresses to, for the system to open: here a program that notes them."""
        return self.folder / "bin" / "xdg-open"

    @property
    def opened(self) -> list[str]:
        """The files and addresses that were to be opened."""
        noted = self.folder / "opened"
        return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []

    def inner(self, path: Path) -> str:
        """Return a path as Blender sees it."""
        return str(path) if self.root is None else f"/{path.relative_to(self.root)}"

    def command(self, words: Sequence[object]) -> list[str]:
        """Return the command line that runs a command there."""
        told = [str(word) for word in words]
        path = f"{self.inner(self.opener.parent)}:{os.environ.get('PATH', os.defpath)}"
        variables = {
            "PATH": path,
            "DISPLAY": self.display,
            "HOME": self.inner(self.folder),
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        variables["BLENDER_USER_RESOURCES"] = self.inner(self.folder / "user")
        told = ["env", *(f"{name}={value}" for name, value in variables.items()), *told]
        if self.root is None:
            return told
        mounts = 'mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'
        return ["unshare", "--mount", "sh", "-c", mounts, str(self.root), *told]

    def run(self, *words: object) -> str:
        """Run a command there to its end and return what it says."""
        done = subprocess.run(self.command(words), capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{words[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def start(self, words: Sequence[object], log: Path) -> subprocess.Popen[bytes]:
        """Start a command there that goes on; what it says goes into a file."""
        with log.open("wb") as said:
            process = subprocess.Popen(self.command(words), stdout=said, stderr=subprocess.STDOUT)
        self._processes.append(process)
        return process

    def open_screen(self) -> None:
        """Start the virtual screen.

        Raises:
            NoWindowError: it does not start.
        """
        log = self.folder / "screen.log"
        size = f"{SCREEN[0]}x{SCREEN[1]}x24"
        words = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "+extension", "GLX"]
        process = self.start(words, log)
        for _ in range(100):
            lines = log.read_text(errors="replace").split()
            number = next((line for line in lines if line.isdigit()), None)
            if number is not None:
                self.display = f":{number}"
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise NoWindowError(f"the virtual screen does not start: {log.read_text(errors='replace').strip()}")

    def open_blender(self, script: Path, *given: object) -> Path:
        """Start Blender over the whole screen with a script in it; return the file of what it says."""
        self.opener.parent.mkdir(exist_ok=True)
        self.opener.write_text(f'#!/bin/sh\necho "$1" >> "{self.inner(self.folder / "opened")}"\n', encoding="utf-8")
        self.opener.chmod(0o755)
        log = self.folder / "blender.log"
        geometry = ["--window-geometry", 0, 0, *SCREEN]
        # What it reports it prints, and line by line only where it thinks that it is read.
        words = ["stdbuf", "-oL", self.blender]
        words += ["--factory-startup", "--gpu-backend", "opengl", *geometry, "--python", self.inner(script)]
        self.start([*words, "--", *given], log)
        return log

    def alive(self) -> bool:
        """Whether all that was started runs."""
        return all(process.poll() is None for process in self._processes)

    def close(self) -> None:
        """End what was started, the last first."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
        self._processes.clear()


def machine_of(blender: str | None, chroot: Path | None, cache: Path) -> Machine:
    """Return a machine with a Blender: the named program, or one in a root folder, made where none is named.

    Raises:
        NoWindowError: none can be had.
    """
    if blender:
        missing = [name for name in (blender, "Xvfb", "xdotool", "import") if shutil.which(name) is None]
        if missing:
            raise NoWindowError(
                f"{' and '.join(missing)} cannot be found; a window needs Blender, Xvfb, xdotool, ImageMagick"
            )
        return Machine(None, blender, _emptied(cache / "walk"))
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("unshare") is None:
        raise NoWindowError("name a Blender by --blender: only root on Linux can open one in a root folder of Debian's")
    root = (chroot or _made_root(cache)).resolve()
    if not (root / "usr/bin/blender").exists():
        raise NoWindowError(f"{root} holds no usr/bin/blender")
    return Machine(root, "blender", _emptied(root / "walk"))


def _made_root(cache: Path) -> Path:
    """Return the root folder in the cache, made where it is missing."""
    root = cache / SUITE
    if (root / ".complete").exists():
        return root
    if shutil.which("mmdebstrap") is None:
        raise NoWindowError("name a Blender by --blender, or install mmdebstrap, which makes a root folder with one")
    shutil.rmtree(root, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    print(f"making {root} with Debian's Blender (1.1 GB, about a minute)", flush=True)
    options = ["--variant=apt", '--aptopt=Apt::Install-Recommends "false"']
    options += ['--aptopt=Acquire::Check-Valid-Until "false"']
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
    command = ["mmdebstrap", *options, f"--include={','.join(PACKAGES)}", SUITE, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoWindowError(
            f"mmdebstrap made no root folder: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )
    (root / ".complete").touch()
    return root


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "user").mkdir(parents=True)
    return folder.resolve()
