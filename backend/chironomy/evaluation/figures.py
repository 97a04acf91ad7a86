# SPDX-License-Identifier: GPL-3.0-or-later
"""How figures are told: as the rows of a table, and as plain values for JSON."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chironomy.evaluation.bootstrap import Interval


@dataclass(frozen=True)
class Metric:
    """How a figure is to be read.

    Attributes:
        unit: "" for shares and scores.
        better: "higher", "lower", or what else it should be like.
        digits: after the point.
    """

    unit: str
    better: str
    digits: int = 3


def figure_rows(
    figures: Mapping[str, Interval], metrics: Mapping[str, Metric], several: bool
) -> list[tuple[str, str, str, str, str]]:
    """Cells of a table: metric, value, interval, unit, what is better; headings first, then in the metrics' order.

    Args:
        figures: by name.
        metrics: by name, those of the figures and others.
        several: whether more than one thing was measured; intervals of one are left out.
    """
    rows = [("metric", "value", "95 % interval", "unit", "better")]
    for name, metric in metrics.items():
        if name in figures:
            figure = figures[name]
            known = not math.isnan(figure.low) and several
            span = f"{figure.low:.{metric.digits}f} to {figure.high:.{metric.digits}f}" if known else ""
            rows.append((name, f"{figure.value:.{metric.digits}f}", span, metric.unit, metric.better))
    return rows


def figure_records(figures: Mapping[str, Interval], metrics: Mapping[str, Metric]) -> dict[str, dict[str, Any]]:
    """Each figure with its interval, unit and what is better."""
    return {
        name: {**asdict(figure), "unit": metrics[name].unit, "better": metrics[name].better}
        for name, figure in figures.items()
    }


def plain(value: Any) -> Any:
    """A value for JSON: tuples become lists, and numbers that are not finite null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
