# SPDX-License-Identifier: GPL-3.0-or-later
"""The character in Blender: how it is built, read, keyed and edited."""
