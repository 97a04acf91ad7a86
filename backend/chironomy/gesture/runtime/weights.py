# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading weights in the safetensors format, which Blender's Python has no package for.

The file is a header's length (8 bytes, little-endian), the header (JSON: for each tensor its `dtype`, `shape` and
`data_offsets`, from the header's end on) and the numbers, row by row: https://github.com/huggingface/safetensors.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.errors import GestureError
from chironomy.reading import DAMAGE, About, read_object

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_LARGEST_HEADER = 1 << 20


def read_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """All tensors of a file by their names, as float32.

    Raises:
        GestureError: the file is missing, damaged, or holds other than floating-point numbers; one sentence.
    """
    about = About(str(path), GestureError, "copy the model again")
    try:
        data = path.read_bytes()
    except OSError as error:
        about.fail(f"cannot be read ({error.strerror or error})", error)
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(len(data) - 8, _LARGEST_HEADER):
        about.fail("is no whole file of weights: it is damaged, cut short or of another kind")
    header = read_object(data[8 : 8 + size], GestureError, name=str(path), advice=about.advice)
    header.pop("__metadata__", None)
    try:
        return {name: _tensor(memoryview(data)[8 + size :], entry) for name, entry in header.items()}
    except DAMAGE as error:
        about.fail(f"is no whole file of weights ({error})", error)


def _tensor(data: memoryview, entry: dict[str, Any]) -> NDArray[np.float32]:
    shape, (begin, end) = entry["shape"], entry["data_offsets"]
    if entry["dtype"] not in _TYPES:
        raise ValueError(f"numbers of type {entry['dtype']!r:.20}, where {', '.join(_TYPES)} are read")
    numbers = np.dtype(_TYPES[entry["dtype"]])
    whole = all(isinstance(side, int) and side >= 0 for side in (*shape, begin, end))
    if not whole or end > len(data) or end - begin != math.prod(shape) * numbers.itemsize:
        raise ValueError("a tensor's place and shape do not fit the file")
    return np.frombuffer(data[begin:end], numbers).reshape(shape).astype(np.float32)
