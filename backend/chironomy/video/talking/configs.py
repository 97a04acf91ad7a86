# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes that the networks come in, and fresh pipelines of them.

`emo2` is this project's reading of the paper: Stable Diffusion 1.5's size (an inference from EMO, its ancestor), MANO
and keypoint map, wav2vec2's states, four motion frames, clips of 24 frames. `echomimic_v2` is the layout of those
published weights. `tiny` has every part of `emo2` at a size for tests. `pixel` trains on a processor: it works on
folded pixels instead of a VAE's latents, and hears prosody.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

# DDIM with v-prediction and zero terminal signal-to-noise ratio (arXiv 2305.08891), as EchoMimicV2 samples.
SCHEDULER: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "clip_sample": False,
    "steps_offset": 1,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}

# stabilityai/sd-vae-ft-mse and the VAE of Stable Diffusion 1.5.
_SD_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 256,
    "scaling_factor": 0.18215,
}


def _denoiser(widths: tuple[int, ...], **options: Any) -> dict[str, Any]:
    deep = len(widths) - 1
    return {
        "block_out_channels": widths,
        "down_block_types": ("CrossAttnDownBlockMotion",) * deep + ("DownBlockMotion",),
        "up_block_types": ("UpBlockMotion",) + ("CrossAttnUpBlockMotion",) * deep,
        "use_motion_mid_block": True,
        "motion_max_seq_length": 32,
        **options,
    }


def reference_config(denoiser: dict[str, Any], pictures: int | None) -> dict[str, Any]:
    """The ReferenceNet that belongs to a denoiser.

    Args:
        denoiser: configuration of a `TalkingUNet`.
        pictures: the portrait and the motion frames, to be told apart; None for pictures that are alike.
    """
    deep = len(denoiser["block_out_channels"]) - 1
    config: dict[str, Any] = {
        "in_channels": denoiser.get("in_channels", 4),
        "block_out_channels": denoiser["block_out_channels"],
        "down_block_types": ("CrossAttnDownBlock2D",) * deep + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * deep,
        "layers_per_block": denoiser.get("layers_per_block", 2),
        "norm_num_groups": denoiser.get("norm_num_groups", 32),
        # What diffusers calls the head's width is, in this class, the number of heads.
        "attention_head_dim": denoiser.get("num_attention_heads", 8),
        "cross_attention_dim": denoiser.get("cross_attention_dim", 1280),
    }
    return config if pictures is None else {**config, "num_class_embeds": pictures}


_EMO2_DENOISER = _denoiser((320, 640, 1280, 1280), cross_attention_dim=768)
_ECHOMIMIC_DENOISER = _denoiser((320, 640, 1280, 1280), cross_attention_dim=384)
_SMALL: dict[str, Any] = {
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "num_attention_heads": 2,
    "motion_num_attention_heads": 2,
}
_TINY_DENOISER = _denoiser((16, 32), cross_attention_dim=24, **_SMALL)
_PIXEL_DENOISER = _denoiser((64, 96), cross_attention_dim=48, in_channels=48, out_channels=48, **_SMALL)

CONFIGS: dict[str, dict[str, dict[str, Any]]] = {
    "emo2": {
        "denoiser": _EMO2_DENOISER,
        "reference_net": reference_config(_EMO2_DENOISER, 5),
        "pose_encoder": {"map_channels": 6, "block_out_channels": (16, 32, 96, 256), "out_channels": 320},
        "audio_projector": {"feature_dim": 13 * 768, "neighbours": 2, "hidden_dim": 768, "token_dim": 768},
        "vae": _SD_VAE,
        "pipeline": {
            "maps": "mano_keypoints",
            "audio_features": "wav2vec2",
            "window_frames": 24,
            "window_overlap": 6,
            "block_windows": 1,
            "motion_frames": 4,
            "num_inference_steps": 40,
            "guidance_scale": 2.5,
        },
    },
    "echomimic_v2": {
        "denoiser": _ECHOMIMIC_DENOISER,
        "reference_net": reference_config(_ECHOMIMIC_DENOISER, None),
        "pose_encoder": {"map_channels": 3, "block_out_channels": (16, 32, 96, 256), "out_channels": 320},
        "vae": _SD_VAE,
        "pipeline": {
            "maps": "echomimic_v2",
            "audio_features": "whisper",
            "window_frames": 12,
            "window_overlap": 3,
            "block_windows": 8,
            "motion_frames": 0,
            "noise_limit": 1.5,
            "num_inference_steps": 30,
            "guidance_scale": 2.5,
        },
    },
    "tiny": {
        "denoiser": _TINY_DENOISER,
        "reference_net": reference_config(_TINY_DENOISER, 3),
        "pose_encoder": {
            "map_channels": 6, "block_out_channels": (4, 8, 8, 8), "out_channels": 16, "confidence_dim": 8,
        },
        "audio_projector": {"neighbours": 2, "hidden_dim": 16, "token_dim": 24},
        "vae": {
            "block_out_channels": (8, 8, 8, 8),
            "down_block_types": ("DownEncoderBlock2D",) * 4,
            "up_block_types": ("UpDecoderBlock2D",) * 4,
            "layers_per_block": 1,
            "latent_channels": 4,
            "norm_num_groups": 4,
            "sample_size": 64,
        },
        "pipeline": {
            "maps": "mano_keypoints",
            "audio_features": "prosody",
            "window_frames": 8,
            "window_overlap": 4,
            "block_windows": 1,
            "motion_frames": 2,
            "num_inference_steps": 4,
            "guidance_scale": 1.0,
        },
    },
    "pixel": {
        "denoiser": _PIXEL_DENOISER,
        "reference_net": reference_config(_PIXEL_DENOISER, 3),
        "pose_encoder": {
            "map_channels": 6, "block_out_channels": (16, 32, 48), "out_channels": 64, "confidence_dim": 32,
        },
        "audio_projector": {"neighbours": 2, "hidden_dim": 64, "token_dim": 48},
        "vae": {"factor": 4},
        "pipeline": {
            "maps": "mano_keypoints",
            "audio_features": "prosody",
            "window_frames": 8,
            "window_overlap": 2,
            "block_windows": 1,
            "motion_frames": 2,
            "num_inference_steps": 12,
            "guidance_scale": 1.0,
        },
    },
}  # fmt: skip
"""Of every size, the configuration of each part."""
