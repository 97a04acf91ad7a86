# SPDX-License-Identifier: GPL-3.0-or-later
"""The network: every condition reaches the frames, can be dropped by itself, and gets gradients."""

from dataclasses import replace

import pytest
import torch
from talking_samples import conditions_for, filled, filled_pipeline, noisy_latents

from chironomy.video.talking.fresh import fresh_pipeline
from chironomy.video.talking.memory import meta_modules, saved_configuration
from chironomy.video.talking.network import Conditions, Given, TalkingNetwork
from chironomy.video.talking.pose_encoder import PoseEncoder

STEP = torch.tensor([500])


def predicted(pipeline, conditions, given=None, latents=None, step=STEP):
    with torch.no_grad():
        return pipeline.network.eval()(noisy_latents() if latents is None else latents, step, conditions, given)


def test_gradients_reach_every_part() -> None:
    pipeline = filled_pipeline()
    network = pipeline.network.train()
    conditions = conditions_for(pipeline)
    network(noisy_latents(), STEP, conditions).square().mean().backward()
    without = {
        name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()
    }
    # What the ReferenceNet makes of its last bank entry goes nowhere: it has no output.
    last = "reference_net.up_blocks.1.attentions.1."
    assert {name for name in without if not name.startswith(last)} == set()
    assert f"{last}norm.weight" not in without
    for part in ("denoiser", "reference_net", "pose_encoder.confidence", "audio_projector"):
        assert any(name.startswith(part) for name, _ in network.named_parameters())


def test_a_new_network_ignores_maps_and_confidence_until_it_has_learned() -> None:
    torch.manual_seed(0)
    pipeline = fresh_pipeline("tiny")
    conditions = conditions_for(pipeline)
    other = replace(conditions, maps=1 - conditions.maps, confidence=1 - conditions.confidence)
    assert torch.equal(predicted(pipeline, conditions), predicted(pipeline, other))


@pytest.mark.parametrize("name", ["pictures", "maps", "audio", "confidence"])
def test_every_condition_changes_the_prediction(pipeline, name) -> None:
    conditions = conditions_for(pipeline)
    other = replace(conditions, **{name: getattr(conditions, name).flip(-1)})
    assert (predicted(pipeline, conditions) - predicted(pipeline, other)).abs().max() > 1e-4


@pytest.mark.parametrize("name", ["reference", "pose", "audio"])
def test_a_dropped_condition_is_as_if_it_were_not_there(pipeline, name) -> None:
    conditions = conditions_for(pipeline)
    given = {
        "reference": Given(pictures=torch.tensor([[False, False, False]])),
        "pose": Given(pose=torch.tensor([False])),
        "audio": Given(audio=torch.tensor([False])),
    }[name]
    with torch.no_grad():
        network = pipeline.network.eval()
        wanted = network.denoise(noisy_latents(), STEP, network.encode(conditions).without(name))
    torch.testing.assert_close(predicted(pipeline, conditions, given), wanted, atol=1e-5, rtol=1e-4)


def test_each_sample_of_a_batch_drops_its_own_conditions(pipeline) -> None:
    conditions, latents = conditions_for(pipeline, batch=3), noisy_latents(batch=3)
    given = Given(
        pictures=torch.tensor([[True, True, True], [True, False, False], [False, False, False]]),
        pose=torch.tensor([True, False, True]),
        confidence=torch.tensor([False, True, True]),
        audio=torch.tensor([True, True, False]),
    )
    together = predicted(pipeline, conditions, given, latents, torch.tensor([100, 500, 900]))
    for sample, step in enumerate((100, 500, 900)):
        part = slice(sample, sample + 1)
        alone = predicted(
            pipeline,
            Conditions(*(getattr(conditions, name)[part] for name in ("pictures", "maps", "audio", "confidence"))),
            Given(given.pictures[part], given.pose[part], given.confidence[part], given.audio[part]),
            latents[part],
            torch.tensor([step]),
        )
        torch.testing.assert_close(together[part], alone, atol=1e-5, rtol=1e-4)


