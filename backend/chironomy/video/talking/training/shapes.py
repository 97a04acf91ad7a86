# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pipeline's networks take, as batches are to be cut."""

from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.batches import Shape


def shape_of(pipeline: TalkingPipeline, frames: int) -> Shape:
    """The shape of clips for a pipeline.

    Args:
        pipeline: whose networks are to see them.
        frames: of a clip.
    """
    projector = pipeline.audio_projector
    return Shape(
        frames=frames,
        motion_frames=int(pipeline.config["motion_frames"]),
        neighbours=0 if projector is None else int(projector.config["neighbours"]),
        channels=int(pipeline.denoiser.config["in_channels"]),
        scale=pipeline.scale,
        timesteps=int(pipeline.scheduler.config["num_train_timesteps"]),
    )
