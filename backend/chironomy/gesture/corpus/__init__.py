# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic corpus of speech and hands: texts of our own, spoken by free voices, gestured by rule.

No corpus of speech with fingers may be shipped with free weights, so the embedded model learns from this one. Its rules
come from the literature on gesture: units and phrases (Kendon 2004, "Gesture"; McNeill 1992, "Hand and Mind"), strokes
on or just before the pitch accent (Loehr 2012, "Temporal, structural and pragmatic synchrony between intonation and
gesture"), minimum-jerk movements (Flash and Hogan 1985) that overlap (Flash and Henis 1991).
"""
