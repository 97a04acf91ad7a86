# SPDX-License-Identifier: GPL-3.0-or-later
"""Beginning to train from an image model: Stable Diffusion's UNet into the denoiser and the ReferenceNet.

EMO begins so (arXiv 2402.17485), and what video adds, temporal modules, pose encoder and audio projector, is learned.
"""

from collections.abc import Mapping

import torch
from torch import nn

from chironomy.shot.errors import VideoError
from chironomy.video.talking.network import TalkingNetwork


def start_from_unet(network: TalkingNetwork, unet: Mapping[str, torch.Tensor]) -> None:
    """Copy an image model's tensors into the parts that have them under the same key.

    The temporal modules' last layers become zero, so that a clip begins as pictures that know nothing of each other.

    Args:
        network: fresh, of the image model's widths; its cross-attention keeps its own keys and values where speech has
            another width than the image model's text.
        unet: the state of a `UNet2DConditionModel` without motion, such as Stable Diffusion 1.5's.

    Raises:
        VideoError: it is another network; the sentence says of what it has none.
    """
    denoiser = {key: value for key, value in network.denoiser.state_dict().items() if "motion_modules" not in key}
    text = (".attn2.to_k.weight", ".attn2.to_v.weight")
    for part, wanted in (("denoiser", denoiser), ("reference net", network.reference_net.state_dict())):
        for key, value in wanted.items():
            if key.endswith(text) or key.startswith("class_embedding."):
                continue
            if key not in unet or unet[key].shape != value.shape:
                raise VideoError(f"the image model has no {key} of shape {tuple(value.shape)}, which the {part} needs")
    for module in (network.denoiser, network.reference_net):
        own = module.state_dict()
        fitting = {key: value for key, value in unet.items() if key in own and own[key].shape == value.shape}
        module.load_state_dict(fitting, strict=False)
    for name, module in network.denoiser.named_modules():
        if "motion_modules" in name and name.endswith("proj_out") and isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
