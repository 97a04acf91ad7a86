# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing the character on a processor: rasteriser, light, occlusion, shading, the studio and its backdrops."""
