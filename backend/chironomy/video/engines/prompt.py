# SPDX-License-Identifier: GPL-3.0-or-later
"""What a video model is told in words: a text, or the numbers that a text encoder once made of it.

The text encoder of Wan's pipelines has 11 GB. Its numbers for a text, saved as `prompts/NAME.safetensors` beside the
weights, take 8 MB and do the same, so a machine without the encoder's memory can render, and the folder may lack it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chironomy.files import atomic_path
from chironomy.packages import require
from chironomy.shot.errors import VideoError
from chironomy.video.engines.running import checked_text
from chironomy.video.weights.saved_pipeline import SavedPipeline

DEFAULT_PROMPT = (
    "A person speaks to the camera and gestures with both hands, five fingers on each; the camera stands still, the "
    "light is even, the picture is sharp."
)
DEFAULT_NEGATIVE = "blurred, deformed hands, extra fingers, fused fingers, subtitles, a still picture"

SETTINGS = ("prompt", "negative_prompt", "prompt_embeds")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LENGTH = 512
"""Tokens of a prompt: what Wan's models were trained with."""


@dataclass(frozen=True)
class Prompt:
    """What to tell the model: `text` and `negative`, or the numbers in `file`.

    Attributes:
        text: what is to be seen.
        negative: what is not; only used with guidance.
        file: saved numbers, or None.
    """

    text: str
    negative: str
    file: Path | None


def checked_prompt(settings: Mapping[str, Any], saved: SavedPipeline, guided: bool) -> Prompt:
    """The prompt of a shot.

    Args:
        settings: of the shot.
        saved: the pipeline, which may lack its text encoder.
        guided: whether there is guidance, which needs a negative prompt.

    Raises:
        VideoError: there is neither a text encoder nor a file of numbers, or a setting is wrong.
    """
    text = checked_text(settings, "prompt", DEFAULT_PROMPT)
    negative = checked_text(settings, "negative_prompt", DEFAULT_NEGATIVE)
    name = settings.get("prompt_embeds")
    encoder = has_text_encoder(saved)
    if name is None and encoder:
        require("ftfy", "a prompt", VideoError, instead="or give saved numbers of one in the setting prompt_embeds")
        return Prompt(text, negative, None)
    if settings.get("prompt") is not None:
        why = (
            "both prompt and prompt_embeds are given; choose one"
            if encoder
            else (
                f"{saved.folder} has no text encoder to read the setting prompt with; leave it out, or copy "
                "text_encoder and tokenizer there"
            )
        )
        raise VideoError(why)
    if name is None:
        name = "default"
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        raise VideoError(f"setting prompt_embeds is {name!r:.80}; give the name of a file in {prompts_folder(saved)}")
    path = prompts_folder(saved) / f"{name}.safetensors"
    if not path.is_file():
        raise VideoError(
            f"{saved.folder} has no text encoder and {path} is not there; make that where the text encoder is, with: "
            f"chironomy weights prompt ENGINE {name} TEXT"
            if not encoder
            else f"{path}, which the setting prompt_embeds names, is not there"
        )
    width = saved.config("transformer").get("text_dim")
    shapes = _shapes(path)
    for key in ("prompt_embeds", "negative_prompt_embeds") if guided else ("prompt_embeds",):
        shape = shapes.get(key)
        if shape is None and key == "negative_prompt_embeds":
            raise VideoError(f"{path} has no {key}, which guidance needs; set guidance_scale to 1")
        if shape is None or len(shape) != 3 or shape[0] != 1 or shape[2] != width:
            raise VideoError(f"{path} has {key} of shape {shape}; this model reads (1, tokens, {width})")
    return Prompt("", "", path)


def has_text_encoder(saved: SavedPipeline) -> bool:
    """Whether the pipeline can read text itself."""
    return all(
        saved.part(name) is not None and (saved.folder / name).is_dir() for name in ("text_encoder", "tokenizer")
    )


def prompts_folder(saved: SavedPipeline) -> Path:
    """Where the saved numbers of prompts lie."""
    return saved.folder / "prompts"


def embedded(prompt: Prompt, pipeline: Any, guided: bool) -> dict[str, Any]:
    """The numbers of a prompt as a Wan pipeline takes them: (1, tokens, width) each.

    Args:
        prompt: checked.
        pipeline: which has a text encoder where the prompt is text.
        guided: whether the negative prompt is wanted too.
    """
    names = ("prompt_embeds", "negative_prompt_embeds") if guided else ("prompt_embeds",)
    if prompt.file is not None:
        from safetensors.torch import load_file

        found = load_file(prompt.file)
        return {name: found[name].to(pipeline._execution_device) for name in names}
    import torch

    with torch.no_grad():
        made = pipeline.encode_prompt(
            prompt.text,
            prompt.negative,
            do_classifier_free_guidance=guided,
            max_sequence_length=_LENGTH,
            device=pipeline._execution_device,
        )
    return dict(zip(names, made, strict=False))


def save_prompt(saved: SavedPipeline, name: str, text: str, negative: str | None = None) -> Path:
    """Write the numbers of a prompt and of its negative into `prompts_folder`; whole or not at all.

    Raises:
        VideoError: there is no text encoder, or the name or a text is none.
    """
    from safetensors.torch import save_file

    if not _NAME.fullmatch(name):
        raise VideoError(f"{name!r:.80} is no name for a prompt; give letters, digits, - and _")
    settings = {"prompt": text, "negative_prompt": negative}
    if not has_text_encoder(saved):
        raise VideoError(f"{saved.folder} has no text encoder; copy text_encoder and tokenizer there")
    prompt = checked_prompt(settings, saved, guided=True)
    found = embedded(prompt, _text_pipeline(saved), guided=True)
    path = prompts_folder(saved) / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        save_file(
            {key: value.cpu().contiguous() for key, value in found.items()},
            partial,
            metadata={"prompt": prompt.text, "negative_prompt": prompt.negative},
        )
    return path


def _text_pipeline(saved: SavedPipeline) -> Any:
    """A pipeline with a text encoder and nothing else, which encodes prompts as all of Wan's do.

    Raises:
        VideoError: the text encoder cannot be loaded.
    """
    import torch
    from diffusers.pipelines.wan.pipeline_wan import WanPipeline

    from chironomy.video.weights.libraries import quiet_libraries

    try:
        with quiet_libraries():
            return WanPipeline.from_pretrained(
                saved.folder,
                torch_dtype=torch.bfloat16,
                local_files_only=True,
                transformer=None,
                transformer_2=None,
                vae=None,
            )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise VideoError(f"the text encoder in {saved.folder} cannot be loaded ({reason:.300})") from error


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise VideoError(f"{path} is damaged; make it again") from error
