# SPDX-License-Identifier: GPL-3.0-or-later
"""`TalkingPipeline`: a portrait, maps of the hands and speech in, frames out."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from numpy.typing import NDArray

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.speech.decode import Speech
from chironomy.video.film.finished import FinishedParts, digest, fingerprint
from chironomy.video.talking.audio_projector import AudioProjector
from chironomy.video.talking.denoiser import TalkingUNet
from chironomy.video.talking.hearing import AUDIO_FEATURES, heard, silence
from chironomy.video.talking.memory import PARTS, MemoryEstimate, memory_estimate
from chironomy.video.talking.network import Encoded, TalkingNetwork
from chironomy.video.talking.noise import frame_noise
from chironomy.video.talking.pose_encoder import PoseEncoder
from chironomy.video.talking.reference_net import ReferenceNet
from chironomy.video.talking.request import Maps, Request, Settings, checked_request
from chironomy.video.talking.sampling import Held, denoise_block
from chironomy.video.talking.saved import check_saved
from chironomy.video.weights.libraries import quiet_libraries
from chironomy.work import QUIET, Work

_DECODING_SHARE = 0.1  # of a block's progress


class TalkingPipeline(DiffusionPipeline):
    """Samples the frames of a shot, block by block, each of some overlapping windows.

    Args:
        vae: diffusers' `AutoencoderKL`, or `PixelAutoencoder`.
        denoiser: see `TalkingUNet`.
        reference_net: see `ReferenceNet`.
        pose_encoder: see `PoseEncoder`.
        scheduler: DDIM, or another one-step scheduler with `alphas_cumprod`.
        audio_projector: see `AudioProjector`; None where what is heard are tokens already.
        audio_encoder: the network that hears, of transformers; None where it is not saved with the pipeline.
        maps: which maps it was trained on: "mano_keypoints" or "echomimic_v2".
        audio_features: what it hears, one of `hearing.AUDIO_FEATURES`.
        fps: frames a second it was trained at.
        window_frames: see `Settings`, likewise those that are not explained here.
        window_overlap: frames.
        block_windows: windows.
        motion_frames: frames before a block that the ReferenceNet sees beside the portrait.
        noise_limit: a number or None; see `noise.frame_noise`.
        num_inference_steps: by default.
        guidance_scale: by default.
        trained_on: what the weights have learned from, in words.
    """

    model_cpu_offload_seq = "audio_encoder->audio_projector->reference_net->pose_encoder->denoiser->vae"
    _optional_components = ["audio_projector", "audio_encoder"]

    vae: Any
    denoiser: TalkingUNet
    reference_net: ReferenceNet
    pose_encoder: PoseEncoder
    scheduler: Any
    audio_projector: AudioProjector | None
    audio_encoder: Any

    def __init__(
        self,
        vae: Any,
        denoiser: TalkingUNet,
        reference_net: ReferenceNet,
        pose_encoder: PoseEncoder,
        scheduler: Any,
        # diffusers up to 0.35 reads no annotation of the form X | None.
        audio_projector: Any = None,
        audio_encoder: Any = None,
        maps: str = "mano_keypoints",
        audio_features: str = "wav2vec2",
        fps: float = 24.0,
        window_frames: int = 24,
        window_overlap: int = 6,
        block_windows: int = 1,
        motion_frames: int = 4,
        noise_limit: Any = None,
        num_inference_steps: int = 40,
        guidance_scale: float = 2.5,
        trained_on: str = "nothing: weights at random",
    ):
        super().__init__()
        self.register_modules(
            vae=vae,
            denoiser=denoiser,
            reference_net=reference_net,
            pose_encoder=pose_encoder,
            scheduler=scheduler,
            audio_projector=audio_projector,
            audio_encoder=audio_encoder,
        )
        if audio_features not in AUDIO_FEATURES:
            raise VideoError(f"audio_features is {audio_features!r}; choose one of {', '.join(AUDIO_FEATURES)}")
        self.register_to_config(
            maps=maps,
            audio_features=audio_features,
            fps=fps,
            window_frames=window_frames,
            window_overlap=window_overlap,
            block_windows=block_windows,
            motion_frames=motion_frames,
            noise_limit=noise_limit,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            trained_on=trained_on,
        )
        self.set_progress_bar_config(disable=True)
        self._fingerprint: str | None = None

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **options: Any
    ) -> "TalkingPipeline":
        """Load a folder written by `save_pretrained`; nothing is downloaded.

        Raises:
            VideoError: the folder holds no such pipeline, or the weights of another model; found out before loading.
        """
        folder = Path(pretrained_model_name_or_path)
        check_saved(folder)
        options.setdefault("low_cpu_mem_usage", False)
        try:
            with quiet_libraries():
                pipeline = super().from_pretrained(str(folder), local_files_only=True, **options)
        except (OSError, ValueError, RuntimeError) as error:
            sentence = str(error).strip().splitlines()[0].rstrip(".")
            raise VideoError(f"{folder} cannot be loaded as a video model ({sentence}); copy it again") from error
        assert isinstance(pipeline, TalkingPipeline)
        for module in (module for name in PARTS if (module := getattr(pipeline, name, None)) is not None):
            for tensor in module.parameters():
                # Where a file begins in memory decides how a processor adds, and so the last bit of a picture.
                tensor.data = tensor.data.clone()
        return pipeline

    @property
    def network(self) -> TalkingNetwork:
        """The networks as one, as training sees them; made anew at every call, of the same parts."""
        return TalkingNetwork(self.denoiser, self.reference_net, self.pose_encoder, self.audio_projector)

    @property
    def scale(self) -> int:
        """Pixels on a side of a latent; pictures are multiples of it."""
        return 2 ** (len(self.pose_encoder.config["block_out_channels"]) - 1)

    def memory_estimate(
        self, size: tuple[int, int], frames: int, offload: str = "none", tiling: bool = False
    ) -> MemoryEstimate:
        """How much memory a render of this pipeline takes; see `memory.memory_estimate`."""
        parts = {name: module for name in PARTS if (module := getattr(self, name, None)) is not None}
        config = {
            name: {key: value for key, value in module.config.items() if not key.startswith("_")}
            for name, module in parts.items()
        }
        window = min(frames, int(self.config["window_frames"]))
        block = min(frames, window * int(self.config["block_windows"]))
        return memory_estimate(config, size, window, self.denoiser.dtype, offload, tiling, block)

    def hear(self, speech: Speech | None, fps: float, frame_count: int) -> NDArray[np.float32]:
        """What the pipeline hears of a recording, or of silence, as `__call__` takes it.

        Raises:
            VideoError: the network that hears is not there.
        """
        features = self.config["audio_features"]
        if speech is None:
            return silence(fps, frame_count, features, self.audio_encoder)
        return heard(speech, fps, frame_count, features, self.audio_encoder)

    def enable_model_cpu_offload(self, *arguments: Any, **options: Any) -> None:
        """As diffusers does it; needs accelerate and a GPU."""
        self._fingerprint = self._weights_fingerprint()
        super().enable_model_cpu_offload(*arguments, **options)

    def enable_sequential_cpu_offload(self, *arguments: Any, **options: Any) -> None:
        """As diffusers does it; needs accelerate and a GPU."""
        self._fingerprint = self._weights_fingerprint()
        super().enable_sequential_cpu_offload(*arguments, **options)

    def enable_vae_tiling(self) -> None:
        """Let the VAE work tile by tile, where it can."""
        if hasattr(self.vae, "enable_tiling"):
            self.vae.enable_tiling()

    def enable_vae_slicing(self) -> None:
        """Let the VAE work picture by picture, where it can."""
        if hasattr(self.vae, "enable_slicing"):
            self.vae.enable_slicing()

    def __call__(
        self,
        reference: NDArray[np.uint8],
        maps: Maps,
        audio: NDArray[np.float32],
        confidence: NDArray[np.floating] | None = None,
        settings: Settings | None = None,
        work: Work = QUIET,
        finished: str | Path | None = None,
    ) -> NDArray[np.uint8]:
        """Render.

        Args:
            reference: the portrait, (height, width, 3) uint8 RGB.
            maps: (frames, height, width, map channels) uint8, or what gives parts of it.
            audio: what is heard in every frame, as `hear` gives it.
            confidence: of the left and the right hand, (frames, 2), 0 to 1; None where it is not known.
            settings: see `Settings`.
            work: told after every step, and asked before every run of the denoiser.
            finished: folder where finished blocks are kept and looked for; None keeps none.

        Returns:
            (frames, height, width, 3) uint8 RGB.

        Raises:
            VideoError: inputs do not fit together or a setting is out of range; the sentence names it.
            RenderCancelled: `work` said so.
        """
        parts = self.stream(reference, maps, audio, confidence, settings, work, finished)
        return np.concatenate(list(parts))

    def stream(
        self,
        reference: NDArray[np.uint8],
        maps: Maps,
        audio: NDArray[np.float32],
        confidence: NDArray[np.floating] | None = None,
        settings: Settings | None = None,
        work: Work = QUIET,
        finished: str | Path | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """Render the same frames, yielded a block at a time as they are finished.

        Raises:
            VideoError: as the call does, before the first block.
            RenderCancelled: `work` said so.
        """
        request = checked_request(self, reference, maps, audio, confidence, settings or Settings())
        shot = "" if finished is None else self._shot_digest(request)
        return self._frames(request, FinishedParts(finished, shot, ("latents",)), shot, work)

    def _shot_digest(self, request: Request) -> str:
        """Hash of everything that determines a shot beside what its frames are made from."""
        described = {
            "scheduler": dict(self.scheduler.config),
            "pipeline": {key: self.config[key] for key in ("motion_frames", "noise_limit")},
            "dtype": str(self.denoiser.dtype),
            "seed": request.sampling.seed,
            "steps": request.sampling.steps,
            "guidance": vars(request.sampling.guidance),
            "window": request.sampling.window,
            "blocks": [(block.start, block.layout.frames) for block in request.plan],
        }
        return digest(self._fingerprint or self._weights_fingerprint(), described, request.reference)

    def _weights_fingerprint(self) -> str:
        parts = ("vae", "denoiser", "reference_net", "pose_encoder", "audio_projector")
        return fingerprint({name: module for name in parts if (module := getattr(self, name)) is not None})

    def _frames(self, request: Request, finished: FinishedParts, key: str, work: Work) -> Iterator[NDArray[np.uint8]]:
        """The shot's frames, a block at a time."""
        blocks = len(request.plan)
        overlap, motion_frames = request.sampling.window[1], int(self.config["motion_frames"])
        # Of the frames that two blocks share, the first half is the earlier block's.
        kept = max(1, overlap // 2)
        portrait: torch.Tensor | None = None
        before: torch.Tensor | None = None
        try:
            for number, block in enumerate(request.plan):
                frames = range(block.start, block.start + block.layout.frames)
                maps = np.ascontiguousarray(request.maps[frames.start : frames.stop])
                audio, confidence = self._heard_around(request.audio, frames), request.confidence
                confidence = None if confidence is None else confidence[frames.start : frames.stop]
                if key:
                    key = digest(key, maps, audio, [] if confidence is None else confidence)
                part = finished.load(number, key)
                if part is not None:
                    latents = torch.from_numpy(part["latents"])
                else:
                    if portrait is None:
                        portrait = self._encode_picture(request.reference)
                    pictures = [portrait]
                    held = None
                    if before is not None:
                        count = before.shape[1]
                        motion = before[:, count - overlap - motion_frames : count - overlap]
                        pictures += [motion[:, index] for index in range(motion_frames)]
                        held = Held(before[:, count - overlap :], kept)
                    encoded = self._encode(torch.stack(pictures), maps, audio, confidence)
                    denoising = work.part(number / blocks, (number + 1 - _DECODING_SHARE) / blocks)
                    latents = self._denoise(request, frames, encoded, held, denoising).float().cpu()
                    finished.save(number, key, {"latents": latents.numpy()})
                first = kept if number else 0
                last = len(frames) if block.final else len(frames) - overlap + kept
                yield self._decode(latents[:, first:last], work)
                before = latents
                work.progress((number + 1) / blocks)
        finally:
            self.maybe_free_model_hooks()

    def _heard_around(self, audio: NDArray[np.float32], frames: range) -> NDArray[np.float32]:
        """What is heard in some frames and in the neighbours that the projector wants; the ends are held."""
        neighbours = 0 if self.audio_projector is None else int(self.audio_projector.config["neighbours"])
        rows = np.arange(frames.start - neighbours, frames.stop + neighbours)
        return audio[np.clip(rows, 0, len(audio) - 1)]

    @torch.no_grad()
    def _encode_picture(self, picture: NDArray[np.uint8]) -> torch.Tensor:
        """(channels, height, width) latents, float32."""
        device, dtype = self._execution_device, self.vae.dtype
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].to(device, dtype) / 127.5 - 1
        latents = self.vae.encode(pixels).latent_dist.mean[0].float() * float(self.vae.config["scaling_factor"])
        return latents.cpu()

    @torch.no_grad()
    def _encode(
        self,
        pictures: torch.Tensor,
        maps: NDArray[np.uint8],
        audio: NDArray[np.float32],
        confidence: NDArray[np.float32] | None,
    ) -> Encoded:
        """Conditions of a block as the denoiser takes them, of a batch of 1."""
        device, dtype = self._execution_device, self.denoiser.dtype

        def numbers(array: NDArray[Any]) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array))[None].to(device)

        network = self.network.eval()
        # The pose encoder sees pictures of full size, so a few frames at a time.
        pose = []
        for first in range(0, len(maps), 4):
            part = numbers(maps[first : first + 4]).permute(0, 4, 1, 2, 3).to(dtype) / 255
            sure = None if confidence is None else numbers(confidence[first : first + 4]).to(dtype)
            pose.append(network.pose_encoder(part, sure))
        tokens = numbers(audio).to(dtype)
        if network.audio_projector is not None:
            tokens = network.audio_projector(tokens)
        bank = network.reference_net(pictures[None].to(device, dtype))
        return Encoded(bank, torch.cat(pose, dim=2), tokens)

    def _denoise(
        self, request: Request, frames: range, encoded: Encoded, held: Held | None, work: Work
    ) -> torch.Tensor:
        """(channels, frames, height, width) clean latents of a block."""
        height, width = (size // self.scale for size in request.reference.shape[:2])
        channels, sampling = int(self.denoiser.config["in_channels"]), request.sampling
        return denoise_block(
            self.network.eval(),
            self.scheduler,
            frame_noise(sampling.seed, frames, (channels, height, width), self.config["noise_limit"]),
            encoded,
            held,
            sampling.steps,
            sampling.guidance,
            sampling.window,
            self.denoiser.dtype,
            work,
        )

    @torch.no_grad()
    def _decode(self, latents: torch.Tensor, work: Work) -> NDArray[np.uint8]:
        """(frames, height, width, 3) of latents (channels, frames, …), one picture at a time."""
        device, dtype = self._execution_device, self.vae.dtype
        scaled = latents / float(self.vae.config["scaling_factor"])
        pictures = []
        for frame in range(scaled.shape[1]):
            if work.cancelled():
                raise RenderCancelled
            pixels = self.vae.decode(scaled[None, :, frame].to(device, dtype)).sample[0].float()
            levels = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            pictures.append(levels.permute(1, 2, 0).cpu().numpy())
        return np.stack(pictures)
