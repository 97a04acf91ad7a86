# SPDX-License-Identifier: GPL-3.0-or-later
"""What choices are called that the library names by identifiers."""

# Not `import bpy`, as in `properties`.


def title(name: str) -> str:
    """Return how Blender writes a choice's identifier: "Point Out" for "point_out"."""
    return " ".join(word.capitalize() for word in name.split("_"))
