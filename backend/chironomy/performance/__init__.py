# SPDX-License-Identifier: GPL-3.0-or-later
"""What the product is used for, each written once: gestures for a speech, a whole performance, a shot of it.

The button in Blender, the command and the backend's job call these; they add nothing but where things come from.
"""
