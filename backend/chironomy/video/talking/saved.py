# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a saved pipeline before any of its weights are read."""

from pathlib import Path
from typing import Any

import torch

from chironomy.reading import read_object
from chironomy.shot.errors import VideoError
from chironomy.video.weights.shapes import compare_shapes, saved_shapes

_OURS = {"denoiser": "TalkingUNet", "reference_net": "ReferenceNet", "pose_encoder": "PoseEncoder"}
_NEEDED = (
    "maps", "audio_features", "window_frames", "window_overlap", "block_windows", "motion_frames",
    "num_inference_steps", "guidance_scale",
)  # fmt: skip


def saved_index(folder: str | Path) -> dict[str, Any]:
    """What `model_index.json` says.

    Raises:
        VideoError: the folder holds no pipeline, or another one.
    """
    path = Path(folder) / "model_index.json"
    if not path.is_file():
        raise VideoError(
            f"{folder} holds no video model; train one, or make it with: chironomy weights import-echomimic-v2 "
            "FOLDER OUT"
        )
    index = read_object(path, VideoError, advice="copy the weights again")
    found = index.get("_class_name")
    if found != "TalkingPipeline":
        raise VideoError(f"{folder} holds a model of another kind, {found!r:.60}; this engine reads TalkingPipeline")
    for part, kind in _OURS.items():
        entry = index.get(part)
        if not isinstance(entry, list) or not entry or entry[-1] != kind:
            raise VideoError(
                f"{folder} names {entry!r:.60} as its {part}, which must be a {kind}; copy the weights again"
            )
    if absent := [name for name in _NEEDED if name not in index]:
        raise VideoError(f"{path} does not say {absent[0]}; copy the weights again")
    return index


def check_saved(folder: str | Path) -> dict[str, Any]:
    """See that every part of a saved pipeline is there and has the weights that its configuration asks for.

    Only JSON files and the headers of the weights are read.

    Returns:
        what `model_index.json` says.

    Raises:
        VideoError: something is missing, or the weights are another model's; the sentence names it.
    """
    from chironomy.video.talking.memory import meta_modules, saved_configuration

    folder = Path(folder)
    index = saved_index(folder)
    modules = meta_modules(saved_configuration(folder), torch.float32)
    for part, module in modules.items():
        wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
        compare_shapes(f"{folder / part}", wanted, saved_shapes(folder / part))
    if index["audio_features"] != "prosody" and not any(index.get("audio_encoder") or [None]):
        raise VideoError(
            f"{folder} hears through a {index['audio_features']} network and holds none in audio_encoder; save the "
            "pipeline with that network, or import the weights again beside it"
        )
    return index
