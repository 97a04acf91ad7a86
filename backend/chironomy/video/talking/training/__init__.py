# SPDX-License-Identifier: GPL-3.0-or-later
"""Training stage 2: people's videos become items, items become batches, batches train the networks in three stages.

`items` reads folders, `batches` cuts clips of them, `stages` says what learns when, `trainer` makes steps, `run` is the
command; `prepare` makes items of plain videos.
"""
