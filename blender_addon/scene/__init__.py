# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators do in a scene, as functions: one use case a file."""
