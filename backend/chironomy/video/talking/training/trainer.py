# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of training stage 2, and what it loses.

The network sees latents with noise and predicts their velocity (arXiv 2202.00512), over a schedule that ends in noise
alone (zero terminal signal-to-noise ratio, arXiv 2305.08891), at all timesteps alike. One that predicts the clean
latents, as the scheduler's prediction type says, is trained on the velocity that these imply.
"""

from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator

from chironomy.shot.errors import VideoError
from chironomy.training import devices, trainer
from chironomy.video.talking import losses
from chironomy.video.talking.misalignment import keypoints_moved_in_time
from chironomy.video.talking.network import Conditions, Given
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.pose_discriminator import PoseDiscriminator
from chironomy.video.talking.training.batches import EVERYTHING_GIVEN, Batch, Clips, Dropout
from chironomy.video.talking.training.stages import STAGES, begin_at_rest, set_learning

_LEAST_NOISE = 1e-3


@dataclass(frozen=True)
class TrainSettings(trainer.TrainSettings):
    """What determines a training run of stage 2, beside what all have.

    Attributes:
        stage: "image", "video" or "temporal".
        also: parts that learn beside the stage's own.
        snr_gamma: 0 for the plain loss on velocities; otherwise Min-SNR's γ (arXiv 2303.09556).
        face_weight: added to the loss where the face is. How EMO2 weighs regions was not to be found.
        hand_weight: added where the hands are.
        misalignment: most frames by which keypoints are early or late. EMO2 gives no number.
        discriminator_weight: of being believed by the pose discriminator; 0 for none. EMO2 gives no number.
        discriminator_timestep: it judges what is predicted at timesteps below this one, where there is something to
            see.
        everything_dropped: see `Dropout`; likewise the others.
    """

    steps: int = 30_000
    batch_size: int = 4
    learning_rate: float = 1e-5
    warmup: int = 500
    average: float = 0.9995
    validate_every: int = 1000
    validation_batches: int = 8
    stage: str = "image"
    also: tuple[str, ...] = ()
    snr_gamma: float = 0.0
    face_weight: float = 1.0
    hand_weight: float = 1.0
    misalignment: int = 1
    discriminator_weight: float = 0.0
    discriminator_timestep: int = 400
    everything_dropped: float = 0.05
    reference_dropped: float = 0.05
    motion_dropped: float = 0.3
    pose_dropped: float = 0.05
    mano_dropped: float = 0.1
    confidence_dropped: float = 0.1
    audio_dropped: float = 0.1

    @property
    def dropout(self) -> Dropout:
        """How often conditions are left out."""
        names = ("everything", "reference", "motion", "pose", "mano", "confidence", "audio")
        return Dropout(**{name: getattr(self, f"{name}_dropped") for name in names})


def make_accelerator(precision: str, *, cpu: bool = False) -> Accelerator:
    """The devices of this process.

    Raises:
        VideoError: they cannot compute in that precision.
    """
    # What the ReferenceNet does after its last self-attention reaches nothing.
    return devices.make_accelerator(precision, VideoError, cpu=cpu, unused_parameters=True)


class Trainer(trainer.Trainer):
    """A pipeline's networks in one stage of training.

    Args:
        pipeline: its networks are trained in place; its VAE stays as it is.
        train: clips to learn from.
        validation: clips to be judged by.
        settings: see there.
        accelerator: the devices; by default the processor alone.
        fresh: whether the weights are at random, so that what a stage does not train should do nothing yet.

    Raises:
        VideoError: the pipeline predicts neither velocities nor clean latents, or there is no such stage.
    """

    error = VideoError
    everything_given = EVERYTHING_GIVEN

    def __init__(
        self,
        pipeline: TalkingPipeline,
        train: Clips,
        validation: Clips,
        settings: TrainSettings,
        accelerator: Accelerator | None = None,
        *,
        fresh: bool = False,
    ):
        self.prediction = str(pipeline.scheduler.config.get("prediction_type"))
        if self.prediction not in ("v_prediction", "sample"):
            raise VideoError(
                f"the video model predicts {self.prediction!r}; save it with v_prediction or sample in its scheduler"
            )
        if settings.stage not in STAGES:
            raise VideoError(f"there is no stage {settings.stage!r}; choose one of {', '.join(STAGES)}")
        accelerator = accelerator or make_accelerator(settings.precision, cpu=True)
        self.stage = STAGES[settings.stage]
        self.pipeline, self.train, self.validation = pipeline, train, validation
        self.vae, self.scheduler = pipeline.vae.to(accelerator.device).eval().requires_grad_(False), pipeline.scheduler
        network = pipeline.network
        if fresh:
            begin_at_rest(network)
        set_learning(network, self.stage, settings.also)
        network.to(accelerator.device)
        super().__init__(network, settings, accelerator)
        self.settings: TrainSettings
        self.discriminator: PoseDiscriminator | None = None
        if self.stage.judges and settings.discriminator_weight > 0:
            self._begin_to_judge()
        self._judged: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def training_batch(self, number: int) -> Batch:
        """Clips to learn from."""
        return self.train.batch(self.settings.batch_size, self.settings.seed, number, self.settings.dropout)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Squared error of the velocity, weighted by region and by noise level, and of not being believed."""
        batch = batch.to(self.device)
        with torch.no_grad():
            latents = self.encoded(batch.pictures).transpose(1, 2)
            pictures = self.encoded(batch.seen)
        maps = batch.maps.permute(0, 4, 1, 2, 3).float() / 255
        maps = keypoints_moved_in_time(maps, batch.offsets) if maps.shape[1] == 6 else maps
        kept, noised = losses.noise_levels(self.scheduler, batch.timestep, latents)
        noisy = kept * latents + noised * batch.noise
        velocity = self.prediction == "v_prediction"
        wanted = kept * batch.noise - noised * latents if velocity else latents
        predicted = self.network(
            noisy,
            batch.timestep,
            Conditions(pictures, maps, batch.audio, batch.confidence),
            Given(batch.pictures_given, batch.pose_given, batch.confidence_given, batch.audio_given),
        )
        settings = self.settings
        height, width = latents.shape[-2:]
        weights = losses.region_weights(
            height, width, batch.face, batch.hands, settings.face_weight, settings.hand_weight
        )
        weights = weights * losses.level_weights(self.scheduler, batch.timestep, latents, settings.snr_gamma)
        if not velocity:
            # The velocity that clean latents imply is wrong by their error over the noise's share.
            weights = weights / noised.square().clamp(min=_LEAST_NOISE)
        lost = losses.weighted_error(predicted, wanted, weights)
        if self.discriminator is None or not torch.is_grad_enabled():
            return lost
        seen = batch.timestep < settings.discriminator_timestep
        if not seen.any():
            return lost
        made = predicted[seen].float()
        if velocity:
            made = losses.clean_of_velocity(self.scheduler, noisy[seen], made, batch.timestep[seen])
        self._judged.append((latents[seen], made.detach(), maps[seen]))
        self.discriminator.requires_grad_(False)
        lost = lost + settings.discriminator_weight * losses.generator_loss(self.discriminator(made, maps[seen]))
        self.discriminator.requires_grad_(True)
        return lost

    def advance(self) -> torch.Tensor:
        """Make one step, of the discriminator too where there is one."""
        lost = super().advance()
        if self.discriminator is not None:
            self._teach_to_judge()
        return lost

    def encoded(self, pictures: torch.Tensor) -> torch.Tensor:
        """Latents (B, n, channels, …) of pictures (B, n, height, width, 3) uint8: the VAE's means, always the same."""
        pixels = pictures.flatten(0, 1).permute(0, 3, 1, 2).to(self.vae.dtype) / 127.5 - 1
        latents = [self.vae.encode(part).latent_dist.mean for part in pixels.split(8)]
        return (torch.cat(latents).float() * float(self.vae.config["scaling_factor"])).unflatten(0, pictures.shape[:2])

    def state(self) -> dict[str, Any]:
        """Everything that going on needs."""
        state = super().state()
        if self.discriminator is not None:
            state["discriminator"] = self.discriminator.state_dict()
            state["discriminator_optimizer"] = self.judge_optimizer.state_dict()
        return state

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from `state`; see the base class."""
        settings = state["settings"]
        settings = {**settings, "also": tuple(settings.get("also", ()))}
        super().resume({**state, "settings": settings})
        if self.discriminator is not None:
            self.discriminator.load_state_dict(state["discriminator"])
            self.judge_optimizer.load_state_dict(state["discriminator_optimizer"])

    def _begin_to_judge(self) -> None:
        channels = int(self.pipeline.denoiser.config["in_channels"])
        maps = int(self.pipeline.pose_encoder.config["map_channels"])
        self.discriminator = PoseDiscriminator(channels, maps).to(self.device)  # pyright: ignore[reportArgumentType]
        self.judge_optimizer = torch.optim.AdamW(self.discriminator.parameters(), lr=1e-4, betas=(0.0, 0.99))

    def _teach_to_judge(self) -> None:
        """One step of the discriminator on what the network was shown and has made; devices learn by their mean."""
        judged, self._judged = self._judged, []
        assert self.discriminator is not None
        self.judge_optimizer.zero_grad(set_to_none=False)
        if judged:
            real, made, maps = (torch.cat(parts) for parts in zip(*judged, strict=True))
            losses.discriminator_loss(self.discriminator(real, maps), self.discriminator(made, maps)).backward()
        for parameter in self.discriminator.parameters():
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = self.accelerator.reduce(gradient, "mean")  # pyright: ignore[reportAttributeAccessIssue]
        self.judge_optimizer.step()
