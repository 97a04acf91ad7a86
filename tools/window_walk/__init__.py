# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through the add-on in a real Blender window, by clicks and keys: `make test-window`."""
