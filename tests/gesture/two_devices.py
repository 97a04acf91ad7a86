# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by `test_train.py` in two processes: both must come to the same weights, by the mean of their gradients."""

import sys
from pathlib import Path

import numpy as np
import torch
from gesture_samples import TINY

from chironomy.gesture.clips import Clip, one_hot
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.training.run import end, run
from chironomy.gesture.training.trainer import Trainer, TrainSettings, make_accelerator
from chironomy.gesture.training.windows import Windows


def main() -> None:
    """Four steps with three validation batches between two processes; the first writes what came out."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    clips = [
        Clip(
            random.normal(size=(60, TINY["audio_dim"])).astype(np.float32),
            random.normal(size=(60, 198)).astype(np.float32),
            one_hot(number % 4, 4),
        )
        for number in range(4)
    ]
    settings = TrainSettings(steps=4, batch_size=2, validate_every=2, validation_batches=3, precision="no", warmup=1)
    accelerator = make_accelerator("no", cpu=True)
    trainer = Trainer(GestureTransformer(**TINY), Windows(clips, 48), Windows(clips, 48), settings, accelerator)
    folder = Path(sys.argv[1])
    run(trainer, folder)
    weights = torch.cat([parameter.detach().flatten() for parameter in trainer.model.parameters()])
    both = accelerator.gather(weights[None])
    if accelerator.is_main_process:
        assert isinstance(both, torch.Tensor)
        torch.save({"weights": both, "losses": trainer.curve}, folder / "both.pt")
    end(accelerator)


if __name__ == "__main__":
    main()
