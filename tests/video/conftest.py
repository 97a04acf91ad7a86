# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded character in small takes."""

from shots import rig, shot, speaking_shot

__all__ = ["rig", "shot", "speaking_shot"]
