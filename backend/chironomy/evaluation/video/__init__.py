# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of the video, as in Table 2 of EMO2 (arXiv 2501.10687), each with its formula, unit, source and extractor."""
