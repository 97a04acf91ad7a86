# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and speech into films and folders of pictures, and what goes with them: notes, burnt-in timecode, sheets."""