def test_motion_frames_that_are_dropped_are_as_if_there_were_the_portrait_alone(pipeline) -> None:
    conditions = conditions_for(pipeline)
    portrait = replace(conditions, pictures=conditions.pictures[:, :1])
    dropped = Given(pictures=torch.tensor([[True, False, False]]))
    torch.testing.assert_close(
        predicted(pipeline, conditions, dropped), predicted(pipeline, portrait), atol=1e-5, rtol=1e-4
    )


def test_the_portrait_and_the_motion_frames_are_told_apart(pipeline) -> None:
    conditions = conditions_for(pipeline)
    swapped = replace(conditions, pictures=conditions.pictures[:, [1, 0, 2]])
    assert (predicted(pipeline, conditions) - predicted(pipeline, swapped)).abs().max() > 1e-4


def test_maps_of_a_frame_become_features_of_that_frame_alone(pipeline) -> None:
    maps = conditions_for(pipeline).maps
    changed = maps.clone()
    changed[:, :, 2, 20:30, 10:20] = 1.0
    with torch.no_grad():
        difference = (pipeline.pose_encoder(changed) - pipeline.pose_encoder(maps)).abs().amax((0, 1, 3, 4))
    assert difference.nonzero().flatten().tolist() == [2]


def test_the_confidence_of_each_hand_counts_by_itself() -> None:
    encoder = PoseEncoder(block_out_channels=(4, 8), out_channels=8, confidence_dim=8)
    filled(encoder)
    maps = torch.rand(1, 6, 1, 8, 8)
    results = [encoder(maps, torch.tensor([[hands]])).detach() for hands in ([1.0, 1.0], [0.0, 1.0], [1.0, 0.0])]
    assert not any(torch.allclose(results[i], results[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_slicing_the_attention_changes_no_number(pipeline) -> None:
    conditions = conditions_for(pipeline)
    whole = predicted(pipeline, conditions)
    for size in ("auto", "max", 1):
        pipeline.enable_attention_slicing(size)
        torch.testing.assert_close(predicted(pipeline, conditions), whole, atol=1e-6, rtol=1e-5)
    pipeline.disable_attention_slicing()
    assert torch.equal(predicted(pipeline, conditions), whole)


def test_gradient_checkpointing_changes_no_gradient() -> None:
    gradients = []
    for checkpointing in (False, True):
        pipeline = filled_pipeline()
        network = pipeline.network.train()
        if checkpointing:
            network.denoiser.enable_gradient_checkpointing()
            network.reference_net.enable_gradient_checkpointing()
        network(noisy_latents(), STEP, conditions_for(pipeline)).square().mean().backward()
        gradients.append({name: parameter.grad for name, parameter in network.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, atol=1e-6, rtol=1e-4)


def test_a_step_forward_and_backward_at_the_size_of_stable_diffusion() -> None:
    """On torch's meta device, which knows shapes and no numbers."""
    parts = meta_modules(saved_configuration("emo2"), torch.float32)
    parts.pop("vae")
    network = TalkingNetwork(**parts).train()
    like = {"device": "meta"}
    conditions = Conditions(
        torch.empty(1, 5, 4, 88, 64, **like),
        torch.empty(1, 6, 24, 704, 512, **like),
        torch.empty(1, 28, 13 * 768, **like),
        torch.empty(1, 24, 2, **like),
    )
    made = network(torch.empty(1, 4, 24, 88, 64, **like), torch.zeros(1, **like), conditions)
    assert made.shape == (1, 4, 24, 88, 64)
    made.mean().backward()
    assert network.pose_encoder.conv_in.weight.grad.shape == (16, 6, 3, 3)
    assert network.audio_projector.position.grad.shape == (5, 768)
    assert network.reference_net.conv_in.weight.grad.shape == (320, 4, 3, 3)


def test_the_echomimic_layout_has_as_many_parameters_as_the_published_one() -> None:
    parts = meta_modules(saved_configuration("echomimic_v2"), torch.float32)
    millions = {name: sum(p.numel() for p in part.parameters()) / 1e6 for name, part in parts.items()}
    motion = sum(p.numel() for name, p in parts["denoiser"].named_parameters() if "motion_modules" in name) / 1e6
    assert round(millions["denoiser"]) == 1303
    assert round(motion) == 453
    assert int(millions["reference_net"]) == 815
