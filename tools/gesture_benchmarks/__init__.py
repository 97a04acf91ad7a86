# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections of `make bench-gesture`, each of which can be run alone."""
