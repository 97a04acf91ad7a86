# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender without a window that makes scenes for a batch: it presses the buttons that a person would press.

`blender --background --python batch_worker.py -- MODULE`, or `python batch_worker.py -- MODULE` where Python has bpy.
MODULE is the add-on's. It takes a job (JSON) a line on standard input, and tells how that ended, likewise but after
`TELLS`, on standard output: Blender writes its own lines there, before any script runs. A job is the `template`, a
.blend; `speech` and maybe `script`; `settings`, by name; and the files to `write`: `blend`, and maybe `fbx`, `motion`
and `video`. It ends when its standard input does, whatever it is doing: whoever started it is not there any more, and
what it leaves unfinished has a name of its own.
"""

import importlib
import json
import os
import queue
import sys
import threading
from typing import Any

TELLS = "chironomy: "
"""What a line begins with that is for whoever gives the jobs."""

_LINES: "queue.SimpleQueue[bytes]" = queue.SimpleQueue()


def main(module: str) -> None:
    """Do jobs as they come."""
    # Blender writes to standard output what is not for the caller.
    output = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=_read, name="jobs", daemon=True).start()
    import bpy

    if module not in sys.modules:
        import addon_utils  # pyright: ignore[reportMissingImports]

        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        # In preferences that are never saved.
        bpy.context.preferences.use_preferences_save = False
        addon_utils.enable(module, default_set=True)
    _tell(output, ready=True)
    while True:
        job = json.loads(_LINES.get())
        try:
            make(module, job)
        except Exception as error:
            _tell(output, error=_sentence(error))
        else:
            _tell(output, done=True)


def make(module: str, job: dict[str, Any]) -> None:
    """Do one job."""
    import bpy

    properties = importlib.import_module(f"{module}.properties")
    write: dict[str, str] = job["write"]
    bpy.ops.wm.open_mainfile(filepath=job["template"], load_ui=False)
    bpy.context.preferences.filepaths.save_version = 0
    scene = bpy.context.scene
    chosen = properties.settings(scene)
    chosen.several, chosen.variants = False, 1
    chosen.script = job.get("script") or ""
    for name, value in job["settings"].items():
        setattr(chosen, name, value)
    # A scene is as long as its speech.
    chosen.given_end = scene.frame_end
    bpy.ops.chironomy.load_speech(filepath=job["speech"])
    if properties.character(scene) is None:
        bpy.ops.chironomy.add_character()
    bpy.ops.chironomy.generate()
    if "motion" in write:
        bpy.ops.chironomy.export_motion(filepath=write["motion"])
    if "fbx" in write:
        bpy.ops.chironomy.export_fbx(filepath=write["fbx"])
    if "video" in write:
        bpy.ops.chironomy.render_video(filepath=write["video"], overwrite=True)
    # So that the scene is heard wherever it is moved.
    for sound in bpy.data.sounds:
        sound.pack()
    bpy.ops.wm.save_as_mainfile(filepath=write["blend"], compress=True, copy=True)


def _sentence(error: Exception) -> str:
    """What to tell of an error: an operator that reports one raises it, with its kind before it."""
    lines = str(error).strip().splitlines() or [repr(error)]
    told = lines[-1] if "Traceback" in lines[0] else lines[0].removeprefix("Error: ")
    return " ".join(told.split())


def _read() -> None:
    while line := sys.stdin.buffer.readline():
        _LINES.put(line)
    os._exit(0)


def _tell(output: int, **said: object) -> None:
    os.write(output, f"{TELLS}{json.dumps(said, ensure_ascii=False)}\n".encode())


if __name__ == "__main__":
    main(sys.argv[-1])
