# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine has a GPU that NVIDIA's PyTorch computes on."""

import shutil
import subprocess

from chironomy import processes

_SECONDS = 20


def has_nvidia() -> bool:
    """Whether nvidia-smi, which comes with the driver, lists a GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        said = processes.run([program, "-L"], capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return said.returncode == 0 and "GPU" in said.stdout
