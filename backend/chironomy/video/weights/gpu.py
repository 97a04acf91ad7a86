# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine's GPU has the memory that weights take, in words: told before anybody downloads them."""

from importlib.util import find_spec

NO_GPU = "there is no GPU here that torch can use"


def gpu_gigabytes() -> float | None:
    """Gigabytes of the GPU that torch can use; None where there is none."""
    if find_spec("torch") is None:
        return None
    import torch

    return torch.cuda.mem_get_info()[1] / 1e9 if torch.cuda.is_available() else None


def gpu_told(needed: float) -> str:
    """Tell what weights need that take so many gigabytes of a GPU's memory, and what is here."""
    here = gpu_gigabytes()
    if here is None:
        return f"from {needed:g} GB of GPU memory on, and {NO_GPU}"
    return f"from {needed:g} GB of GPU memory on: {'fits' if here >= needed else 'does not fit'} the {here:.0f} GB here"
