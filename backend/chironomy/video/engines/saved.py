# SPDX-License-Identifier: GPL-3.0-or-later
"""What engines with saved weights share: where those lie, and where parts of stopped renders wait."""

from __future__ import annotations

from pathlib import Path

from chironomy.shot.shot import Shot
from chironomy.video.weights.folder import unfinished_folder
from chironomy.video.weights.published import engine_weights


class SavedEngine:
    """An engine whose weights are in a folder.

    Args:
        weights: folder of a saved pipeline; looked for by the shot's setting `weights` when None.
        finished: folder for the parts of renders that were stopped; in the user's data folder when None.
    """

    name: str

    def __init__(self, weights: str | Path | None = None, finished: str | Path | None = None):
        self._weights = None if weights is None else Path(weights)
        self._finished = unfinished_folder() if finished is None else Path(finished)

    def _folder(self, shot: Shot | None) -> Path:
        return self._named(None if shot is None else shot.settings.get("weights"))

    def _named(self, wanted: object) -> Path:
        """The folder of that name among the weights, the preferred one when None; or the one that was given."""
        return self._weights or engine_weights(self.name, wanted)
