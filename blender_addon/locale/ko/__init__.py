# SPDX-License-Identifier: GPL-3.0-or-later
"""Korean, in the terms of Blender's own Korean."""

from .. import Table
from .labels import LABELS
from .own import OWN_CHARACTER
from .scenes import SCENES
from .score import SCORE
from .sentences import SENTENCES
from .tooltips import TOOLTIPS

KOREAN: Table = {**LABELS, **TOOLTIPS, **SENTENCES, **SCORE, **OWN_CHARACTER, **SCENES}
