# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy batch`: many recordings to motion and video, by several processes or on a cluster."""

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import number, size, whole_number
from chironomy.commands.output import made_folder
from chironomy.commands.progress import table
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.gesture.settings import AMPLITUDE, FPS, RATE, SEED, SPEED, STYLES

if TYPE_CHECKING:
    from chironomy.service.farm.local import Outcome
    from chironomy.service.farm.plan import Item

SUMMARY = "summary.csv"


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "batch",
        help="many recordings to motion, scenes and video",
        description=(
            "Make the motion of many recordings, with --video their videos, and with --scene and --fbx what Blender "
            "writes, each in a folder of its own. What is "
            "done stays done: the same command goes on where it was stopped. A script (.txt, .srt …) and a portrait "
            "(.png, .jpg …) beside a recording, of the same name, are used."
        ),
    )
    add_plan_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made when missing")
    parser.add_argument(
        "--processes",
        type=whole_number(1, 256),
        default=max(1, (os.cpu_count() or 2) // 2),
        help="how many are made at a time (default: half as many as there are cores)",
    )
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="have a Ray cluster do it, whose nodes see FOLDER under the same path"
    )
    parser.add_argument("--blender", metavar="PROGRAM", help="Blender to use (default: the bpy module, else blender)")
    parser.add_argument("--extension", type=Path, metavar="ZIP", help="the Chironomy extension, for --scene and --fbx")
    parser.set_defaults(run=run)


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """What tells what is to be made."""
    parser.add_argument(
        "recordings", type=Path, nargs="+", metavar="RECORDING", help="files, folders of them, or a plan's plan.json"
    )
    parser.add_argument("--style", nargs="+", default=[], metavar="STYLE", help=f"each of them: {', '.join(STYLES)}")
    parser.add_argument(
        "--seed", nargs="+", type=whole_number(SEED.low, SEED.high), default=[], metavar="SEED", help="each of them"
    )
    for name, limits in (("speed", SPEED), ("amplitude", AMPLITUDE), ("rate", RATE), ("fps", FPS)):
        parser.add_argument(f"--{name}", type=number(limits.low, limits.high), default=limits.default)
    parser.add_argument("--seated", action="store_true", help="the people sit, and rest their hands on the lap")
    parser.add_argument("--video", action="store_true", help="make videos, too")
    parser.add_argument("--engine", default="previz", help="of the videos (default: previz)")
    parser.add_argument("--size", type=size, metavar="WIDTHxHEIGHT", help="of the videos")
    parser.add_argument("--format", default="mp4", help="of the videos: mp4, webm, prores … (default: mp4)")
    parser.add_argument("--scene", action="store_true", help="make Blender scenes, too, by a Blender without a window")
    parser.add_argument("--fbx", action="store_true", help="make FBX files, too, by a Blender without a window")
    parser.add_argument("--portrait", type=Path, help="for recordings that have none beside them")


def planned(options: argparse.Namespace) -> "list[Item]":
    """The items that are asked for.

    Raises:
        ServiceError: one of them cannot be made; one sentence.
    """
    from chironomy.service.farm.plan import BLENDER, items_of, read_plan

    if any(path.suffix.lower() == ".json" for path in options.recordings):
        if len(options.recordings) > 1:
            raise ChironomyError("A plan is made alone: name it, or recordings")
        return read_plan(options.recordings[0])
    width, height = options.size or (None, None)
    video = {"engine": options.engine, "format": options.format, "width": width, "height": height}
    gesture = {name: getattr(options, name) for name in ("speed", "amplitude", "rate", "seated", "fps")}
    blender = [name for name in BLENDER if getattr(options, name)]
    wanted = video if options.video else None
    return items_of(options.recordings, options.style, options.seed, gesture, options.portrait, wanted, blender)


def run(options: argparse.Namespace) -> int:
    """Make them all; the exit code is 1 where one of them could not be made."""
    from chironomy.service.blender import find_blender, find_extension
    from chironomy.service.farm.cluster import run_on_cluster
    from chironomy.service.farm.local import run_here
    from chironomy.service.farm.stages import stages

    items = planned(options)
    if any(item.blender for item in items) and options.ray is None:
        # Said before anything is made; the processes that do it are told by their surroundings.
        if (blender := find_blender(options.blender)) is not None:
            os.environ["CHIRONOMY_BLENDER"] = blender
        os.environ["CHIRONOMY_EXTENSION"] = str(find_extension(options.extension))
    count, ended = sum(len(stages(item)) for item in items), 0

    def tell(outcome: "Outcome") -> None:
        nonlocal ended
        ended += 1
        how = outcome.error or (f"{outcome.seconds:.1f} s" if outcome.seconds else "was done before")
        print(f"{ended}/{count}  {outcome.item}  {outcome.stage}: {how}", flush=True)

    with made_folder(options.out):
        out = options.out.absolute()
        if options.ray is None:
            outcomes = run_here(items, out, options.processes, tell)
        else:
            outcomes = run_on_cluster(items, out, options.ray, tell)
    failed = [outcome for outcome in outcomes if outcome.error]
    summarise(outcomes, items, out)
    print(f"\n{table([('items', str(len(items))), ('stages', str(count)), ('failed', str(len(failed)))])}")
    print(f"{out / SUMMARY} tells all")
    if failed:
        print(f"chironomy: {failed[0].item}: {failed[0].error}", file=sys.stderr)
    return 1 if failed else 0


def summarise(outcomes: "Sequence[Outcome]", items: "Sequence[Item]", out: Path) -> None:
    """Write the table of what was made; what was done before keeps the seconds that it took then."""
    from chironomy.service.farm.stages import result

    named = {item.name: item for item in items}
    before = _seconds_before(out / SUMMARY)
    with atomic_path(out / SUMMARY) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("item", "stage", "state", "seconds", "file", "error"))
        for outcome in outcomes:
            made = result(named[outcome.item], outcome.stage, out).relative_to(out).as_posix()
            state = "failed" if outcome.error else "done"
            seconds = f"{outcome.seconds:.1f}"
            if not outcome.seconds and not outcome.error:
                seconds = before.get((outcome.item, outcome.stage), seconds)
            row = (outcome.item, outcome.stage, state, seconds, "" if outcome.error else made)
            writer.writerow((*row, outcome.error or ""))


def _seconds_before(summary: Path) -> dict[tuple[str, str], str]:
    """The seconds that each stage took which an older table calls done, by item and stage."""
    try:
        rows = list(csv.DictReader(summary.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeError, csv.Error):
        return {}
    wanted = ("item", "stage", "seconds")
    done = [row for row in rows if row.get("state") == "done" and all(row.get(name) for name in wanted)]
    return {(row["item"], row["stage"]): row["seconds"] for row in done}
