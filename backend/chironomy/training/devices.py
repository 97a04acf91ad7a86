# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices that a training run has (accelerate): found, asked, and parted from."""

import time

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, KwargsHandler

from chironomy.errors import ChironomyError


def make_accelerator(
    precision: str, error: type[ChironomyError], *, cpu: bool = False, unused_parameters: bool = False
) -> Accelerator:
    """The devices that the process was started for (`accelerate launch` starts several).

    Args:
        precision: "bf16", "fp16" or "no".
        error: raised when the device cannot compute in it.
        cpu: whether to keep to the processor.
        unused_parameters: whether the network has parameters that a step may not reach, which devices must then agree
            on.

    Raises:
        ChironomyError: of the type `error`: the device cannot compute in that precision.
    """
    handlers: list[KwargsHandler] = (
        [DistributedDataParallelKwargs(find_unused_parameters=True)] if unused_parameters else []
    )
    try:
        return Accelerator(mixed_precision=precision, cpu=cpu, kwargs_handlers=handlers)
    except ValueError as cause:
        if "already initialized" in str(cause):
            raise error(f"this process trains in another precision already; train in {precision} in its own") from cause
        raise error(f"{precision} cannot be computed with on this device; give bf16 or no") from cause


def agreed(accelerator: Accelerator, wish: bool) -> bool:
    """Whether any of the devices wishes it, so that all do the same."""
    if accelerator.num_processes == 1:
        return wish
    total = accelerator.reduce(torch.tensor(float(wish), device=accelerator.device), "sum")
    assert isinstance(total, torch.Tensor)
    return bool(total > 0)


def say(accelerator: Accelerator, sentence: str) -> None:
    """Print it once, whatever the number of devices."""
    if accelerator.is_main_process:
        print(sentence, flush=True)


def end(accelerator: Accelerator) -> None:
    """Part from the other devices.

    A process group that is taken down while one of its threads still holds a tensor of the last exchange waits for that
    thread, which waits for the interpreter, forever (seen with gloo of torch 2.13). So the devices wait for each other
    first, and then leave the interpreter to those threads for a second: nothing tells when they have let go.
    """
    accelerator.wait_for_everyone()
    if accelerator.num_processes > 1:
        time.sleep(1)
    accelerator.end_training()
