# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job without a window.

Run it as `python headless.py JOB.json` or as `blender --background --python headless.py -- JOB.json`. It installs the
extension that the job names into a Blender of its own and presses the same buttons as a person. The job is a JSON file
of the format `chironomy.job/1`; progress and the end are told as one JSON object a line on standard output, and
everything else that Blender says goes to standard error.
"""

import importlib
import json
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMAT = "chironomy.job/1"
OPTIONAL_SETTINGS = (
    "rate", "seated", "accompany", "emotion_mixture", "figure", "outfit", "backdrop", "burn_in", "format",
)  # fmt: skip
"""Settings that a job may leave as they are by default."""

FIELDS = ("extension", "speech", "out", "backend", "settings", "edits", "write")
"""What a job must say, that makes a motion and what comes of it."""

EXPORT_FIELDS = ("extension", "motion", "export")
"""Likewise, that writes a motion for another program: `export` is the `filepath` and what `scene.export.Wishes` has;
maybe the `figure` of its mesh."""

SCENE_FIELDS = ("extension", "speech", "motion", "write")
"""Likewise, that makes a scene of a motion that is there: `write` names the `blend`."""

MODULE = "bl_ext.user_default.chironomy"


class JobError(Exception):
    """The job cannot be done; the message is one sentence."""


class Story:
    """What is told on standard output: steps, their progress, and how they ended."""

    def __init__(self, output: int) -> None:
        self.steps: list[dict[str, Any]] = []
        self._output = output
        self._step = ""
        self._progress = 0.0

    def tell(self, **fields: Any) -> None:
        # Unbuffered, so that a signal's handler may tell something too, whatever it interrupts.
        os.write(self._output, (json.dumps(fields, ensure_ascii=False) + "\n").encode())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell that a step starts and ends."""
        started = time.perf_counter()
        self._step, self._progress = name, 0.0
        self.tell(step=name, progress=0.0, message="")
        yield
        self.steps.append({"name": name, "seconds": round(time.perf_counter() - started, 3)})
        self.tell(step=name, progress=1.0, message="")

    def progress(self, fraction: float, message: str) -> None:
        """Tell how far the step is."""
        self._progress = max(self._progress, min(fraction, 0.999))
        self.tell(step=self._step, progress=round(self._progress, 4), message=message)


def main() -> int:
    """Do the job whose file is the last argument; return the exit code."""
    # Blender writes to standard output what is not for the caller.
    story = Story(os.dup(1))
    os.dup2(2, 1)
    try:
        run(read_job(Path(sys.argv[-1])), story)
    except JobError as error:
        story.tell(error=str(error))
        return 1
    except RuntimeError as error:
        # An operator that reports an error raises it, with its kind before it.
        story.tell(error=str(error).strip().splitlines()[0].removeprefix("Error: "))
        return 1
    return 0


def read_job(path: Path) -> dict[str, Any]:
    """Return the job.

    Raises:
        JobError: the file is not one.
    """
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise JobError(f"the job {path} cannot be read: {error}") from error
    if not isinstance(job, dict) or job.get("format") != FORMAT:
        raise JobError(f"{path} is not a job of the format {FORMAT}")
    for name in EXPORT_FIELDS if "export" in job else SCENE_FIELDS if "motion" in job else FIELDS:
        if name not in job:
            raise JobError(f"the job {path} has no field {name}")
    return job


