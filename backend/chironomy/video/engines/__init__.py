# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines: what turns a shot into frames. Each says what it needs before it starts."""
