# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long the add-on holds Blender, on a minute and on ten of speech: `make bench-desk`.

Every part of the work on Blender's main thread is done as in a window, where a timer lets it go on for a moment at a
time: told are the seconds of all of it, what a thread computes included, and the longest moment.
"""

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "speech.flac"
PACKAGE = "bl_ext.user_default.chironomy"
FPS = 24
Row = tuple[str, ...]


def main() -> int:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extension", type=Path, help="the zip to install")
    parser.add_argument("--seconds", type=float, action="append", help="of speech (default: 60 and 600)")
    parser.add_argument("--brief", action="store_true", help="leave out edits, ranges and exports, which take long")
    parser.add_argument("--write", type=Path, help="replace the part of this file from its heading `The desk` on")
    parser.add_argument("--keep", type=Path, help="folder for the performances, which take long to make")
    options = parser.parse_args()
    lines = [
        "# The desk",
        "",
        f"Made by `make bench-desk` on {platform.machine()} with {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, at {FPS} frames a second. *Held* is the longest moment in which "
        "Blender does not answer. What the processor takes for it, other programs do not lengthen.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BLENDER_USER_RESOURCES"] = folder
        _install(options.extension)
        for seconds in options.seconds or (60.0, 600.0):
            lines += [
                "",
                f"## {seconds:g} s of speech",
                "",
                "| | s | s of processor | held, ms | of processor |",
                "|---|---|---|---|---|",
            ]
            for row in _desk(seconds, options.keep or Path(folder), options.brief):
                print(*row, file=sys.stderr, flush=True)
                lines.append("| " + " | ".join(row) + " |")
    if hasattr(os, "getloadavg"):
        lines[2] += f" The load was {os.getloadavg()[2]:.0f} at the end."
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        before = options.write.read_text(encoding="utf-8").partition("# The desk")[0]
        options.write.write_text(before.rstrip() + "\n\n" + text, encoding="utf-8")
    return 0


def _install(extension: Path) -> None:
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.extensions.package_install_files(filepath=str(extension), repo="user_default", enable_on_install=True)


def _module(name: str) -> Any:
    return sys.modules[f"{PACKAGE}.{name}"]


def _held(begin: Callable[[], Any]) -> tuple[Any, tuple[float, float], list[float]]:
    """Do work as a timer in a window lets it go on; return its result, its time and the longest moment's.

    Of both, the seconds by the clock and those of the processor; of the moment, only this thread's count.
    """
    work, longest, begun = _module("slices").Slicing(begin), [0.0, 0.0], (time.perf_counter(), time.process_time())
    while True:
        moment = time.perf_counter(), time.thread_time()
        ended = work.go_on()
        taken = time.perf_counter() - moment[0], time.thread_time() - moment[1]
        longest = list(map(max, longest, taken))
        if ended:
            return work.result, (time.perf_counter() - begun[0], time.process_time() - begun[1]), longest
        work.wait(0.01)


def _desk(seconds: float, folder: Path, brief: bool = False) -> Iterator[Row]:
    """Go through the desk's work on so much speech."""
    import bpy

    from chironomy.body.performance import packed
    from chironomy.body.rig import load_rig

    def row(name: str, begin: Callable[[], Any]) -> Row:
        nonlocal result
        result, took, longest = _held(begin)
        return name, *(f"{each:.2f}" for each in took), *(f"{1000 * each:.0f}" for each in longest)

    result: Any = None
    performance = _performance(seconds, folder)
    small = packed(performance)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    takes, rig = _module("scene.takes"), load_rig()
    recording = folder / f"{seconds:g}.wav"
    yield row("Load Speech", lambda: _module("scene.speech").loading_speech(bpy.context, scene, recording))
    yield row("Add Character", lambda: _module("rig.build").building_character(bpy.context, rig, "bench"))
    item = scene.chironomy.character = result
    for name in ("the keys of a take", "the keys of another, from a take"):
        new = _module("scene.new_takes").New(performance, name, {"seed": 1}, small=small)
        yield row(name, lambda new=new: _module("scene.new_takes").adding_takes(scene, item, [new]))
    count = _module("rig.actions").count(item)
    stop = performance.hands.frame_count + 1
    yield row("reading hands and body back", lambda: _module("rig.read").reading_pose(item, rig, scene, 1, stop))
    yield row("reading the face back", lambda: _module("rig.read").reading_face(item, scene, 1, stop))
    yield row("Render Video, before the thread", lambda: _module("scene.shot").making_shot(bpy.context))
    if not brief:
        yield from _long(scene, item, performance, row)
    first = takes.takes_of(scene, item)[0]
    yield row("Show a take", lambda: takes.show(scene, first))
    yield row("Duplicate Take", lambda: takes.duplicate(scene, takes.takes_of(scene, item)[0]))
    first = takes.takes_of(scene, item)[0]
    takes.show(scene, first)
    first.quiet, first.detail = True, 0.7
    yield row("Detail, all keys anew", lambda: _module("scene.detail").keying_again(scene, first))
    while len(takes.takes_of(scene, item)) > 1:
        # What a list holds is another thing once something is taken from it.
        takes.delete(scene, takes.takes_of(scene, item)[-1])
    bpy.ops.outliner.orphans_purge()
    yield row("saving with one take", lambda: bpy.ops.wm.save_as_mainfile(filepath=str(folder / "desk.blend")))
    yield f"the file, MB, with {count} keys", f"{(folder / 'desk.blend').stat().st_size / 1e6:.1f}", "", "", ""