def run(job: dict[str, Any], story: Story) -> None:
    """Do the job."""
    if "export" in job:
        run_export(job, story)
        return
    if "motion" in job:
        run_scene(job, story)
        return
    with story.step("start"):
        bpy = start_blender(job["extension"])
        addon = {
            name: importlib.import_module(f"{MODULE}.{name}")
            for name in (
                "tasks",
                "backend",
                "properties",
                "scene.shot",
                "scene.keeping",
                "rig.channels",
                "rig.read",
                "rig.edit",
            )
        }
        given = job["backend"]
        # Who named the backend meant it to be asked; the settings of this Blender are nobody's, and thrown away.
        bpy.context.preferences.system.use_online_access = True
        addon["backend"].use(given["url"], given["token"], given.get("ca", ""))
        addon["tasks"].listeners.append(story.progress)
        signal.signal(signal.SIGTERM, lambda *_: stop(addon["tasks"], story))
    scene = bpy.context.scene
    out = Path(job["out"])
    written = {name: str(out / file) for name, file in job["write"].items() if file}
    with story.step("speech"):
        take_settings(scene, addon["properties"].settings(scene), job["settings"])
        bpy.ops.chironomy.load_speech(filepath=job["speech"])
    with story.step("character"):
        bpy.ops.chironomy.add_character()
    character = addon["properties"].character(scene)
    if job.get("portrait"):
        with story.step("fit"):
            press(bpy.ops.chironomy.fit_to_picture, **job["portrait"])
    with story.step("generate"):
        press(bpy.ops.chironomy.generate)
    frames = scene.frame_end - scene.frame_start + 1
    edits: list[dict[str, Any]] = []
    if job["edits"]:
        with story.step("edit"):
            addon["scene.keeping"].make_keepable(scene, character)
            edits = [make_edit(addon["rig.edit"], scene, character, item) for item in job["edits"]]
    with story.step("save"):
        if "motion" in written:
            bpy.ops.chironomy.export_motion(filepath=written["motion"])
        if "blend" in written:
            # So that the scene is heard wherever it is moved.
            for sound in bpy.data.sounds:
                sound.pack()
            save(bpy, written["blend"])
    if "fbx" in written:
        with story.step("fbx"):
            bpy.ops.chironomy.export_fbx(filepath=written["fbx"])
    if "video" in written:
        with story.step("video"):
            press(
                bpy.ops.chironomy.render_video, filepath=written["video"], shot=written.get("shot", ""), overwrite=True
            )
            if "blend" in written:
                # The video lies beside the file, wherever the two are moved together.
                importlib.import_module(f"{MODULE}.sequencer").keep_beside(scene, Path(written["blend"]))
                save(bpy, written["blend"])
    elif "shot" in written:
        addon["scene.shot"].make_shot(bpy.context).save(written["shot"])
    count, dense = addon["rig.read"].hand_key_count(character), addon["rig.channels"].HAND_CHANNELS * frames
    story.tell(
        done=True,
        outputs=written,
        steps=story.steps,
        edits=edits,
        keys={"total": count, "dense": dense},
    )


def run_export(job: dict[str, Any], story: Story) -> None:
    """Write the character that does a motion for another program."""
    with story.step("start"):
        bpy = start_blender(job["extension"])
        export, properties = (importlib.import_module(f"{MODULE}.{name}") for name in ("scene.export", "properties"))
        from chironomy.body.performance import load_performance
        from chironomy.body.pose import solve_pose
        from chironomy.body.rig import load_rig
        from chironomy.errors import ChironomyError
        from chironomy.motion import load_hands

        path = Path(job["motion"])
        face = None
        if path.suffix == ".zip":
            made = load_performance(path)
            pose, face = made.pose(load_rig()), made.face
        else:
            pose = solve_pose(load_rig(), load_hands(path))
    scene = bpy.context.scene
    with story.step("character"):
        take_rate(scene, pose.fps)
        if "figure" in job:
            properties.settings(scene).figure = job["figure"]
        bpy.ops.chironomy.add_character()
        # What was added is evaluated where it is.
        bpy.context.view_layer.update()
    with story.step("export"):
        asked = dict(job["export"])
        out = Path(asked.pop("filepath"))
        item = properties.character(scene)
        try:
            export.export_made(bpy.context, item, out, export.Wishes(**asked), pose, face)
        except (ChironomyError, OSError) as error:
            raise JobError(str(error)) from error
    story.tell(done=True, steps=story.steps)


