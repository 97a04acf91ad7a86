# SPDX-License-Identifier: GPL-3.0-or-later
"""What hands can do in speech: the kinds of gesture and the shapes of a hand, as plain data."""
