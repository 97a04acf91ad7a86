# SPDX-License-Identifier: GPL-3.0-or-later
"""FGD, the Fréchet gesture distance: how far the motions' distribution is from a reference's. Lower is nearer; 0 is it.

The Fréchet distance (`chironomy.evaluation.frechet`) between the latents of windows of hand motion in the space of an
auto-encoder (`chironomy.evaluation.extractor`; Yoon et al. 2020, arXiv 2009.02119). The field's tables use three
incompatible extractors, so a distance here carries the hash of its own, and distances of different extractors are never
compared. It is biased upwards by few windows: give both sides several hundred.

`python -m chironomy.evaluation.fgd train --clips FOLDER --out FOLDER` trains an extractor on a folder of clips.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering
from pathlib import Path
from typing import TYPE_CHECKING

from chironomy.errors import ChironomyError
from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.frechet import frechet_distance
from chironomy.motion.hand_motion import HandMotion

if TYPE_CHECKING:
    from chironomy.evaluation.extractor import Extractor


@total_ordering
@dataclass(frozen=True, eq=False)
class GestureDistance:
    """An FGD; compare it with others of the same extractor by `<` or `ratio`.

    Attributes:
        value: squared units of the latents.
        extractor: identity of the extractor.
        windows: how many windows of the motions went in.
        reference_windows: how many of the reference.
    """

    value: float
    extractor: str
    windows: int
    reference_windows: int

    def ratio(self, other: "GestureDistance") -> float:
        """This distance as a part of the other.

        Raises:
            EvaluationError: they come from different extractors.
        """
        self._check(other)
        return self.value / max(other.value, 1e-12)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GestureDistance):
            return NotImplemented
        self._check(other)
        return self.value == other.value

    def __lt__(self, other: "GestureDistance") -> bool:
        self._check(other)
        return self.value < other.value

    def __hash__(self) -> int:
        return hash((self.value, self.extractor))

    def __str__(self) -> str:
        return f"{self.value:.4g} (extractor {self.extractor})"

    def _check(self, other: "GestureDistance") -> None:
        if self.extractor != other.extractor:
            raise EvaluationError(
                f"FGDs of extractors {self.extractor} and {other.extractor} are not comparable; measure both with one"
            )


def gesture_distance(
    extractor: "Extractor", motions: Sequence[HandMotion], reference: Sequence[HandMotion]
) -> GestureDistance:
    """FGD of the motions from the reference.

    Raises:
        EvaluationError: one of them has too few windows of 2 s.
    """
    given, wanted = extractor.features(motions), extractor.features(reference)
    return GestureDistance(frechet_distance(given, wanted), extractor.identity, len(given), len(wanted))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if the extractor was written."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.evaluation.fgd", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train an extractor on a folder of clips")
    train.add_argument("--clips", type=Path, required=True, help="folder of clips (corpus or dataset)")
    train.add_argument("--out", type=Path, required=True, help="folder to write")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--steps", type=int, default=1200)
    options = parser.parse_args(arguments)
    try:
        from chironomy.evaluation.extractor import train_extractor
        from chironomy.evaluation.sources import clip_motions
        from chironomy.gesture.clips import read_description

        description = read_description(options.clips)
        motions = clip_motions(options.clips)
        extractor = train_extractor(
            motions, description["trained_on"], options.seed, options.steps, show_progress=sys.stderr.isatty()
        )
        extractor.save(options.out)
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{options.out}  extractor {extractor.identity}, trained on {extractor.description['frames']} frames of "
        f"{description['trained_on']}; {100 * extractor.description['unexplained']:.1f} % of the variance is not "
        "reconstructed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
