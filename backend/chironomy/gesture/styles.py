# SPDX-License-Identifier: GPL-3.0-or-later
"""The named styles, in the order in which a model numbers them; models with fewer have the first of them."""

STYLES: tuple[str, ...] = ("neutral", "calm", "lively", "emphatic", "precise", "open", "reserved")
