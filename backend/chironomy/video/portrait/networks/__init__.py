# SPDX-License-Identifier: GPL-3.0-or-later
"""mediapipe's networks without mediapipe: the .tflite models run by LiteRT, and all around them in numpy.

What each network takes and gives is published with the graphs of mediapipe 0.10.21 (Apache-2.0,
github.com/google-ai-edge/mediapipe, `mediapipe/modules`): sizes, ranges, anchors, thresholds, and how the part of the
picture is chosen. Each room's numbers come from there.
"""
