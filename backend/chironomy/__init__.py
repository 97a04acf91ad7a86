# SPDX-License-Identifier: GPL-3.0-or-later
"""Chironomy: hands that speak.

Speech becomes MANO hand motion, the motion becomes editable keys on a rig in Blender, and the edited tracks become
video. Importing the package needs numpy alone; every heavier dependency is imported by the room that uses it.
"""

from chironomy.kernels import choose_kernels

choose_kernels()

__version__ = "0.1.0"
