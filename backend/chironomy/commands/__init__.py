# SPDX-License-Identifier: GPL-3.0-or-later
"""One module a command: `add_to` declares its arguments, `run` does it and returns the exit code."""
