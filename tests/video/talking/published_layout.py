# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks at random, written under the keys of EchoMimicV2's published files: another way than the import reads them.

Keys are built up from what the published classes are called, not by turning the import's rules round.
"""

from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from transformers import WhisperConfig, WhisperModel

from chironomy.video.talking.configs import CONFIGS, reference_config
from chironomy.video.talking.denoiser import TalkingUNet
from chironomy.video.talking.pose_encoder import PoseEncoder
from chironomy.video.talking.reference_net import ReferenceNet

TOKEN = 16
DENOISER: dict[str, Any] = {
    **CONFIGS["echomimic_v2"]["denoiser"], "block_out_channels": (32, 32, 64, 64), "cross_attention_dim": TOKEN,
}  # fmt: skip


def networks() -> tuple[TalkingUNet, ReferenceNet, PoseEncoder]:
    """In double precision; the denoiser's cross-attention is as the files have it, without the gain."""
    torch.manual_seed(0)
    denoiser, reference = TalkingUNet(**DENOISER), ReferenceNet(**reference_config(DENOISER, None))
    pose = PoseEncoder(map_channels=3, block_out_channels=(4, 8, 8, 8), out_channels=32, confidence_dim=0)
    torch.nn.init.normal_(pose.conv_out.weight, std=0.3)
    return denoiser.double().eval(), reference.double().eval(), pose.double().eval()


def motion_key(key: str) -> list[str]:
    """The published names of a tensor of a temporal module; positions are in the file once for each attention."""
    place, _, rest = key.partition(".motion_modules.")
    number, _, rest = rest.partition(".")
    module = f"{place}.motion_modules.{number}.temporal_transformer"
    if not rest.startswith("transformer_blocks."):
        return [f"{module}.{rest}"]
    block = f"{module}.transformer_blocks.{rest.split('.')[1]}"
    part, _, tail = rest.split(".", 2)[2].partition(".")
    if part == "pos_embed":
        return [f"{block}.attention_blocks.{index}.pos_encoder.pe" for index in (0, 1)]
    published = {
        "attn1": "attention_blocks.0", "attn2": "attention_blocks.1", "norm1": "norms.0", "norm2": "norms.1",
        "norm3": "ff_norm", "ff": "ff",
    }  # fmt: skip
    return [f"{block}.{published[part]}.{tail}"]


def write_published(folder: Path, denoiser: TalkingUNet, reference: ReferenceNet, pose: PoseEncoder) -> None:
    """The folder as it is downloaded: four checkpoints, a VAE and OpenAI's Whisper."""
    unet, motion = {}, {}
    for key, value in denoiser.state_dict().items():
        if "motion_modules" in key:
            motion |= {name: value.clone() for name in motion_key(key)}
        else:
            unet[key] = value
    torch.save(unet, folder / "denoising_unet.pth")
    torch.save(motion, folder / "motion_module.pth")
    torch.save(reference.state_dict(), folder / "reference_unet.pth")
    torch.save(pose.state_dict(), folder / "pose_encoder.pth")
    vae = AutoencoderKL(**CONFIGS["tiny"]["vae"])
    vae.save_pretrained(folder / "sd-vae-ft-mse")
    (folder / "audio_processor").mkdir()
    torch.save(openai_whisper(whisper()), folder / "audio_processor" / "tiny.pt")


def whisper() -> WhisperModel:
    torch.manual_seed(1)
    config = WhisperConfig(
        vocab_size=30, d_model=TOKEN, encoder_layers=4, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=4 * TOKEN, decoder_ffn_dim=4 * TOKEN, max_source_positions=100,
        max_target_positions=8, pad_token_id=29, bos_token_id=1, eos_token_id=1, decoder_start_token_id=1,
    )  # fmt: skip
    return WhisperModel(config).eval()


def openai_whisper(model: WhisperModel) -> dict[str, Any]:
    """A Whisper as OpenAI's own class saves it."""
    state: dict[str, torch.Tensor] = {}

    def layer(theirs: str, ours: str, attentions: dict[str, tuple[str, str]]) -> None:
        for name, (attention, norm) in attentions.items():
            for part, projection in (("query", "q"), ("key", "k"), ("value", "v"), ("out", "out")):
                state[f"{theirs}.{name}.{part}.weight"] = ours_state[f"{ours}.{attention}.{projection}_proj.weight"]
                if part != "key":
                    state[f"{theirs}.{name}.{part}.bias"] = ours_state[f"{ours}.{attention}.{projection}_proj.bias"]
            for kind in ("weight", "bias"):
                state[f"{theirs}.{name}_ln.{kind}"] = ours_state[f"{ours}.{norm}.{kind}"]
        for kind in ("weight", "bias"):
            state[f"{theirs}.mlp.0.{kind}"] = ours_state[f"{ours}.fc1.{kind}"]
            state[f"{theirs}.mlp.2.{kind}"] = ours_state[f"{ours}.fc2.{kind}"]
            state[f"{theirs}.mlp_ln.{kind}"] = ours_state[f"{ours}.final_layer_norm.{kind}"]

    ours_state = {key: value.clone() for key, value in model.state_dict().items()}
    for index in range(4):
        layer(f"encoder.blocks.{index}", f"encoder.layers.{index}", {"attn": ("self_attn", "self_attn_layer_norm")})
    for index in range(2):
        layer(
            f"decoder.blocks.{index}",
            f"decoder.layers.{index}",
            {"attn": ("self_attn", "self_attn_layer_norm"), "cross_attn": ("encoder_attn", "encoder_attn_layer_norm")},
        )
    for kind in ("weight", "bias"):
        state[f"encoder.conv1.{kind}"] = ours_state[f"encoder.conv1.{kind}"]
        state[f"encoder.conv2.{kind}"] = ours_state[f"encoder.conv2.{kind}"]
        state[f"encoder.ln_post.{kind}"] = ours_state[f"encoder.layer_norm.{kind}"]
        state[f"decoder.ln.{kind}"] = ours_state[f"decoder.layer_norm.{kind}"]
    state["encoder.positional_embedding"] = ours_state["encoder.embed_positions.weight"]
    state["decoder.positional_embedding"] = ours_state["decoder.embed_positions.weight"]
    state["decoder.token_embedding.weight"] = ours_state["decoder.embed_tokens.weight"]
    dims = {
        "n_mels": 80, "n_audio_ctx": 100, "n_audio_state": TOKEN, "n_audio_head": 2, "n_audio_layer": 4,
        "n_vocab": 30, "n_text_ctx": 8, "n_text_state": TOKEN, "n_text_head": 2, "n_text_layer": 2,
    }  # fmt: skip
    return {"dims": dims, "model_state_dict": state}
