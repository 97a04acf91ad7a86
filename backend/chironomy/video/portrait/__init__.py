# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's picture: reading it, seeing the person in it, and fitting the character to them."""
