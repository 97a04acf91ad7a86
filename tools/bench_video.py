# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the preview engine and the encoder: `make bench-video` (LONG=1 adds ten minutes of video).

Blender's Workbench draws the same character, in the same pose and size, in the same run, so that the two can be
compared whatever else the machine does; each is the median of several rounds, the two taking turns.
"""

import argparse
import os
import platform
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "speech.flac"
WIDTH, HEIGHT = 512, 704
FRAMES, WORKBENCH_FRAMES, ROUNDS = 48, 2, 5
Row = tuple[str, str, str]


def main() -> int:
    """Run the benchmark and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="render ten minutes and watch the memory")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    lines = [
        "# Benchmarks of video",
        "",
        "Written by `make bench-video`. Speeds are of the machine named here, whose other load is not known: compare",
        "ratios within one table, not seconds between tables.",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load at the start {os.getloadavg()[0]:.1f}.",
        "",
        "| figure | value | how |",
        "|---|---|---|",
    ]
    for row in measure(options.long):
        print("   ", *row[:2], file=sys.stderr, flush=True)
        lines.append("| " + " | ".join(row) + " |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    return 0


def measure(long: bool) -> Iterator[Row]:
    """The rows of the table."""
    from chironomy.commands.video import shot_of_files
    from chironomy.gesture import GesturePipeline, embedded_weights
    from chironomy.motion import save_hands
    from chironomy.speech import load_speech

    with tempfile.TemporaryDirectory() as folder:
        motion = GesturePipeline.from_pretrained(embedded_weights())(load_speech(EXAMPLE), seed=0)
        save_hands(motion, Path(folder) / "m.npz")
        shot = shot_of_files(Path(folder) / "m.npz", EXAMPLE, None, "previz", (WIDTH, HEIGHT), alive=True)
        yield from _against_workbench(shot, Path(folder))
        yield from _formats(shot, Path(folder))
        if long:
            yield from _ten_minutes(shot, Path(folder))


def _against_workbench(shot, folder: Path) -> Iterator[Row]:
    from chironomy.video.engines.registry import get_engine
    from chironomy.video.render import render_video

    part = shot.replaced(frame_stop=FRAMES)
    # The processor seconds tell the engine's own cost where other programs take the cores.
    drawn, films, seconds, workbench = [], [], [], []
    bench = _workbench(shot, folder)
    for turn in range(ROUNDS + 1):
        begin, cpu = time.perf_counter(), time.process_time()
        for _ in get_engine("previz").render(part):
            pass
        drawn.append(FRAMES / (time.perf_counter() - begin))
        seconds.append((time.process_time() - cpu) / FRAMES)
        begin = time.perf_counter()
        render_video(part, folder / "v.mp4")
        films.append(FRAMES / (time.perf_counter() - begin))
        if bench is not None:
            begin = time.perf_counter()
            bench(turn)
            workbench.append(WORKBENCH_FRAMES / (time.perf_counter() - begin))
    size = f"{WIDTH}×{HEIGHT}"
    rate = statistics.median(drawn[1:])
    yield f"previz, {size}", f"{rate:.1f} frames a second", "skinning, shadow, occlusion, shading, 4 samples a pixel"
    yield "of processor time", f"{1000 * statistics.median(seconds[1:]):.0f} ms a frame", "all threads together"
    yield "with H.264 and sound", f"{statistics.median(films[1:]):.1f} frames a second", "to a finished MP4"
    if bench is None:
        yield "Blender's Workbench", "not measured", "no bpy here, or it cannot draw without a display"
    else:
        other = statistics.median(workbench[1:])
        yield (
            f"Blender's Workbench, {size}",
            f"{other:.1f} frames a second: previz is {rate / other:.1f} times as fast",
            f"the same character posed, 8 samples, shadow and cavity, to memory; {_renderer()}",
        )


def _renderer() -> str:
    import gpu

    return gpu.platform.renderer_get() or "no name of the renderer"


def _workbench(shot, folder: Path):
    """A function that draws a few frames with Blender's Workbench; None where Blender cannot."""
    try:
        import bpy
    except ImportError:
        return None
    from chironomy.body.rig import REGION_COLOURS, load_rig
    from chironomy.body.skinning import skin

    rig = load_rig()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    mesh = bpy.data.meshes.new("Character")
    mesh.from_pydata(_blender_axes(rig.vertices).tolist(), [], rig.faces.tolist())
    for region, colour in REGION_COLOURS.items():
        material = bpy.data.materials.new(region)
        material.diffuse_color = (*(value / 255 for value in colour), 1.0)
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", rig.regions.astype(np.int32))
    scene.collection.objects.link(bpy.data.objects.new("Character", mesh))
    lens = bpy.data.cameras.new("Camera")
    lens.sensor_fit, lens.sensor_height = "VERTICAL", 24.0
    lens.lens = 24.0 * shot.camera.focal / shot.camera.height
    camera = bpy.data.objects.new("Camera", lens)
    camera.location = _blender_axes(shot.camera.position)
    camera.rotation_euler = (np.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.render.filepath = str(folder / "workbench.png")
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_shadows = shading.show_cavity = True
    scene.display.render_aa = "8"

    def draw(turn: int) -> None:
        for frame in range(WORKBENCH_FRAMES):
            pose = shot.pose
            vertices = skin(rig, pose.joint_rotation[frame], pose.joint_position[frame], shot.face.values[frame])
            mesh.vertices.foreach_set("co", _blender_axes(vertices).astype(np.float32).reshape(-1))
            mesh.update()
            bpy.ops.render.render(write_still=turn == 0 and frame == 0)

    try:
        draw(0)
    except RuntimeError:
        return None
    return draw


def _blender_axes(points):
    """From +y up and +z forward to +z up and -y forward."""
    points = np.asarray(points, np.float64)
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def _formats(shot, folder: Path) -> Iterator[Row]:
    from chironomy.shot.errors import VideoError
    from chironomy.shot.formats import FORMATS
    from chironomy.video.render import render_video

    for name, chosen in FORMATS.items():
        part = shot.replaced(frame_stop=FRAMES, settings={"backdrop": "transparent"} if chosen.alpha else {})
        path = folder / (f"all-{name}" if chosen.sequence else f"all-{name}{chosen.suffix}")
        begin = time.perf_counter()
        try:
            render_video(part, path, format_name=name)
        except VideoError as error:
            yield name, "not measured", str(error)
            continue
        seconds = time.perf_counter() - begin
        files = list(path.iterdir()) if path.is_dir() else [path]
        size = sum(file.stat().st_size for file in files) / FRAMES * shot.fps
        alpha = "with alpha" if chosen.alpha else "without alpha"
        yield f"`{name}`", f"{FRAMES / seconds:.1f} frames a second, {size / 1e6:.1f} MB a second", f"2 s {alpha}, once"


def _ten_minutes(shot, folder: Path) -> Iterator[Row]:
    """Memory of this process over ten minutes of video, watched once a second."""
    from chironomy.body.pose import BodyPose
    from chironomy.motion import FaceTrack
    from chironomy.video.render import render_video

    frames = round(600 * shot.fps)
    again = np.arange(frames) % shot.hands.frame_count
    hands = shot.hands.replaced(
        wrist_position=shot.hands.wrist_position[again],
        rotation=shot.hands.rotation[again],
        confidence=shot.hands.confidence[again],
    )
    pose = BodyPose(shot.fps, shot.pose.joint_rotation[again], shot.pose.joint_position[again])
    long = shot.replaced(
        hands=hands, pose=pose, face=FaceTrack(shot.fps, shot.face.values[again]), speech=None, frame_stop=frames
    )
    seen: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            seen.append(pages * resource.getpagesize() / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.perf_counter()
    try:
        render_video(long, folder / "long.mp4")
    finally:
        ended.set()
        watcher.join()
    seconds = time.perf_counter() - begin
    early, late = seen[len(seen) // 10 : len(seen) // 5], seen[-len(seen) // 10 :]
    yield (
        "memory over ten minutes of video",
        f"{statistics.mean(late) - statistics.mean(early):+.1f} MB from the second tenth to the last",
        f"{frames} frames, {statistics.mean(late):.0f} MB in all, {frames / seconds:.1f} frames a second",
    )


if __name__ == "__main__":
    raise SystemExit(main())
