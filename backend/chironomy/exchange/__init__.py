# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion in other programs' files, out and in, and what those programs expect. Needs numpy alone."""
