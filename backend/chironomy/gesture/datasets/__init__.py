# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of people talking, as a person has them on disk, turned into folders of clips to learn from.

BEAT2 (Liu et al. 2024, EMAGE, arXiv 2401.00374), SHOW (Yi et al. 2023, TalkSHOW, arXiv 2212.04420), and any folder of
hand motions beside speech. The first two are licensed for non-commercial research: nothing of them is part of this
project, and weights that learn from them carry their terms, which the model card repeats.
"""
