# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a model takes while it runs, and how much there is."""

import os
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from chironomy.shot.errors import VideoError


def dtype_named(dtype: torch.dtype | str) -> torch.dtype:
    """The type that a setting names.

    Raises:
        VideoError: it names none.
    """
    named = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    named |= {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype not in named:
        raise VideoError(f"dtype is {dtype!r}; choose float32, float16 or bfloat16")
    return named[dtype]


def free_memory(device: torch.device | str) -> int | None:
    """Bytes that are free on a device now, or None where that cannot be told."""
    device = torch.device(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    if find_spec("psutil") is not None:
        import psutil

        return int(psutil.virtual_memory().available)
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


_LESS = (
    "choose a smaller size, dtype float16 or bfloat16, offload model or sequential on a GPU, or fewer window_frames, "
    "or close other programs"
)


def check_memory(needed: int, device: torch.device | str, free: int | None = None, less: str = _LESS) -> None:
    """See that there is enough memory.

    Args:
        needed: bytes.
        device: that computes.
        free: bytes that are free; found out when None.
        less: what a person can do to need less.

    Raises:
        VideoError: there is too little; the sentence says how much, and what needs less.
    """
    free = free_memory(device) if free is None else free
    if free is not None and needed > free:
        where = "the GPU" if torch.device(device).type == "cuda" else "main memory"
        raise VideoError(
            f"this render needs about {needed / 2**30:.1f} GiB and {where} has {free / 2**30:.1f} GiB free; {less}"
        )


class Alive(TorchDispatchMode):
    """Adds up what is alive of the tensors that are made inside.

    Args:
        modules: whose weights are there anyway: a linear layer looks at its matrix turned, which makes no second one.

    Attributes:
        now: bytes that are alive.
        most: the largest number of bytes that were alive at the same time.
    """

    def __init__(self, *modules: torch.nn.Module) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: set[int] = set()
        for module in modules:
            for tensor in (*module.parameters(), *module.buffers()):
                self._known.add(tensor.untyped_storage()._cdata)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for made in result if isinstance(result, tuple | list) else (result,):
            if isinstance(made, torch.Tensor):
                self._count(made)
        return result

    def _count(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        # The storage's own object, not Python's handle on it, which comes anew with every call.
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._free, key, size)

    def _free(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


class FusedAttention(TorchFunctionMode):
    """Attention as fused kernels compute it: nothing but the result takes memory that grows with the square."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.scaled_dot_product_attention:
            query, _, value = args[:3] if len(args) > 2 else (*args, *list((kwargs or {}).values()))[:3]
            return query.new_empty(*query.shape[:-1], value.shape[-1])
        return func(*args, **(kwargs or {}))
