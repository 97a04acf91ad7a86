# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a saved pipeline before any of its weights are read."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from chironomy.shot.errors import VideoError

_OURS = {"denoiser": "TalkingUNet", "reference_net": "ReferenceNet", "pose_encoder": "PoseEncoder"}
_NEEDED = (
    "maps", "audio_features", "window_frames", "window_overlap", "block_windows", "motion_frames",
    "num_inference_steps", "guidance_scale",
)  # fmt: skip


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """While inside, diffusers and transformers draw no progress bars over ours."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    shown = [library for library in (of_diffusers, of_transformers) if library.is_progress_bar_enabled()]
    for library in shown:
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library in shown:
            library.enable_progress_bar()


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
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VideoError(f"{path} cannot be read as JSON; copy the weights again") from error
    found = index.get("_class_name") if isinstance(index, dict) else None
    if found != "TalkingPipeline":
        raise VideoError(f"{folder} holds a model of another kind, {found}; this engine reads TalkingPipeline")
    for part, kind in _OURS.items():
        entry = index.get(part)
        if not isinstance(entry, list) or entry[-1] != kind:
            raise VideoError(f"{folder} names {entry!r} as its {part}, which must be a {kind}; copy the weights again")
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


def saved_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a part, by key, from the headers of its safetensors files.

    Raises:
        VideoError: there are none, or they are damaged.
    """
    from safetensors import SafetensorError, safe_open

    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise VideoError(f"{folder} has no weights (.safetensors); copy them again")
    shapes = {}
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118, it is no dictionary
                    shapes[key] = tuple(file.get_slice(key).get_shape())
        except (SafetensorError, OSError) as error:
            raise VideoError(f"{path} is damaged; copy the weights again") from error
    return shapes


def compare_shapes(where: str, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    """See that weights are those of a network.

    Raises:
        VideoError: one is missing, is not known or has another shape; the first few are named.
    """
    missing = sorted(wanted.keys() - found.keys())
    unknown = sorted(found.keys() - wanted.keys())
    other = sorted(key for key in wanted.keys() & found.keys() if wanted[key] != found[key])
    said = [
        f"{len(keys)} {what} ({', '.join(keys[:3])}{' …' if len(keys) > 3 else ''})"
        for keys, what in ((missing, "are missing"), (unknown, "are not known"), (other, "have another shape"))
        if keys
    ]
    if said:
        raise VideoError(f"{where} holds the weights of another model: of {len(wanted)} tensors {'; '.join(said)}")
