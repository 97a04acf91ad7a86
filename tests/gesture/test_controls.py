# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pipeline can be told, and what it says where it cannot."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gesture_samples import TINY, babble

from chironomy.errors import ChironomyError
from chironomy.gesture import GestureError, GesturePipeline, GestureTransformer
from chironomy.gesture.controls import Controls, checked_controls
from chironomy.gesture.latent import Latent
from chironomy.gesture.network import Given, Run
from chironomy.gesture.pipeline import default_scheduler
from chironomy.gesture.sampling import Conditions, denoise
from chironomy.gesture.shipped import embedded_styles, style_names
from chironomy.gesture.windows import Layout
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech
from chironomy.work import QUIET, Work

CONFIG = {"styles": 4, "hands": 3}


def style(value: Any, config: Mapping[str, Any] = CONFIG) -> list[float]:
    return [round(weight, 6) for weight in checked_controls(config, {"style": value}).style]


def same(a: HandMotion, b: HandMotion) -> bool:
    return np.array_equal(a.wrist_position, b.wrist_position) and np.array_equal(a.rotation, b.rotation)


@pytest.fixture(scope="module")
def handed(tiny: GesturePipeline) -> GesturePipeline:
    """A tiny model that knows handedness and two speakers' styles, and answers to every condition."""
    torch.manual_seed(1)
    transformer = GestureTransformer(**TINY | {"hands": 3, "styles": 2, "style_names": ["ada", "bob"]}).eval()
    for weight in (transformer.motion_out.weight, transformer.modulation_out.weight):
        torch.nn.init.normal_(weight, std=0.1)
    for name in ("style_embedding", "hands_embedding"):
        torch.nn.init.normal_(getattr(transformer, name).weight, std=1.0)
    for name in ("motion_mean", "motion_std"):
        transformer.get_buffer(name).copy_(tiny.transformer.get_buffer(name))
    return GesturePipeline(transformer, default_scheduler())


def test_styles_are_names_or_weights() -> None:
    assert style("calm") == [0, 1, 0, 0]
    assert style({"calm": 0.25, "lively": 0.5}) == [0, 0.25, 0.5, 0]
    assert style({"calm": 3, "lively": 1}) == [0, 0.75, 0.25, 0]
    assert style({}) == [0, 0, 0, 0]


def test_styles_are_those_that_the_model_names(handed: GesturePipeline, speech: Speech) -> None:
    assert style("bob", {"styles": 2, "style_names": ["ada", "bob"]}) == [0, 1]
    with pytest.raises(GestureError, match="there is no style 'calm'; the styles are ada, bob"):
        handed(speech, style="calm")


def test_the_embedded_styles_are_known_without_loading_the_model(embedded: GesturePipeline) -> None:
    assert embedded_styles() == style_names(embedded.transformer.config)
    assert embedded_styles()[:4] == ("neutral", "calm", "lively", "emphatic")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"style": {"calm": -1}}, "the weight of style 'calm' is -1"),
        ({"style": {"calm": math.nan}}, "the weight of style 'calm' is nan"),
        ({"style": 3}, "style is 3; give a name, or a mapping"),
        ({"handedness": "feet"}, "there is no handedness 'feet'; the choices are left, right, both"),
        ({"speed": math.nan}, "speed is nan"),
        ({"amplitude": "big"}, "amplitude is 'big'"),
        ({"rate": 0.1}, "rate is 0.1; give 0.25 to 2.5"),
        ({"rate": 1.5}, "this model has not learned how many strokes to make; leave rate out"),
        ({"guidance_scale": math.inf}, "guidance_scale is inf"),
        ({"style_guidance_scale": -1.0}, "style_guidance_scale is -1"),
        ({"num_inference_steps": 2.5}, "num_inference_steps is 2.5"),
        ({"hide_below": 40.0}, "hide_below is 40"),
        ({"seed": "seven"}, "seed is 'seven'"),
        ({"fps": math.nan}, "fps is nan"),
        ({"tempo": 2.0}, "there is no setting 'tempo'; there are fps, seed"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings: Any, sentence: str) -> None:
    with pytest.raises(ChironomyError, match=sentence):
        checked_controls(CONFIG, settings)


