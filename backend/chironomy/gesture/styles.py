# SPDX-License-Identifier: GPL-3.0-or-later
"""The named styles, in the order in which a model numbers them."""

STYLES: tuple[str, ...] = ("neutral", "calm", "lively", "emphatic")
