# SPDX-License-Identifier: GPL-3.0-or-later
"""One .tflite model, loaded once and run on arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import install
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.silence import silence

Array = NDArray[np.float32]

_MOST_THREADS = 4
"""The networks are small: further threads wait for each other."""


class Network:
    """A model that takes and gives float32 arrays.

    Args:
        model: its file, or its bytes.

    Raises:
        VideoError: LiteRT is missing or cannot be loaded, or the file is no model.
    """

    def __init__(self, model: Path | bytes):
        interpreter = _litert().Interpreter
        threads = max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // 2))
        content = model if isinstance(model, bytes) else model.read_bytes()
        try:
            with silence():
                self._interpreter = interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            name = "a model" if isinstance(model, bytes) else str(model)
            raise VideoError(f"{name} cannot be run by ai-edge-litert: {' '.join(str(error).split())}") from error
        self._inputs = [part["index"] for part in self._interpreter.get_input_details()]
        self._outputs = [part["index"] for part in self._interpreter.get_output_details()]

    def __call__(self, *arrays: Array) -> list[Array]:
        """The model's outputs for its inputs, both in the model's order."""
        for index, array in zip(self._inputs, arrays, strict=True):
            self._interpreter.set_tensor(index, np.ascontiguousarray(array, np.float32))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _litert() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with silence():
            from ai_edge_litert import interpreter
    except ImportError as error:
        raise VideoError(
            f"looking at pictures needs ai-edge-litert, which cannot be loaded ({error}): {install('ai_edge_litert')}"
        ) from error
    return interpreter