def test_handedness_reaches_the_model(handed: GesturePipeline, speech: Speech) -> None:
    made = {
        name: handed(speech, style="ada", handedness=value, num_inference_steps=2)
        for name, value in {
            "none": None,
            "left": "left",
            "mostly": {"left": 0.7, "both": 0.3},
            "right": "right",
        }.items()
    }
    assert len({motion.wrist_position.tobytes() for motion in made.values()}) == 4
    assert made["mostly"].source["handedness"] == {"left": 0.7, "both": 0.3}


def test_a_model_without_handedness_says_so(tiny: GesturePipeline, speech: Speech) -> None:
    with pytest.raises(GestureError, match="this model has not learned which hand gestures"):
        tiny(speech, handedness="left")


def test_rate_reaches_a_model_that_has_learned_it(tiny: GesturePipeline, speech: Speech) -> None:
    torch.manual_seed(1)
    transformer = GestureTransformer(**TINY | {"control_range": [0.25, 2.5]}).eval()
    for weight in (transformer.motion_out.weight, transformer.modulation_out.weight):
        torch.nn.init.normal_(weight, std=0.1)
    torch.nn.init.normal_(transformer.rate_embedding.mlp[2].weight, std=1.0)
    for name in ("motion_mean", "motion_std"):
        transformer.get_buffer(name).copy_(tiny.transformer.get_buffer(name))
    pipeline = GesturePipeline(transformer, default_scheduler())
    usual, one, many = (pipeline(speech, num_inference_steps=2, **rate) for rate in ({}, {"rate": 1.0}, {"rate": 2.0}))
    assert same(usual, one)
    assert not same(usual, many)
    assert "rate" not in one.source
    assert many.source["rate"] == 2.0


def test_a_model_that_has_not_learned_rate_takes_the_usual_one(tiny: GesturePipeline, speech: Speech) -> None:
    made = [tiny(speech, num_inference_steps=2, **rate) for rate in ({}, {"rate": 1.0}, {"rate": None})]
    assert same(made[0], made[1])
    assert same(made[0], made[2])
    assert made[1].source == made[0].source


class Counted:
    """A stand-in for a network that answers with what it is told of speech and style."""

    config: Mapping[str, Any] = {}
    latent = Latent(np.zeros(4, np.float32), np.ones(4, np.float32))

    def encode(self, given: Given, controls: Controls, runs: Sequence[Run]) -> Sequence[Run]:
        self.runs = len(runs)
        return runs

    def predict(self, shown: np.ndarray, level: float, encoded: Sequence[Run]) -> np.ndarray:
        values = [1.0 + 2.0 * run.speech + 0.5 * run.style for run in encoded]
        return np.stack([np.full_like(shown, value) for value in values])


class AtOnce:
    """A way to motion in one step."""

    timesteps, initial_scale = (0,), 1.0

    def straight(self, state: np.ndarray, t: int) -> tuple[np.ndarray, float]:
        return state, 0.5

    def step(self, clean: np.ndarray, t: int, state: np.ndarray) -> np.ndarray:
        return clean


