# SPDX-License-Identifier: GPL-3.0-or-later
"""The score: what is gestured when, readable and editable.

A score lists gesture phrases (Kendon 2004; McNeill 1992): one kind of gesture, of one hand or both, with its strokes.
It is read from motion, written by words, animators and other programs, and given to the model, which invents what the
score leaves open. Importing this needs numpy alone.
"""

from chironomy.gesture.score.frames import SCORE_KINDS, near_phrases, score_dim, score_frames, told
from chironomy.gesture.score.phrases import FIELDS, REST, SCORE_FILE, STATES, Phrase, Score, Stroke, with_rests

__all__ = [
    "FIELDS",
    "REST",
    "SCORE_FILE",
    "SCORE_KINDS",
    "STATES",
    "Phrase",
    "Score",
    "Stroke",
    "near_phrases",
    "score_dim",
    "score_frames",
    "told",
    "with_rests",
]
