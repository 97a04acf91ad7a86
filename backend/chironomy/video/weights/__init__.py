# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights of every engine: where they lie, what is published, whether they are whole, how much memory they take."""
