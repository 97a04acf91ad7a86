# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy farm`: a batch for a render farm, and one task of it."""

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from chironomy.commands.batch import add_plan_arguments, planned
from chironomy.errors import ChironomyError
from chironomy.work import Work


def add_to(commands: Any) -> None:
    """Declare the commands."""
    farm = commands.add_parser("farm", help="a batch for a render farm").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    bundle = farm.add_parser(
        "bundle",
        help="write a job bundle of Open Job Description",
        description=(
            "Write a folder that `openjd run` and AWS Deadline Cloud do as a job: the template, the plan, and all that "
            "the work starts from."
        ),
    )
    add_plan_arguments(bundle)
    bundle.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="of the bundle; must be new")
    bundle.add_argument("--name", default="Chironomy", help="of the job")
    bundle.add_argument("--program", default="chironomy", help="what runs chironomy on the workers")
    bundle.set_defaults(run=run_bundle)
    task = farm.add_parser(
        "task",
        help="do one stage of one item of a plan",
        description=(
            "Do one stage of one item, unless that was done. How far it is goes to the standard output as lines of "
            "Open Job Description: openjd_progress, openjd_status and openjd_fail."
        ),
    )
    task.add_argument("--plan", type=Path, required=True, metavar="FILE", help="plan.json")
    task.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="of all results")
    task.add_argument("--item", required=True, metavar="NAME")
    task.add_argument("--stage", required=True, choices=("gesture", "fit", "video", "performance", "scene", "fbx"))
    task.set_defaults(run=run_task)


def run_bundle(options: argparse.Namespace) -> int:
    """Write the bundle."""
    from chironomy.service.farm.openjd import write_bundle

    items = planned(options)
    write_bundle(items, options.out, options.name, options.program)
    print(f"{options.out}  {len(items)} items; try it by: openjd run {options.out / 'template.json'} --step Gesture")
    return 0


def run_task(options: argparse.Namespace) -> int:
    """Do one stage."""
    from chironomy.service.farm.plan import read_plan
    from chironomy.service.farm.stages import do, stages

    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    said = ["", ""]

    def tell(fraction: float, message: str = "") -> None:
        for number, line in enumerate((f"openjd_progress: {100 * fraction:.1f}", f"openjd_status: {message}")):
            if said[number] != line and not (number and not message):
                said[number] = line
                print(line, flush=True)

    try:
        item = next((item for item in read_plan(options.plan) if item.name == options.item), None)
        if item is None or options.stage not in stages(item):
            raise ChironomyError(f"The plan {options.plan} has no {options.stage} of {options.item!r}")
        options.out.mkdir(parents=True, exist_ok=True)
        made = do(item, options.stage, options.out.absolute(), Work(tell, stopped.is_set))
    except ChironomyError as error:
        print(f"openjd_fail: {' '.join(str(error).split())}", flush=True)
        raise
    print(made, file=sys.stderr)
    return 0
