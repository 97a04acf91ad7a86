# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training run of stage 2 shows of itself: the loss curves, and what it predicts beside what was."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from chironomy.gesture.training import log as training_log
from chironomy.training.trainer import Averaged
from chironomy.video.talking import losses
from chironomy.video.talking.network import Conditions

_TIMESTEP_SHARE = 0.7
_SHOWN = 4


class Log(training_log.Log):
    """TensorBoard's files in a folder, or nothing where it is not installed or not wanted."""

    def sheet(self, trainer: Any) -> None:
        """Add what the averaged weights make of validation clips under much noise, beneath the clips."""
        if self.writer is not None:
            self.writer.add_image("predicted under shown", predicted_sheet(trainer), trainer.step, dataformats="HWC")
            self.writer.flush()


@torch.no_grad()
def predicted_sheet(trainer: Any) -> NDArray[np.uint8]:
    """Rows of pictures as they are and as they are predicted in one step from little of them.

    Args:
        trainer: of stage 2.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    batch = trainer.validation_batch(0).to(trainer.device)
    latents, pictures = trainer.encoded(batch.pictures).transpose(1, 2), trainer.encoded(batch.seen)
    timestep = torch.full_like(batch.timestep, int(_TIMESTEP_SHARE * len(trainer.scheduler.alphas_cumprod)))
    kept, noised = losses.noise_levels(trainer.scheduler, timestep, latents)
    noisy = kept * latents + noised * batch.noise
    maps = batch.maps.permute(0, 4, 1, 2, 3).float() / 255
    with Averaged(trainer):
        trainer.model.eval()
        clean = trainer.model(noisy, timestep, Conditions(pictures, maps, batch.audio, batch.confidence)).float()
    if trainer.prediction == "v_prediction":
        clean = losses.clean_of_velocity(trainer.scheduler, noisy, clean, timestep)
    rows = []
    for sample in range(min(_SHOWN, len(clean))):
        frames = clean[sample, :, :: max(1, clean.shape[2] // _SHOWN)].transpose(0, 1)
        pixels = trainer.vae.decode(frames.to(trainer.vae.dtype) / float(trainer.vae.config["scaling_factor"])).sample
        made = ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        shown = batch.pictures[sample, :: max(1, clean.shape[2] // _SHOWN)].cpu().numpy()
        rows += [np.concatenate(list(shown), axis=1), np.concatenate(list(made), axis=1)]
    return np.concatenate(rows)
