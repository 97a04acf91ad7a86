# SPDX-License-Identifier: GPL-3.0-or-later
"""What training is, whichever network learns: steps, averages, checkpoints, several devices.

The trainers of `chironomy.gesture` and of `chironomy.video` add what their networks see and how they are judged.
"""
