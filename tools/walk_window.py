# SPDX-License-Identifier: GPL-3.0-or-later
"""Use the add-on in a real Blender window as a person does, by clicks and keys: `make test-window`.

The walk installs the zip, makes takes of the example speech, edits and exports them, and saves and opens the file. Each
step asserts what is to be seen after it and leaves a picture. A step that fails does not stop the others. Told at the
end, and not asserted, is the longest time that Blender did not answer in each step, with all that it draws, and the
longest call of the add-on's; beside both what its thread computed meanwhile, which other programs do not lengthen.

Blender is the program that `--blender` or the variable BLENDER names, or Debian's, in a root folder that mmdebstrap
makes in `.cache/window`, which needs root on Linux. Exit status: 0, all was as it should be; 1, something was not; 77,
there is no window to be had here.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import soundfile

from build_extension import manifest_version
from chironomy.client import ClientError, start_backend
from window_walk.desk import Desk, UnseenError
from window_walk.machine import Machine, NoWindowError, machine_of
from window_walk.steps import STEPS
from window_walk.walk import Backend, Files, Walk

REPOSITORY = Path(__file__).resolve().parents[1]
NO_WINDOW = 77
"""The exit status where there is no window: what other test runners take for a test that was skipped."""


def main() -> int:
    """Walk, and tell what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    built = REPOSITORY / "dist" / f"chironomy-{manifest_version()}.zip"
    parser.add_argument("extension", type=Path, nargs="?", default=built, help="the zip to install (default: make's)")
    parser.add_argument("--blender", default=os.environ.get("BLENDER"), help="a Blender program (default: $BLENDER)")
    parser.add_argument("--chroot", type=Path, help="a root folder with Blender, Xvfb, xdotool and ImageMagick in it")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache" / "window", help="for what is made once")
    parser.add_argument("--pictures", type=Path, help="folder for the pictures (default: pictures in the cache)")
    parser.add_argument("--speech", type=Path, default=REPOSITORY / "examples" / "speech.flac", help="what is said")
    parser.add_argument("--no-backend", action="store_true", help="leave out rendering")
    parser.add_argument("--steps", help="only those whose names begin with one of these, with commas between")
    options = parser.parse_args()
    pictures = options.pictures or options.cache / "pictures"
    try:
        machine = machine_of(options.blender, options.chroot, options.cache)
        machine.open_screen()
    except NoWindowError as error:
        print(f"No window to walk through: {error}", file=sys.stderr)
        return NO_WINDOW
    try:
        shutil.rmtree(pictures, ignore_errors=True)
        pictures.mkdir(parents=True)
        with _backend(machine, wanted=not options.no_backend) as backend:
            return _walk(machine, options.extension, options.speech, pictures, backend, options.steps or "")
    finally:
        machine.close()


def _walk(machine: Machine, extension: Path, speech: Path, pictures: Path, backend: Backend | None, chosen: str) -> int:
    folder = machine.folder
    (folder / "box").mkdir()
    (folder / "made").mkdir()
    files = Files(folder / extension.name, folder / f"{speech.stem}.wav", folder / "made")
    shutil.copy(extension, files.extension)
    # Debian's Blender knows no sound, and the extension then reads plain wave files alone.
    samples, rate = soundfile.read(speech)
    soundfile.write(files.speech, samples, rate, subtype="PCM_16")
    inside = Path(__file__).with_name("window_walk") / "inside.py"
    log = machine.open_blender(Path(shutil.copy(inside, folder)), machine.inner(folder / "box"))
    desk = Desk(machine, pictures)
    try:
        version = desk.ask("prepare")["version"]
    except UnseenError as error:
        print(f"Blender did not start: {error}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        return 1
    print(f"Blender {version}; pictures are in {pictures}", flush=True)
    walk, failed = Walk(desk, files, backend), []
    for name, step in STEPS:
        if not name.startswith(tuple(chosen.split(","))):
            continue
        read, begun = log.stat().st_size, time.monotonic()
        faults = []
        try:
            desk.ask("longest_wait")
            desk.ask("longest_held")
            seen = step(walk)
        except Exception as error:
            faults.append(str(error) if isinstance(error, (UnseenError, RuntimeError)) else repr(error))
            seen = "failed"
            _let_go(desk)
        try:
            waited, computed = desk.ask("longest_wait")
            wait = f"{waited:.2f} s, {computed:.2f} of processor"
            held, computed, label = desk.ask("longest_held")
            if label:
                wait += f", of the add-on's {1000 * held:.0f} ms, {1000 * computed:.0f} of processor ({label})"
            if hasattr(os, "getloadavg"):
                wait += f", load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
            desk.photograph(name)
        except (UnseenError, RuntimeError) as error:
            faults.append(str(error))
            wait = "?"
        said = log.read_bytes()[read:].decode(errors="replace")
        faults += [line.strip() for line in said.splitlines() if line.startswith(("Error", "Traceback"))]
        warned = [line.strip() for line in said.splitlines() if line.startswith("Warning")]
        print(f"{name:16} {time.monotonic() - begun:5.1f} s, longest wait {wait}: {seen}", flush=True)
        for line in (*warned, *faults):
            print(f"    {line}", flush=True)
        failed += [f"{name}: {fault}" for fault in faults]
    with contextlib.suppress(UnseenError):
        desk.ask("leave")
        time.sleep(1.5)
    if failed:
        print(f"\n{len(failed)} things are not as they should be (Blender's console: {log}):", file=sys.stderr)
        print("\n".join(f"- {each}" for each in failed), file=sys.stderr)
        return 1
    print("All is as it should be.")
    return 0


def _let_go(desk: Desk) -> None:
    """Leave what a failed step left open: a dialog, a menu, a move."""
    with contextlib.suppress(UnseenError, RuntimeError):
        desk.press("Escape", "Escape")
        desk.forget()


@contextlib.contextmanager
def _backend(machine: Machine, wanted: bool) -> Iterator[Backend | None]:
    """Run a backend of this environment's on 127.0.0.1, with its secret where Blender can read it."""
    if not wanted:
        yield None
        return
    token = machine.folder / "token"
    with tempfile.TemporaryDirectory(prefix="chironomy-") as data:
        try:
            process = start_backend(sys.executable, data=Path(data), environment=os.environ)
        except ClientError as error:
            print(f"rendering is left out: {error}")
            yield None
            return
        try:
            token.write_text(process.token, encoding="utf-8")
            yield Backend(process.url, token)
        finally:
            process.stop()


if __name__ == "__main__":
    raise SystemExit(main())
