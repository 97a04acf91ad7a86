# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage 1 in numpy: a saved gesture model of prosody, computed without torch and diffusers.

So gestures are made inside Blender and in a command that starts at once. The same seed gives what `GesturePipeline`
gives, to a tenth of a millimetre. Training, GPUs, models that hear through a wav2vec2 network and schedulers other than
rectified flow need torch.
"""

from chironomy.gesture.runtime.runtime import GestureRuntime, reason_against

__all__ = ["GestureRuntime", "reason_against"]
