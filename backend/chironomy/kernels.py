# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast matrix products where numpy does not know the processor.

numpy's wheels carry OpenBLAS, which knows processors by their model numbers. One that is younger than the wheel is
taken for the oldest there is, and matrix products then take several times as long. OpenBLAS reads the kernels to take
from the variable `OPENBLAS_CORETYPE` when numpy is first imported: https://github.com/OpenMathLib/OpenBLAS#readme.
"""

import os
import sys
from collections.abc import Set as AbstractSet
from pathlib import Path

_VARIABLE = "OPENBLAS_CORETYPE"
_AVX512 = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
_AVX2 = frozenset({"avx2", "fma"})
# Of Windows' `IsProcessorFeaturePresent`. Whoever has AVX-512F beside AVX2 there has the other four.
_WINDOWS = {"avx2": 40, "fma": 40, **dict.fromkeys(_AVX512, 41)}


def choose_kernels() -> None:
    """Name the kernels for this processor, unless somebody did or numpy is there already; others are left alone.

    Processes that this one starts inherit it.
    """
    if _VARIABLE in os.environ or "numpy" in sys.modules:
        return
    if kernels := kernels_for(_features()):
        os.environ[_VARIABLE] = kernels


def kernels_for(features: AbstractSet[str]) -> str:
    """OpenBLAS's name of the kernels for a processor with these features, as Linux calls them; "" to let it choose."""
    if features >= _AVX512 | _AVX2:
        return "SkylakeX"
    return "Haswell" if features >= _AVX2 else ""


def _features() -> frozenset[str]:
    """What this processor can do; empty where it is no x86 or cannot be asked."""
    if sys.platform == "win32":
        import ctypes

        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        return frozenset(name for name, number in _WINDOWS.items() if present(number))
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            line = next((line for line in file if line.startswith("flags")), "")
    except OSError:  # no Linux
        return frozenset()
    return frozenset(line.partition(":")[2].split())
