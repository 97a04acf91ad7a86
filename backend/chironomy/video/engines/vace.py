# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of Wan2.1-VACE: the portrait as a reference, the edited body, face and hands as control of every frame.

VACE (arXiv 2503.07598) takes a control video where its mask is white, pictures to be kept where it is black, and
reference pictures. It hears nothing: lips follow the drawn face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.engines.pipeline_engine import PipelineEngine
from chironomy.video.engines.pipeline_request import Request
from chironomy.video.engines.running import checked_number
from chironomy.video.engines.segments import Segment
from chironomy.video.maps.registry import get_map
from chironomy.work import Work

if TYPE_CHECKING:
    import torch

CONTROLS = {"pose": "vace_pose_hands", "depth": "depth"}
"""The maps that control it. Poses leave the person's shape to the portrait; depth imposes the character's, fingers too.

Both come as VACE's own annotators write them: the skeleton with red and blue exchanged, near depth white.
"""


class VaceEngine(PipelineEngine):
    """Renders with `WanVACEPipeline`.

    Settings of a shot beside those of every pipeline engine: `control`, pose or depth; `control_scale`, how strictly it
    is followed.
    """

    name = "vace"
    kind = "WanVACEPipeline"
    parts = {"transformer": "WanVACETransformer3DModel", "vae": "AutoencoderKLWan", "scheduler": ""}
    # Wan2.1 makes 81 frames at 16 a second (arXiv 2503.20314).
    native_fps = 16.0
    longest = 81
    overlap = 5
    steps = 50
    guidance = 5.0
    own_settings = ("control", "control_scale")

    def _own(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        control = settings.get("control") or "pose"
        if control not in CONTROLS:
            raise VideoError(f"setting control is {control!r:.40}; choose {' or '.join(CONTROLS)}")
        return {"control": control, "scale": checked_number(settings, "control_scale", 1.0, 0, 2)}

    @staticmethod
    def _transformer_inputs(
        config: Mapping[str, Any], size: tuple[int, int, int], dtype: torch.dtype
    ) -> dict[str, Any]:
        import torch

        frames, height, width = size
        # One latent more than the frames have: the portrait's.
        latent = ((frames - 1) // 4 + 2, height // 8, width // 8)
        like: dict[str, Any] = {"device": "meta", "dtype": dtype}
        return {
            "hidden_states": torch.empty(1, config["in_channels"], *latent, **like),
            "timestep": torch.zeros(1, device="meta"),
            "encoder_hidden_states": torch.empty(1, 512, config["text_dim"], **like),
            "control_hidden_states": torch.empty(1, config["vace_in_channels"], *latent, **like),
            "control_hidden_states_scale": torch.ones(len(config["vace_layers"]), **like),
        }

    def _prepared(self, pipeline: Any, request: Request) -> dict[str, Any]:
        from PIL import Image

        return {
            "reference_images": [Image.fromarray(request.picture)],
            "conditioning_scale": request.extra["scale"],
        }

    def _control(self, request: Request, segment: Segment, work: Work) -> list[NDArray[np.uint8]]:
        draw = get_map(CONTROLS[request.extra["control"]]).draw
        drawn = []
        for frame in request.shot.frames[segment.start + segment.kept : segment.stop]:
            if work.cancelled():
                raise RenderCancelled
            drawn.append(draw(request.shot, frame, request.shot.rig))
        return [np.stack(drawn)]

    def _segment(
        self, request: Request, segment: Segment, control: list[NDArray[np.uint8]], kept: NDArray[np.float32] | None
    ) -> dict[str, Any]:
        video = [] if kept is None else list(kept)
        video += [drawn.astype(np.float32) / 255 for drawn in control[0]]
        video += [video[-1]] * (segment.length - len(video))
        # Arrays of five axes: the pipeline misreads the size of lists of frames.
        mask = np.ones((1, segment.length, request.shot.height, request.shot.width, 3), np.float32)
        mask[:, : segment.kept] = 0
        return {"video": np.stack(video)[None], "mask": mask, "num_frames": segment.length}
