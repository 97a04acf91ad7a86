# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit to picture: the camera, the proportions and the rest pose that lay the character over a portrait.

`fit` and `placement` need numpy alone, so that the add-on may use them; `solve` needs scipy, numba and mediapipe.
"""
