# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what is claimed of gestures, and write it as a table: `make bench-gesture`.

Every section can be run alone (`--only speed,steps`; those of the table that are not measured anew stay), states the
target where there is one, and says PASS or short. What compares with the corpus only checks that training took, and
is not counted among the targets.
Held-out recordings and plans come from the corpus's own command with seeds that no training uses; real recordings from
`--recordings`; other weights to compare with from `--baseline`. With all sections it takes some ten minutes.
"""

import chironomy  # noqa: F401, first, as in every process of the product: it chooses numpy's kernels. isort: skip

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import torch

from chironomy.gesture import embedded_weights
from chironomy.gesture.training.card import with_measured
from gesture_benchmarks.alignment import measure_alignment
from gesture_benchmarks.bench import HEADINGS, Bench, Figure, Section, Table, weights_identity
from gesture_benchmarks.controls import measure_controls, measure_pins
from gesture_benchmarks.cost import measure_length, measure_speed
from gesture_benchmarks.people import measure_people
from gesture_benchmarks.score import measure_score
from gesture_benchmarks.styles import measure_styles
from gesture_benchmarks.synthetic import measure_distance, measure_diversity, measure_smoothness, measure_steps
from gesture_benchmarks.validity import measure_limits, measure_robustness
from gesture_benchmarks.words import measure_words

SECTIONS: dict[str, tuple[str, Section]] = {
    "speed": ("Speed", measure_speed),
    "length": ("Length and memory", measure_length),
    "people": ("Beside two people", measure_people),
    "alignment": ("Alignment with speech", measure_alignment),
    "distance": ("Check of training: distance to held-out synthetic motion", measure_distance),
    "diversity": ("Check of training: diversity beside the corpus's", measure_diversity),
    "smoothness": ("Check of training: smoothness beside the corpus's", measure_smoothness),
    "steps": ("Denoising steps", measure_steps),
    "limits": ("Joint limits and penetration", measure_limits),
    "pins": ("Pins", measure_pins),
    "score": ("Score", measure_score),
    "words": ("Words", measure_words),
    "controls": ("Controls", measure_controls),
    "styles": ("Styles", measure_styles),
    "robustness": ("Robustness", measure_robustness),
}


def main() -> int:
    """Run the sections that were asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=embedded_weights(), help="folder of the model")
    parser.add_argument("--baseline", type=Path, help="folder of other weights to compare with")
    parser.add_argument("--recordings", type=Path, help="folder of real recordings")
    parser.add_argument(
        "--clips", type=Path, help="folder of clips for FGD's extractor (default: makes a small corpus)"
    )
    parser.add_argument("--only", type=_sections, default=list(SECTIONS), help=f"some of {','.join(SECTIONS)}")
    parser.add_argument("--seeds", type=int, default=40, help="motions for each recording in the alignment")
    parser.add_argument("--items", type=int, default=24, help="held-out recordings")
    parser.add_argument("--threads", type=int, default=2, help="of torch; speeds are claimed for 2")
    parser.add_argument("--long", action="store_true", help="measure an hour of speech too")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    parser.add_argument("--card", action="store_true", help="put the judged figures into the model card of the weights")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    bench = Bench(
        options.weights,
        options.baseline,
        options.recordings,
        options.clips,
        options.seeds,
        options.items,
        options.long,
        options.threads,
    )
    results: dict[str, list[Figure | Table | str]] = {}
    for name in options.only:
        print(f"— {name}", file=sys.stderr, flush=True)
        begin = time.perf_counter()
        results[name] = SECTIONS[name][1](bench)
        for row in results[name]:
            if isinstance(row, Figure):
                print("     ", " | ".join(row.cells()[:4]), file=sys.stderr, flush=True)
        print(f"      {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    sections = {SECTIONS[name][0]: _section(rows) for name, rows in results.items()}
    if options.write and options.write.is_file() and len(sections) < len(SECTIONS):
        sections = _sections_of(options.write.read_text(encoding="utf-8")) | sections
        sections = {title: sections[title] for title, _ in SECTIONS.values() if title in sections}
    text = "\n".join(_document(bench, sections)) + "\n"
    print(text)
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    if options.card:
        card = options.weights / "MODEL_CARD.md"
        card.write_text(with_measured(card.read_text(encoding="utf-8"), _for_card(bench, sections)), encoding="utf-8")
    return 0


def _sections(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"there is no section {name!r}; there are {', '.join(SECTIONS)}")
    return names


def _document(bench: Bench, sections: dict[str, list[str]]) -> list[str]:
    """The whole table, of sections by title."""
    judged = _judged(sections)
    short = [name for name, _, _, verdict in judged if verdict != "PASS"]
    config = bench.pipeline.transformer.config
    lines = [
        "# Benchmarks of gestures",
        "",
        "Written by `make bench-gesture`. Speeds are of the machine named here, whose other load is not known: compare",
        "them with the yardstick of the same run. Each metric's formula and source stand in its module in",
        "`chironomy.evaluation`. Sections may be of different runs: compare figures within a section.",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch "
        f"{torch.__version__}. Weights {weights_identity(bench.weights)}, trained on {config['trained_on']}"
        + (f"; baseline {weights_identity(bench.baseline)}" if bench.baseline else "")
        + ".",
        "",
        f"**{len(judged) - len(short)} of {len(judged)} targets are met.**"
        + (f" Short of target: {'; '.join(short)}." if short else ""),
    ]
    for title, block in sections.items():
        lines += ["", f"## {title}", *block]
    return lines


def _section(rows: list[Figure | Table | str]) -> list[str]:
    """The lines of a section, but for its heading."""
    lines: list[str] = []
    figures: list[Figure] = []
    for row in [*rows, None]:
        if isinstance(row, Figure):
            figures.append(row)
            continue
        if figures:
            lines += ["", *_markdown(HEADINGS, [figure.cells() for figure in figures])]
            figures = []
        if isinstance(row, Table):
            lines += ["", *_markdown(row.headings, row.rows)]
        elif row is not None:
            lines += ["", row]
    return lines


def _sections_of(text: str) -> dict[str, list[str]]:
    """The sections of a table that was written before, by title: those that are not measured anew stay."""
    sections: dict[str, list[str]] = {}
    for part in text.split("\n## ")[1:]:
        title, *block = part.rstrip().split("\n")
        sections[title] = block
    return sections


def _judged(sections: dict[str, list[str]]) -> list[list[str]]:
    """Name, value, target and verdict of every figure that has a target."""
    lines = [line for block in sections.values() for line in block if line.startswith("| ")]
    rows = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]
    rows = [[cell.strip() for cell in row[:4]] for row in rows if len(row) == len(HEADINGS)]
    return [row for row in rows if row[3] in ("PASS", "**short**")]


def _for_card(bench: Bench, sections: dict[str, list[str]]) -> str:
    """The figures that have a target, with the whole story in the table."""
    lines = [
        f"By `make bench-gesture` on {bench.recordings_are} and held-out synthetic speech; intervals are of 95 %.",
        "",
        *_markdown(["figure", "value", "target", ""], _judged(sections)),
    ]
    return "\n".join(lines)


def _markdown(headings: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (headings, ["---"] * len(headings), *rows)]


if __name__ == "__main__":
    raise SystemExit(main())