def run_scene(job: dict[str, Any], story: Story) -> None:
    """Make a scene of a speech and of what the character does to it."""
    with story.step("start"):
        bpy = start_blender(job["extension"])
        from chironomy.body.performance import load_performance

        fps = load_performance(job["motion"]).hands.fps
    scene = bpy.context.scene
    with story.step("speech"):
        take_rate(scene, fps)
        bpy.ops.chironomy.load_speech(filepath=job["speech"])
    with story.step("character"):
        bpy.ops.chironomy.add_character()
    with story.step("motion"):
        press(bpy.ops.chironomy.import_motion, filepath=job["motion"])
    with story.step("save"):
        for sound in bpy.data.sounds:
            sound.pack()
        save(bpy, job["write"]["blend"])
    story.tell(done=True, steps=story.steps)


def start_blender(extension: str) -> Any:
    """Return bpy, with an empty scene and the extension enabled."""
    if "BLENDER_USER_RESOURCES" not in os.environ:
        os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="chironomy-blender-")
    try:
        import bpy
    except ImportError as error:
        raise JobError(f"{sys.executable} has no Blender: {error}") from error
    if not Path(extension).is_file():
        raise JobError(f"there is no extension {extension}; build it with make extension")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    # Saving twice leaves one file, without a backup beside it.
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=True)
    if not hasattr(bpy.types.Scene, "chironomy"):
        raise JobError(f"Blender could not enable the extension {extension}; what it said stands above")
    return bpy


def take_rate(scene: Any, fps: float) -> None:
    """Give the scene a frame rate."""
    scene.render.fps = max(1, math.ceil(fps - 1e-6))
    scene.render.fps_base = scene.render.fps / fps


def take_settings(scene: Any, chosen: Any, settings: dict[str, Any]) -> None:
    """Give the scene the job's settings.

    Raises:
        JobError: one cannot be taken.
    """
    take_rate(scene, float(settings["fps"]))
    # The size comes after the shape, which sets one.
    chosen.shape = "custom"
    asked = [name for name in OPTIONAL_SETTINGS if name in settings]
    for name in ("seed", "style", "speed", "amplitude", "engine", "width", "height", *asked):
        value = settings[name]
        try:
            setattr(chosen, name, value)
        except (TypeError, ValueError, OverflowError) as error:
            items = getattr(chosen.bl_rna.properties[name], "enum_items", None)
            instead = f"choose one of {', '.join(items.keys())}" if items else "give a smaller whole number"
            raise JobError(f"the setting {name} is {value!r}; {instead}") from error
        taken = getattr(chosen, name)
        if taken != value and not (isinstance(value, float) and math.isclose(taken, value, rel_tol=1e-6)):
            raise JobError(f"the setting {name} is {value!r}, outside what is possible; the nearest is {taken!r}")
    chosen.shape = importlib.import_module(f"{MODULE}.properties").shape_of(chosen.width, chosen.height)


def make_edit(edit: Any, scene: Any, character: Any, item: dict[str, Any]) -> dict[str, Any]:
    """Make one edit of the keys, as an animator would; return what it did."""
    hand = ("left", "right").index(item["hand"])
    try:
        made = edit.offset_hand(character, hand, scene, item["offset"], item["radius"], item["time"])
    except ValueError as error:
        raise JobError(str(error)) from error
    seconds = (made.frame - scene.frame_start) * scene.render.fps_base / scene.render.fps
    return {
        "frame": made.frame - scene.frame_start,
        "time": round(seconds, 6),
        "hand": item["hand"],
        "bone": made.bone,
        "offset": item["offset"],
        "keys": made.keys,
    }


def press(operator: Any, **options: Any) -> None:
    """Run an operator that takes time.

    Raises:
        JobError: it was stopped.
    """
    if "FINISHED" not in operator(**options):
        raise JobError("the job was cancelled")


def save(bpy: Any, path: str) -> None:
    """Write the scene."""
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=True, relative_remap=False)


def stop(tasks: Any, story: Story) -> None:
    """Stop at once, and let the backend stop what it does for this job."""
    task = tasks.running()
    if task is not None:
        task.cancel()
        return
    story.tell(error="the job was cancelled")
    os._exit(1)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Blender's own shutdown has nothing left to do here, and it may crash on the way.
    os._exit(code)
