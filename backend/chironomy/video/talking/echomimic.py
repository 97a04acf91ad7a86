# SPDX-License-Identifier: GPL-3.0-or-later
"""EchoMimicV2's published weights (antgroup/echomimic_v2, arXiv 2411.10061) under the keys of this project's networks.

Both are the same network: a Stable Diffusion 1.5 UNet with cross-attention to speech, AnimateDiff's temporal modules, a
ReferenceNet without cross-attention and output, and a pose encoder. What differs are some keys, and that its pipeline
multiplies what comes out of the cross-attention by three, which is folded into that layer here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from chironomy.shot.errors import VideoError

AUDIO_GAIN = 3.0
"""By which EchoMimicV2's pipeline multiplies the cross-attention's output."""

HEADS, GROUPS = 8, 32
"""Heads of every attention and groups of every normalisation, which no shape of a tensor tells."""

_MOTION_KEYS = (
    (".temporal_transformer.", "."),
    (".attention_blocks.0.pos_encoder.pe", ".pos_embed.pe"),
    (".attention_blocks.0.", ".attn1."),
    (".attention_blocks.1.", ".attn2."),
    (".norms.0.", ".norm1."),
    (".norms.1.", ".norm2."),
    (".ff_norm.", ".norm3."),
)

Tensors = Mapping[str, torch.Tensor]


def denoiser_tensors(unet: Tensors, motion: Tensors) -> dict[str, torch.Tensor]:
    """The tensors of a `TalkingUNet`.

    Args:
        unet: of `denoising_unet.pth`; where it holds temporal modules too, these are the ones that count, as in
            EchoMimicV2's own loading.
        motion: of `motion_module.pth`.

    Raises:
        VideoError: the two attentions of a temporal module do not share their positions.
    """
    tensors: dict[str, torch.Tensor] = {}
    together = {**motion, **unet}
    for key, value in together.items():
        if "motion_modules." not in key:
            folded = ".attn2.to_out.0." in key
            tensors[key] = value * AUDIO_GAIN if folded else value
        elif key.endswith(".attention_blocks.1.pos_encoder.pe"):
            first = together.get(key.replace(".attention_blocks.1.", ".attention_blocks.0."))
            if first is None or first.shape != value.shape or not torch.equal(first, value):
                raise VideoError(f"{key} differs from the positions of the attention before it; this is another model")
        else:
            for theirs, ours in _MOTION_KEYS:
                key = key.replace(theirs, ours)  # noqa: PLW2901, it is the key that is translated
            tensors[key] = value
    return tensors


def denoiser_config(tensors: Tensors) -> dict[str, Any]:
    """The configuration that the shapes of a denoiser's tensors tell; see `TalkingUNet`.

    Raises:
        VideoError: they are not those of such a network.
    """
    widths, cross = _widths(tensors), _cross_attention_dim(tensors)
    deep = len(widths) - 1
    positions = [value.shape[1] for key, value in tensors.items() if key.endswith(".pos_embed.pe")]
    return {
        "in_channels": int(tensors["conv_in.weight"].shape[1]),
        "out_channels": int(tensors["conv_out.weight"].shape[0]),
        "block_out_channels": widths,
        "down_block_types": ("CrossAttnDownBlockMotion",) * deep + ("DownBlockMotion",),
        "up_block_types": ("UpBlockMotion",) + ("CrossAttnUpBlockMotion",) * deep,
        "layers_per_block": _count(tensors, r"down_blocks\.0\.resnets\.(\d+)\."),
        "norm_num_groups": GROUPS,
        "cross_attention_dim": cross,
        "num_attention_heads": HEADS,
        "motion_num_attention_heads": HEADS,
        "motion_max_seq_length": int(max(positions, default=32)),
        "use_motion_mid_block": any(key.startswith("mid_block.motion_modules.") for key in tensors),
        "temporal_transformer_layers_per_block": _count(
            tensors, r"down_blocks\.0\.motion_modules\.0\.transformer_blocks\.(\d+)\."
        ),
    }


def pose_encoder_config(tensors: Tensors) -> dict[str, Any]:
    """The configuration that the shapes of a pose encoder's tensors tell; see `PoseEncoder`.

    Raises:
        VideoError: they are not those of such a network.
    """
    try:
        blocks = _count(tensors, r"blocks\.(\d+)\.")
        widths = [int(tensors["conv_in.weight"].shape[0])]
        widths += [int(tensors[f"blocks.{index}.weight"].shape[0]) for index in range(1, blocks, 2)]
        return {
            "map_channels": int(tensors["conv_in.weight"].shape[1]),
            "block_out_channels": tuple(widths),
            "out_channels": int(tensors["conv_out.weight"].shape[0]),
        }
    except KeyError as error:
        raise VideoError(f"pose_encoder.pth has no tensor {error}; this is another model") from error


def whisper_tensors(tensors: Tensors) -> dict[str, torch.Tensor]:
    """The tensors of OpenAI's Whisper under the keys of transformers' `WhisperModel`.

    Args:
        tensors: `model_state_dict` of a checkpoint such as `tiny.pt`.
    """
    names = (
        ("blocks", "layers"),
        ("mlp.0", "fc1"),
        ("mlp.2", "fc2"),
        ("mlp_ln", "final_layer_norm"),
        ("cross_attn_ln", "encoder_attn_layer_norm"),
        ("cross_attn", "encoder_attn"),
        ("attn_ln", "self_attn_layer_norm"),
        (".attn.", ".self_attn."),
        (".query.", ".q_proj."),
        (".key.", ".k_proj."),
        (".value.", ".v_proj."),
        ("attn.out.", "attn.out_proj."),
        ("encoder.ln_post.", "encoder.layer_norm."),
        ("decoder.ln.", "decoder.layer_norm."),
        ("positional_embedding", "embed_positions.weight"),
        ("token_embedding", "embed_tokens"),
    )
    converted = {}
    for key, value in tensors.items():
        if key == "decoder.mask":  # of older checkpoints; it is made anew
            continue
        for theirs, ours in names:
            key = key.replace(theirs, ours)  # noqa: PLW2901, it is the key that is translated
        converted[key] = value
    return converted


def whisper_config(dims: Mapping[str, int]) -> dict[str, Any]:
    """What `WhisperConfig` needs, from the `dims` of OpenAI's checkpoint.

    Raises:
        VideoError: a number is missing.
    """
    try:
        return {
            "vocab_size": int(dims["n_vocab"]),
            "num_mel_bins": int(dims["n_mels"]),
            "d_model": int(dims["n_audio_state"]),
            "encoder_layers": int(dims["n_audio_layer"]),
            "encoder_attention_heads": int(dims["n_audio_head"]),
            "encoder_ffn_dim": 4 * int(dims["n_audio_state"]),
            "max_source_positions": int(dims["n_audio_ctx"]),
            "decoder_layers": int(dims["n_text_layer"]),
            "decoder_attention_heads": int(dims["n_text_head"]),
            "decoder_ffn_dim": 4 * int(dims["n_text_state"]),
            "max_target_positions": int(dims["n_text_ctx"]),
            # Of the multilingual vocabulary; nothing is written here, and smaller vocabularies have none of them.
            **{
                name: min(number, int(dims["n_vocab"]) - 1)
                for name, number in (
                    ("bos_token_id", 50257),
                    ("eos_token_id", 50257),
                    ("pad_token_id", 50257),
                    ("decoder_start_token_id", 50258),
                )
            },
        }
    except KeyError as error:
        raise VideoError(f"the Whisper checkpoint does not say {error}; give OpenAI's tiny.pt") from error


def _widths(tensors: Tensors) -> tuple[int, ...]:
    blocks = _count(tensors, r"down_blocks\.(\d+)\.")
    keys = [f"down_blocks.{index}.resnets.0.conv2.weight" for index in range(blocks)]
    missing = [key for key in (*keys, "conv_in.weight", "conv_out.weight") if key not in tensors]
    if missing or not blocks:
        absent = missing[0] if missing else "down_blocks.0"
        raise VideoError(f"denoising_unet.pth has no tensor {absent}; this is another model")
    return tuple(int(tensors[key].shape[0]) for key in keys)


def _cross_attention_dim(tensors: Tensors) -> int:
    for key, value in tensors.items():
        if key.endswith(".attn2.to_k.weight") and "motion_modules." not in key:
            return int(value.shape[1])
    raise VideoError("denoising_unet.pth has no cross-attention to speech; this is another model")


def _count(keys: Iterable[str], pattern: str) -> int:
    """How many numbers stand at the pattern's group."""
    return len({match.group(1) for key in keys if (match := re.match(pattern, key))})
