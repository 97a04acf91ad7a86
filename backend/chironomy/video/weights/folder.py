# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the weights of video models lie: one folder a model, in one folder for a user's data."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from chironomy.files import user_folder
from chironomy.shot.errors import VideoError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def weights_folder() -> Path:
    """The folder that `CHIRONOMY_WEIGHTS` names, or else `weights` in the user's folder."""
    named = os.environ.get("CHIRONOMY_WEIGHTS", "")
    return Path(named) if named else user_folder() / "weights"


def unfinished_folder() -> Path:
    """Where parts of renders wait that were stopped."""
    return user_folder() / "unfinished"


def find_weights(names: Sequence[str], wanted: object = None) -> Path:
    """The folder of a model's weights.

    Args:
        names: of folders that hold a model of the kind, the best first.
        wanted: the name of another folder beside them. A shot may come from another program, so this is a name and
            never a path.

    Raises:
        VideoError: none is there; the sentence says where it was looked for.
    """
    root = weights_folder()
    if wanted is not None:
        if not isinstance(wanted, str) or not _NAME.fullmatch(wanted):
            raise VideoError(
                f"setting weights is {wanted!r:.80}; give the name of a folder in {root}, or set CHIRONOMY_WEIGHTS to "
                "the folder that it is in"
            )
        names = (wanted,)
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise VideoError(
        f"there are no weights in {root} (looked for {', '.join(names)}); put them there, or set CHIRONOMY_WEIGHTS to "
        "the folder that they are in"
    )
