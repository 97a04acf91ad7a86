# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m chironomy.gesture.corpus FOLDER`: make the synthetic corpus, or what is missing of it."""

import argparse
import sys
from pathlib import Path

from chironomy.errors import ChironomyError
from chironomy.gesture.corpus.build import CorpusSettings, build_corpus


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if the corpus is complete."""
    default = CorpusSettings()
    parser = argparse.ArgumentParser(prog="python -m chironomy.gesture.corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the shards go; complete ones are kept")
    parser.add_argument("--items", type=int, default=default.items, help="recordings of about 15 s")
    parser.add_argument("--variants", type=int, default=default.variants, help="motions for each recording")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    settings = CorpusSettings(options.items, options.variants, options.seed)
    try:
        build_corpus(options.folder, settings, options.workers)
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
