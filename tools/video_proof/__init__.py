# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof that stage 2 learns: a small network, drawn people, and what becomes of held-out ones without each condition.

`python -m video_proof` makes the people (`scenes`), trains (`lesson`), measures (`measures`) and
writes what it found (`report`).
"""