def _long(scene: Any, item: Any, performance: Any, row: Callable[[str, Callable[[], Any]], Row]) -> Iterator[Row]:
    """What takes minutes where the speech does: ranges, edits, another take brought in, an export."""
    import bpy

    takes, new = _module("scene.takes"), _module("scene.new_takes")
    stop = performance.hands.frame_count + 1
    performing = _module("scene.performance")
    yield row("Generate, before the thread", lambda: performing.performing(bpy.context))
    yield row(
        "Regenerate Range, before",
        lambda: performing.making_again(bpy.context, item, "both", round(0.4 * stop), round(0.5 * stop), 3),
    )
    yield from _edits(scene, item, row)
    only = [_module("rig.owned").Only(round(0.4 * stop), round(0.5 * stop))]
    yield row(
        "Regenerate Range, after",
        lambda: new.putting_range(scene, item, performance.hands, only, "", {}),
    )
    staging, staged = _module("scene.staging"), list[Any]()
    span = staging.Span.of(scene, scene.frame_start, scene.frame_end + 1)

    # As in a window, where there is another Blender to write the file.
    _module("scene.another_blender").program = lambda: [sys.executable]
    meanwhile = contextlib.ExitStack()

    def stage() -> Any:
        staged.append((yield from staging.staging(bpy.context, item, staging.Form(), span)))
        yield from _module("scene.by_blender").keeping_stage(staged[0], meanwhile)

    yield row("Export FBX, before the process", stage)
    staged[0].end()
    meanwhile.close()
    source = takes.takes_of(scene, item)[0].action.session_uid
    yield row(
        "Bring In From Take, half",
        lambda: new.bringing_in(scene, item, source, "both", None, 0.5),
    )


def _edits(scene: Any, item: Any, row: Callable[[str, Callable[[], Any]], Row]) -> Iterator[Row]:
    """Edit all of a take, in its keys and on a layer; each time the keys are as before afterwards."""
    editing, place, layers = (_module(f"scene.{name}") for name in ("editing", "edit_place", "layers"))
    actions = _module("rig.actions")
    shown, handle = item.animation_data.action, actions.slot_handle(item)

    def edit(layer: str, plan: Callable[[Any], Callable[[], Any]]) -> Any:
        return place.edit_hands(scene, item, (0, 1), layer, plan)

    def larger(at: Any) -> Callable[[], Any]:
        return lambda: editing.amplify(at, *at.keyed, 1.25, "LINE")

    def smoother(at: Any) -> Callable[[], Any]:
        return lambda: editing.smooth(at, *at.keyed, 0.5)

    def mirrored(at: Any) -> Callable[[], Any]:
        return lambda: editing.mirror_range(at, *at.keyed)

    def calmed(at: Any) -> Callable[[], Any]:
        return lambda: editing.stretch_time(at, *at.keyed, 1.01)

    for name, layer, plan in (
        ("Amplitude, all frames", "", larger),
        ("Smooth, all frames", "", smoother),
        ("Swap Hands, all frames", "", mirrored),
        ("Stretch, all frames", "", calmed),
        ("Amplitude on a layer", "Amplitude", larger),
    ):
        actions.assign(item, shown.copy(), handle)
        yield row(name, lambda layer=layer, plan=plan: edit(layer, plan))
    yield row("the layer's weight", lambda: layers.changing_layer(scene, item, 0, "Amplitude", 0.5, muted=False))
    yield row("Delete Layer", lambda: layers.deleting_layer(scene, item, 0))
    actions.assign(item, shown, handle)


def _performance(seconds: float, folder: Path) -> Any:
    """Return the performance of the example's speech, again and again; made where the folder lacks it."""
    from chironomy.body.performance import load_performance, save_performance
    from chironomy.performance.perform import make_performance
    from chironomy.speech import Speech, load_speech
    from chironomy.speech.decode import write_wav

    speech, kept = folder / f"{seconds:g}.wav", folder / f"{seconds:g}.zip"
    if not kept.exists():
        samples = np.resize(load_speech(EXAMPLE).samples, round(seconds * 16000))
        write_wav(Speech.from_samples(samples, 16000), speech)
        lens = {"lens_x": 0.0, "lens_y": 0.0, "lens_z": 2.8}
        save_performance(make_performance({"speech": speech}, {"fps": FPS, "seed": 0, "alive": True} | lens), kept)
    return load_performance(kept)


if __name__ == "__main__":
    sys.exit(main())
