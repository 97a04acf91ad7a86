# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring the results of both stages, each metric with its formula, unit and source."""