@pytest.mark.parametrize(
    ("guidance", "style_guidance", "runs", "result", "unspoken"),
    [(1, 1, 1, 3.5, 3.5), (2, 1, 2, 5.5, 3.5), (1, 3, 2, 4.5, 4.5), (2, 3, 3, 6.5, 4.5), (0, 1, 2, 1.5, 3.5)],
)
def test_guidance_is_composed_of_speech_and_style(
    guidance: float, style_guidance: float, runs: int, result: float, unspoken: float
) -> None:
    """Far from speech, here in the last two frames, speech is not guided."""
    controls = checked_controls(CONFIG, {"guidance_scale": guidance, "style_guidance_scale": style_guidance})
    conditions = Conditions(
        audio=np.zeros((4, 1), np.float32),
        spoken=np.array([1.0, 1.0, 0.0, 0.0], np.float32)[:, None],
        pinned=np.zeros((4, 4), np.float32),
        pinned_mask=np.zeros((4, 2), np.float32),
        held=np.zeros((4, 4), np.float32),
        hold=np.zeros((4, 1), np.float32),
        lasting=np.zeros((1, 4), np.float32),
    )
    model = Counted()
    made = denoise(model, AtOnce(), Layout(4, 4, 0), np.zeros((4, 4), np.float32), conditions, controls, QUIET)
    assert model.runs == runs
    assert made[:2] == pytest.approx(result)
    assert made[2:] == pytest.approx(unspoken)


def test_style_guidance_goes_further_from_no_style(handed: GesturePipeline, speech: Speech) -> None:
    options: dict[str, Any] = {"seed": 1, "num_inference_steps": 2, "style": "bob"}
    none, usual, more = (handed(speech, style_guidance_scale=scale, **options) for scale in (0.0, 1.0, 2.0))
    assert same(usual, handed(speech, **options))
    near, far = (np.abs(motion.wrist_position - none.wrist_position).mean() for motion in (usual, more))
    assert far > 1.3 * near


def test_variants_are_the_calls_with_the_next_seeds(tiny: GesturePipeline, speech: Speech) -> None:
    told: list[float] = []
    variants = tiny.variants(speech, 3, seed=7, num_inference_steps=2, work=Work(lambda done, _="": told.append(done)))
    assert [motion.source["seed"] for motion in variants] == [7, 8, 9]
    for number, motion in enumerate(variants):
        alone = tiny(speech, seed=7 + number, num_inference_steps=2)
        assert same(motion, alone)
        assert motion.source == alone.source
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_variants_hear_the_speech_once(tiny: GesturePipeline, speech: Speech, monkeypatch: pytest.MonkeyPatch) -> None:
    from chironomy.gesture import maker

    calls: list[Speech] = []
    heard = maker.heard
    monkeypatch.setattr(maker, "heard", lambda speech, *rest: calls.append(speech) or heard(speech, *rest))
    tiny.variants(speech, 3, num_inference_steps=1)
    assert len(calls) == 1
    with pytest.raises(GestureError, match="count is 0"):
        tiny.variants(speech, 0)


def test_a_model_that_hears_through_a_network_asks_for_it(speech: Speech, tmp_path: Path) -> None:
    transformer = GestureTransformer(**TINY | {"audio_features": "wav2vec2"}).eval()
    pipeline = GesturePipeline(transformer, default_scheduler())
    with pytest.raises(GestureError, match="hears through a wav2vec2 network"):
        pipeline(speech)
    with pytest.raises(GestureError, match="holds no wav2vec2 model"):
        pipeline.use_audio_encoder(tmp_path)


def test_samples_that_are_not_numbers_are_refused(tiny: GesturePipeline) -> None:
    broken = babble(2.0).samples.copy()
    broken[5000:5100] = np.nan
    with pytest.raises(ChironomyError, match="not finite"):
        tiny(Speech(broken, 16000, "0" * 64), num_inference_steps=1)


def test_a_model_that_gives_no_numbers_is_refused(tiny: GesturePipeline, speech: Speech) -> None:
    bias = tiny.transformer.motion_out.bias
    kept = bias.detach().clone()
    with torch.no_grad():
        bias.fill_(math.nan)
    try:
        with pytest.raises(GestureError, match="made numbers that are not finite"):
            tiny(speech, num_inference_steps=1)
    finally:
        with torch.no_grad():
            bias.copy_(kept)
