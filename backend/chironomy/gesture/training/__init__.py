# SPDX-License-Identifier: GPL-3.0-or-later
"""Training stage 1: windows of clips, the trainer, its log and the card of the weights that it writes."""
