# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy fit`: where the character is in a portrait, in this process."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from chironomy.commands.arguments import size
from chironomy.commands.output import output_file
from chironomy.commands.progress import Steps, file_size


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "fit",
        help="a portrait to camera, proportions and resting hands",
        description=(
            "Find a person in a portrait, and the camera, body proportions and rest pose that lay the character over "
            "them. Needs mediapipe, or on Python 3.13 and later ai-edge-litert: pip install 'chironomy[vision]'."
        ),
    )
    parser.add_argument("portrait", type=Path, metavar="PORTRAIT", help="a half-body picture of one person")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="the fit (chironomy.fit/1)")
    parser.add_argument("--overlay", type=Path, metavar="FILE.png", help="a picture of the fit over the portrait")
    parser.add_argument(
        "--size", type=size, metavar="WxH", help="make the camera one of this size (default: the portrait's)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fit the character."""
    from chironomy.video.portrait.solve import fit_picture

    steps = Steps()
    with contextlib.ExitStack() as outputs:
        out = outputs.enter_context(output_file(options.out, ".json", (options.portrait,)))
        drawn = None
        if options.overlay is not None:
            drawn = outputs.enter_context(output_file(options.overlay, ".png", (options.portrait, out), "--overlay"))
        with steps.step("fit"):
            fit = fit_picture(options.portrait, work=steps.work("fit"))
        if drawn is not None:
            with steps.step("overlay"):
                from chironomy.video.maps.overlay import save_overlay

                save_overlay(fit, options.portrait, drawn)
        (fit if options.size is None else fit.resized(*options.size)).save(out)
        for note in fit.notes:
            print(f"{options.portrait.name}: {note}", file=sys.stderr)
        point, miss = fit.worst
        print(f"{out}  {len(fit.residuals)} measures, the worst {point} by {100 * miss:.1f} % of the picture's height")
        if drawn is not None:
            print(f"{drawn}  {file_size(drawn)}")
    return 0
