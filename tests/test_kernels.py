# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix products take this processor's kernels, unless somebody chose others."""

import os
import subprocess
import sys

import pytest

from chironomy.kernels import kernels_for

AVX2 = {"sse2", "avx", "avx2", "fma"}
AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}


@pytest.mark.parametrize(
    ("features", "kernels"),
    [
        (set(), ""),
        ({"sse2", "avx"}, ""),
        (AVX2, "Haswell"),
        (AVX2 | {"avx512f", "avx512cd"}, "Haswell"),
        (AVX2 | AVX512, "SkylakeX"),
    ],
)
def test_kernels_are_those_that_the_processor_can_run(features, kernels):
    assert kernels_for(features) == kernels


def told(program: str, **variables: str) -> str:
    """What a fresh process prints."""
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=kept | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


VARIABLE = "import os; print(os.environ.get('OPENBLAS_CORETYPE', ''))"


def test_a_process_of_the_library_names_them_before_numpy_is_there():
    assert told(f"import chironomy; {VARIABLE}") in ("", "Haswell", "SkylakeX")
    assert told(f"import chironomy; {VARIABLE}") == told(
        "from chironomy import kernels; print(kernels.kernels_for(kernels._features()))"
    )


def test_kernels_that_somebody_chose_stay():
    assert told(f"import chironomy; {VARIABLE}", OPENBLAS_CORETYPE="Prescott") == "Prescott"


def test_a_program_that_has_numpy_already_keeps_its_variables():
    assert told(f"import numpy, chironomy; {VARIABLE}") == ""


def test_products_are_right_with_them():
    program = "import chironomy, numpy as np; a = np.arange(4000.0).reshape(50, 80); print(int((a @ a.T)[1, 2]))"
    assert int(told(program)) == sum((80 + i) * (160 + i) for i in range(80))
