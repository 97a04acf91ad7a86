# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of Wan2.2-Animate: the portrait moves as the skeleton does and speaks as the preview's face does.

Wan-Animate (arXiv 2509.14055) is fed with a skeleton of body and hands in every frame and with a close-up of a face,
from which it reads expression and lips. It hears nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.engines.face_crop import face_crop
from chironomy.video.engines.pipeline_engine import PipelineEngine
from chironomy.video.engines.pipeline_request import Request
from chironomy.video.engines.segments import Segment
from chironomy.video.maps.dwpose import animate_pose_map
from chironomy.work import Work

if TYPE_CHECKING:
    import torch


class AnimateEngine(PipelineEngine):
    """Renders with `WanAnimatePipeline`; for the settings of a shot see `pipeline_engine`."""

    name = "animate"
    kind = "WanAnimatePipeline"
    parts = {
        "transformer": "WanAnimateTransformer3DModel",
        "vae": "AutoencoderKLWan",
        "scheduler": "",
        "image_encoder": "CLIPVisionModel",
        "image_processor": "",
    }
    native_fps = 30.0
    longest = 77
    overlap = 1
    steps = 20
    guidance = 1.0

    def _overlap(self, settings: Mapping[str, Any], longest: int) -> int:
        overlap = super()._overlap(settings, longest)
        if overlap not in (1, 5):
            raise VideoError(f"setting overlap_frames is {overlap}; Wan-Animate was trained with 1 or 5")
        return overlap

    def _shortest(self, overlap: int) -> int:
        # The pipeline counts its own segments as length // (length - overlap), which must be one.
        return 5 if overlap == 1 else 13

    @staticmethod
    def _transformer_inputs(
        config: Mapping[str, Any], size: tuple[int, int, int], dtype: torch.dtype
    ) -> dict[str, Any]:
        import torch

        frames, height, width = size
        latents, face = (frames - 1) // 4 + 1, config["motion_encoder_size"]
        like: dict[str, Any] = {"device": "meta", "dtype": dtype}
        return {
            # One latent more than the frames have: the portrait's.
            "hidden_states": torch.empty(1, config["in_channels"], latents + 1, height // 8, width // 8, **like),
            "timestep": torch.zeros(1, device="meta"),
            "encoder_hidden_states": torch.empty(1, 512, config["text_dim"], **like),
            "encoder_hidden_states_image": torch.empty(1, 257, config["image_dim"], **like),
            "pose_hidden_states": torch.empty(1, config["latent_channels"], latents, height // 8, width // 8, **like),
            "face_pixel_values": torch.empty(1, 3, frames, face, face, **like),
        }

    def _prepared(self, pipeline: Any, request: Request) -> dict[str, Any]:
        from PIL import Image

        return {"image": Image.fromarray(request.picture)}

    def _control(self, request: Request, segment: Segment, work: Work) -> list[NDArray[np.uint8]]:
        shot, face_size = request.shot, int(request.saved.config("transformer")["motion_encoder_size"])
        poses, faces, rig = [], [], shot.rig
        for frame in shot.frames[segment.start : segment.stop]:
            if work.cancelled():
                raise RenderCancelled
            poses.append(animate_pose_map(shot, frame, rig))
            faces.append(face_crop(shot, frame, face_size, rig))
        return [np.stack(poses), np.stack(faces)]

    def _segment(
        self, request: Request, segment: Segment, control: list[NDArray[np.uint8]], kept: NDArray[np.float32] | None
    ) -> dict[str, Any]:
        from PIL import Image

        shot = request.shot
        poses, faces = ([Image.fromarray(drawn) for drawn in drawings] for drawings in control)
        held = segment.length - len(poses)
        given: dict[str, Any] = {
            "pose_video": poses + [poses[-1]] * held,
            "face_video": faces + [faces[-1]] * held,
            "segment_frame_length": segment.length,
            "prev_segment_conditioning_frames": segment.kept or 1,
        }
        if kept is None:
            return {**given, "mode": "animate"}
        # The pipeline's own way to go on from earlier frames works within one call only. Its replacement mode takes the
        # same inputs from outside: frames that are kept under a black mask, then the grey that it counts as nothing.
        grey = np.full((shot.height, shot.width, 3), 0.5, np.float32)
        new = segment.length - segment.kept
        masks = [Image.new("L", (shot.width, shot.height), value) for value in (0, 255)]
        return {
            **given,
            "mode": "replace",
            "background_video": [*kept, *[grey] * new],
            "mask_video": [masks[0]] * segment.kept + [masks[1]] * new,
        }
