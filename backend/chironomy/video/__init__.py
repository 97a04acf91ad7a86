# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage 2: from the edited hand tracks to video. A `Shot` goes in; an engine makes its frames, ffmpeg the file.

Every module imports what it needs itself, so that a program that only writes shots needs neither numba nor ffmpeg.
"""
