# SPDX-License-Identifier: GPL-3.0-or-later
"""Training begins from an image model."""

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from talking_samples import conditions_for, filled_pipeline, noisy_latents

from chironomy.shot.errors import VideoError
from chironomy.video.talking.configs import CONFIGS, reference_config
from chironomy.video.talking.start import start_from_unet


@pytest.fixture(scope="module")
def image_model() -> UNet2DConditionModel:
    torch.manual_seed(5)
    config = reference_config(CONFIGS["tiny"]["denoiser"], None)
    return UNet2DConditionModel(**{**config, "cross_attention_dim": 40}).eval()


def test_both_networks_have_its_weights_and_frames_know_nothing_of_each_other(image_model) -> None:
    pipeline = filled_pipeline()
    network = pipeline.network.eval()
    start_from_unet(network, image_model.state_dict())
    theirs = image_model.state_dict()
    for module in (network.denoiser, network.reference_net):
        assert torch.equal(
            module.state_dict()["mid_block.resnets.0.conv1.weight"], theirs["mid_block.resnets.0.conv1.weight"]
        )
    conditions, latents = conditions_for(pipeline), noisy_latents()
    changed = latents.clone()
    changed[:, :, 2] += 1
    with torch.no_grad():
        step = torch.tensor([400])
        difference = (network(changed, step, conditions) - network(latents, step, conditions)).abs().amax((0, 1, 3, 4))
    assert difference.nonzero().flatten().tolist() == [2]


def test_another_image_model_is_refused(image_model) -> None:
    tensors = {key: value for key, value in image_model.state_dict().items() if not key.startswith("mid_block.")}
    with pytest.raises(VideoError, match=r"the image model has no mid_block\..* which the denoiser needs"):
        start_from_unet(filled_pipeline().network, tensors)
