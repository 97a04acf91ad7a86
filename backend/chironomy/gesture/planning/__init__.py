# SPDX-License-Identifier: GPL-3.0-or-later
"""When, what and where a speaker gestures: plans, as scores to perform and as movements to learn from.

Importing this needs numpy alone.
"""
