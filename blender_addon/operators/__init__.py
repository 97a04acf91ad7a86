# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can do; each file holds one part of the work."""
