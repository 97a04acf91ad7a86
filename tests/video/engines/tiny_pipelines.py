# SPDX-License-Identifier: GPL-3.0-or-later
"""Pipelines of the published kinds with a few thousand random numbers, saved as folders of weights."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

TEXT_WIDTH = 32

FACE_SIZE = 16


def tiny_vace() -> Any:
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    torch.manual_seed(1)
    transformer = WanVACETransformer3DModel(
        num_attention_heads=2, attention_head_dim=12, text_dim=TEXT_WIDTH, freq_dim=16, ffn_dim=32, num_layers=2,
        rope_max_seq_len=32, vace_layers=[0], vace_in_channels=96,
    )  # fmt: skip
    # Fresh networks pass on little of their control; here one hand must show in the picture.
    for layer in transformer.vace_blocks:
        torch.nn.init.normal_(layer.proj_out.weight)
    with torch.no_grad():
        transformer.proj_out.weight.mul_(5)
    return WanVACEPipeline(
        tokenizer=None, text_encoder=None, vae=_vae(), scheduler=_scheduler(), transformer=transformer
    )


def tiny_animate() -> Any:
    from diffusers import WanAnimatePipeline, WanAnimateTransformer3DModel
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(2)
    transformer = WanAnimateTransformer3DModel(
        num_attention_heads=2, attention_head_dim=12, text_dim=TEXT_WIDTH, freq_dim=16, ffn_dim=32, num_layers=2,
        image_dim=16, rope_max_seq_len=32, motion_encoder_channel_sizes={"4": 16, "8": 16, "16": 16},
        motion_encoder_size=FACE_SIZE, motion_style_dim=8, motion_dim=4, motion_encoder_dim=16,
        face_encoder_hidden_dim=16, face_encoder_num_heads=2, inject_face_latents_blocks=2,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=16, projection_dim=16, num_hidden_layers=2, num_attention_heads=2, image_size=32,
        intermediate_size=16, patch_size=16,
    )  # fmt: skip
    return WanAnimatePipeline(
        tokenizer=None,
        text_encoder=None,
        vae=_vae(),
        scheduler=_scheduler(),
        image_processor=CLIPImageProcessor(crop_size=32, size=32),
        image_encoder=CLIPVisionModel(vision),
        transformer=transformer,
    )


def save(pipeline: Any, folder: Path) -> Path:
    """Save with the numbers of a prompt; there is no text encoder."""
    pipeline.save_pretrained(folder)
    (folder / "prompts").mkdir()
    numbers = torch.randn(1, 4, TEXT_WIDTH, generator=torch.Generator().manual_seed(3))
    save_file({"prompt_embeds": numbers}, folder / "prompts" / "default.safetensors")
    save_file({"prompt_embeds": numbers, "negative_prompt_embeds": -numbers}, folder / "prompts" / "both.safetensors")
    return folder


def _vae() -> Any:
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    # Without biases what comes out depends on what goes in, as in a trained network.
    for name, value in vae.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(value)
    torch.nn.init.normal_(vae.decoder.conv_in.weight)
    torch.nn.init.normal_(vae.encoder.conv_out.weight, std=3)
    return vae


def _scheduler() -> Any:
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)


def add_text_encoder(folder: Path) -> None:
    """Put a small text encoder and its tokenizer of single letters beside the weights."""
    import json

    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

    letters = ["<pad>", "</s>", *"abcdefghijklmnopqrstuvwxyz ,.;-"]
    tokenizer = Tokenizer(models.WordLevel({letter: number for number, letter in enumerate(letters)}, "</s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>").save_pretrained(
        folder / "tokenizer"
    )
    torch.manual_seed(5)
    config = UMT5Config(
        vocab_size=len(letters),
        d_model=TEXT_WIDTH,
        d_kv=8,
        d_ff=16,
        num_layers=1,
        num_heads=2,
        is_encoder_decoder=False,
    )
    UMT5EncoderModel(config).save_pretrained(folder / "text_encoder")
    index = json.loads((folder / "model_index.json").read_text())
    index["tokenizer"] = ["transformers", "PreTrainedTokenizerFast"]
    index["text_encoder"] = ["transformers", "UMT5EncoderModel"]
    (folder / "model_index.json").write_text(json.dumps(index))
