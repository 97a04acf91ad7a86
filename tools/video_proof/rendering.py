# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out people as the network makes them, with all conditions right or one of them another's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from chironomy.video.talking.network import Conditions
from chironomy.video.talking.noise import frame_noise
from chironomy.video.talking.pipeline import TalkingPipeline
from video_proof.scenes import Scene

STEPS = 8
UNSURE = 0.1
"""The low confidence that is asked for."""


@dataclass(frozen=True)
class Asked:
    """What pictures are asked for: the same person's conditions, or some of another's.

    Attributes:
        reference: whose portrait, by the number of persons to go on.
        maps: whose maps.
        audio: whose speech.
        confidence: of both hands.
    """

    reference: int = 0
    maps: int = 0
    audio: int = 0
    confidence: float = 1.0


ASKED: dict[str, Asked] = {
    "right": Asked(),
    "another's portrait": Asked(reference=1),
    "another's maps": Asked(maps=1),
    "another's speech": Asked(audio=1),
    "low confidence": Asked(confidence=UNSURE),
}
"""The ablations: one condition is changed, all else and the noise stay."""


def portrait_row(scene: Scene) -> int:
    """The frame that serves as portrait: the last, which is not among those that are made."""
    return scene.item.frame_count - 1


@torch.no_grad()
def made_pictures(
    pipeline: TalkingPipeline, scenes: Sequence[Scene], asked: Asked, clip: int, clips: int, seed: int = 0
) -> list[NDArray[np.uint8]]:
    """The first `clip` x `clips` frames of every scene, sampled by DDIM without guidance, a clip at a time.

    Returns:
        of each scene (frames, height, width, 3) uint8.
    """
    network, scheduler, vae = pipeline.network.eval(), pipeline.scheduler, pipeline.vae
    scaling = float(vae.config["scaling_factor"])
    assert pipeline.audio_projector is not None
    neighbours = int(pipeline.audio_projector.config["neighbours"])

    def latents_of(pictures: NDArray[np.uint8]) -> torch.Tensor:
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        return vae.encode(pixels).latent_dist.mean * scaling

    def other(number: int, ahead: int) -> Scene:
        return scenes[(number + ahead) % len(scenes)]

    results = []
    for number, _ in enumerate(scenes):
        portrait, drawn, spoken = (other(number, ahead) for ahead in (asked.reference, asked.maps, asked.audio))
        rows = np.arange(clip * clips).reshape(clips, clip)
        around = np.clip(rows[:, :1] + np.arange(-neighbours, clip + neighbours), 0, spoken.item.frame_count - 1)
        pictures = latents_of(portrait.item.frames[[portrait_row(portrait)]])[None].expand(clips, -1, -1, -1, -1)
        maps = torch.from_numpy(drawn.item.drawn[rows]).permute(0, 4, 1, 2, 3).float() / 255
        audio = torch.from_numpy(spoken.item.audio[around])
        sure = torch.full((clips, clip, 2), asked.confidence)
        encoded = network.encode(Conditions(pictures, maps, audio, sure))
        shape = tuple(int(side) for side in pictures.shape[2:])
        noise = [frame_noise(seed + number, range(row[0], row[-1] + 1), (shape[0], shape[1], shape[2])) for row in rows]
        state = torch.stack(noise)
        scheduler.set_timesteps(STEPS)
        for t in scheduler.timesteps:
            state = scheduler.step(network.denoise(state, t, encoded), t, state, return_dict=False)[0]
        pixels = vae.decode(state.transpose(1, 2).flatten(0, 1) / scaling).sample
        levels = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        results.append(levels.permute(0, 2, 3, 1).numpy())
    return results


def shortened(scene: Scene, frames: int) -> Scene:
    """The first frames of a scene, with its portrait's frame at the end of the item as before."""
    return replace(
        scene,
        sharp=scene.sharp[:frames],
        points=scene.points[:frames],
        opening=scene.opening[:frames],
        mouth=scene.mouth[:frames],
        regions=scene.regions[:frames],
    )
