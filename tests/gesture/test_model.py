# SPDX-License-Identifier: GPL-3.0-or-later
from typing import Any

import torch

from chironomy.gesture.model import EMBEDDED_CONFIG, EMO2_CONFIG, GestureTransformer, ScalarEmbedding
from chironomy.gesture.settings import AMPLITUDE, CONTROL_RANGE, RATE, SPEED


def conditions(windows: int, frames: int, model: GestureTransformer) -> dict[str, torch.Tensor]:
    style = torch.zeros(windows, model.config["styles"])
    style[:, 0] = 1
    return {
        "audio": torch.randn(windows, frames, model.config["audio_dim"]),
        "style": style,
        "speed": torch.ones(windows),
        "amplitude": torch.ones(windows),
    }


def small(**changes: Any) -> GestureTransformer:
    torch.manual_seed(1)
    model = GestureTransformer(**({"num_layers": 2, "width": 32, "num_heads": 2, "window_frames": 48} | changes)).eval()
    torch.nn.init.normal_(model.motion_out.weight, std=0.1)
    return model


def test_the_output_has_the_shape_of_the_motion() -> None:
    model = small()
    motion = torch.randn(3, 48, 198)
    sample = model(motion, torch.full((3,), 0.5), **conditions(3, 48, model)).sample
    assert sample.shape == motion.shape


def test_an_untrained_model_predicts_the_mean_motion() -> None:
    model = GestureTransformer(num_layers=1, width=32, num_heads=2)
    sample = model(torch.randn(1, 48, 198), torch.ones(1), **conditions(1, 48, model)).sample
    assert torch.equal(sample, torch.zeros_like(sample))


def test_with_a_skip_what_no_noise_hides_is_kept_and_an_untrained_model_guesses_as_well_as_a_line_can() -> None:
    torch.manual_seed(2)
    model = small(skip=True, window_frames=48)
    motion = torch.randn(4, 48, 198)
    sample = model(motion, torch.zeros(4), **conditions(4, 48, model)).sample
    assert (sample - motion).abs().max() < 1e-5
    untrained = GestureTransformer(num_layers=1, width=32, num_heads=2, skip=True, window_frames=48)
    for level in (0.2, 0.5, 0.9):
        noisy = (1 - level) * motion + level * torch.randn_like(motion)
        guess = untrained(noisy, torch.full((4,), level), **conditions(4, 48, untrained)).sample
        error, least = (guess - motion).square().mean(), level**2 / ((1 - level) ** 2 + level**2)
        assert abs(error.item() - least) < 0.02


def test_what_is_slow_shines_through_much_noise_once_the_spectrum_is_known() -> None:
    torch.manual_seed(2)
    untrained = GestureTransformer(num_layers=1, width=32, num_heads=2, skip=True, window_frames=48)
    given = conditions(64, 48, untrained)
    times, level = torch.linspace(0, 1, 48)[None, :, None], 0.7
    motion = torch.randn(64, 1, 198) + torch.randn(64, 1, 198) * times
    noisy = (1 - level) * motion + level * torch.randn_like(motion)

    def error() -> float:
        made = untrained(noisy, torch.full((64,), level), **given).sample
        return float((made - motion).square().mean().sqrt())

    before = error()
    untrained.set_spectrum(torch.zeros(64, 48, 0), motion)
    assert error() < 0.6 * before
    # What is pinned carries no noise, and is not taken for weaker than it is.
    mask = torch.zeros(64, 48, 2)
    mask[:, ::2] = 1
    shown = torch.where(untrained.per_number(mask) > 0, motion, noisy)
    pinned = untrained(shown, torch.full((64,), level), **given, pinned=motion, pinned_mask=mask).sample
    assert float((pinned - motion).square().mean().sqrt()) < 0.8 * error()


def test_speech_reaches_the_motion_of_its_own_moment_most() -> None:
    model = small()
    given = conditions(1, 48, model)
    motion = torch.randn(1, 48, 198)
    before = model(motion, torch.ones(1), **given).sample
    louder = given | {"audio": given["audio"].clone()}
    louder["audio"][:, 24] += 3
    change = (model(motion, torch.ones(1), **louder).sample - before).abs().mean(dim=-1)[0]
    assert 20 <= int(change.argmax()) <= 29


def test_style_speed_amplitude_rate_and_handedness_each_matter() -> None:
    model = small(hands=3, control_range=[0.25, 2.5])
    torch.nn.init.normal_(model.rate_embedding.mlp[2].weight, std=0.1)
    torch.nn.init.normal_(model.modulation[1].weight, std=0.1)
    given = conditions(1, 48, model)
    motion = torch.randn(1, 48, 198)
    before = model(motion, torch.ones(1), **given).sample
    for name, value in (
        ("style", torch.eye(4)[1:2]),
        ("speed", torch.tensor([1.5])),
        ("amplitude", torch.tensor([0.6])),
        ("rate", torch.tensor([0.6])),
        ("handedness", torch.eye(3)[:1]),
    ):
        assert not torch.allclose(model(motion, torch.ones(1), **(given | {name: value})).sample, before)


