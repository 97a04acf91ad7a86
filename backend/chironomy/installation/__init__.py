# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing a backend: a Python to do it with, and an environment of its own, part by part.

It needs the standard library alone, so that it runs inside Blender and before anything is installed.
"""