def test_controls_are_told_apart_over_all_that_can_be_asked() -> None:
    assert EMBEDDED_CONFIG["control_range"] == EMO2_CONFIG["control_range"] == list(CONTROL_RANGE)
    assert {(asked.low, asked.high) for asked in (SPEED, AMPLITUDE, RATE)} == {CONTROL_RANGE}
    heard: list[torch.Tensor] = []
    embedding = ScalarEmbedding(8, CONTROL_RANGE)
    embedding.mlp[0].register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    embedding(torch.exp(torch.linspace(*torch.tensor(CONTROL_RANGE).log().tolist(), 24)))
    steps = heard[0].diff(dim=0)
    assert (steps >= 0).all()
    # One step of the scale is worth about the same anywhere, at its ends too.
    assert steps.amax(dim=1).min() > 0.5 * steps.amax(dim=1).max()


def test_a_control_that_is_not_given_says_nothing() -> None:
    for control_range in (None, CONTROL_RANGE):
        embedded = ScalarEmbedding(8, control_range)(torch.tensor([0.0, 1.0]))
        assert torch.equal(embedded[0], torch.zeros(8))
        assert embedded[1].abs().max() > 0
    model = small(control_range=[0.25, 2.5])
    torch.nn.init.normal_(model.modulation[1].weight, std=0.1)
    torch.nn.init.normal_(model.rate_embedding.mlp[2].weight, std=0.1)
    given, motion = conditions(1, 48, model), torch.randn(1, 48, 198)
    without = model(motion, torch.ones(1), **given).sample
    assert torch.equal(model(motion, torch.ones(1), **given, rate=torch.zeros(1)).sample, without)


def test_a_model_of_the_first_editions_is_as_it_was() -> None:
    model = small()
    assert not any("rate" in name for name in model.state_dict())
    torch.nn.init.normal_(model.modulation[1].weight, std=0.1)
    given, motion = conditions(1, 48, model), torch.randn(1, 48, 198)
    asked = model(motion, torch.ones(1), **given, rate=torch.tensor([2.0])).sample
    assert torch.equal(model(motion, torch.ones(1), **given).sample, asked)
    embedding = model.speed_embedding
    buckets = torch.tanh(3 * (1.3 - torch.linspace(0.4, 1.9, 9)) / 0.375)
    torch.testing.assert_close(embedding(torch.tensor([1.3])), embedding.mlp(buckets[None]))


def test_a_window_is_not_touched_by_its_neighbours_in_the_batch() -> None:
    model = small()
    given = conditions(2, 48, model)
    motion = torch.randn(2, 48, 198)
    both = model(motion, torch.tensor([0.3, 0.9]), **given).sample
    one = model(motion[1:], torch.tensor([0.9]), **{name: value[1:] for name, value in given.items()}).sample
    assert torch.allclose(both[1:], one, atol=1e-5)


def test_normalising_is_undone_by_denormalising() -> None:
    model = small()
    model.get_buffer("motion_mean").fill_(0.3)
    model.get_buffer("motion_std").fill_(0.2)
    motion = torch.randn(5, 198)
    assert torch.allclose(model.denormalize(model.normalize(motion)), motion, atol=1e-6)


def test_fingers_are_kept_by_their_components() -> None:
    random = torch.Generator().manual_seed(0)
    shapes = torch.randn(6, 198, generator=random)
    motion = torch.randn(400, 6, generator=random) @ shapes + 0.5
    model = small(motion_components=6)
    model.set_statistics(motion)
    latent = model.normalize(motion)
    assert latent.shape == (400, model.latent_dim) == (400, 2 * (9 + 6))
    assert torch.allclose(latent.mean(dim=0), torch.zeros(model.latent_dim), atol=1e-4)
    assert latent.std(dim=0).max() < 1.01
    assert torch.allclose(model.denormalize(latent), motion, atol=1e-3)


def test_a_mask_of_hands_covers_the_numbers_of_each_hand() -> None:
    model = small(motion_components=6)
    mask = model.per_number(torch.tensor([[1.0, 0.0]]))
    assert mask.tolist() == [[1.0] * 15 + [0.0] * 15]


def test_the_paper_s_configuration_can_be_built() -> None:
    with torch.device("meta"):
        model = GestureTransformer(**EMO2_CONFIG)
    assert len(model.blocks) == 24
    assert model.config["width"] == 512
    assert 60e6 < sum(p.numel() for p in model.parameters()) < 200e6


def test_the_paper_s_configuration_trains_and_samples_a_window_at_a_fifth_of_its_width() -> None:
    model = GestureTransformer(**(EMO2_CONFIG | {"width": 64, "num_heads": 2, "num_layers": 3}))
    sample = model(torch.randn(1, 24, 198), torch.ones(1), **conditions(1, 24, model)).sample
    (sample - 1).square().mean().backward()
    assert model.motion_out.weight.grad is not None
