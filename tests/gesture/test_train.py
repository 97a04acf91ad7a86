# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
import torch
from gesture_samples import TINY

from chironomy.gesture import GestureError, GestureTransformer
from chironomy.gesture.clips import Clip, one_hot
from chironomy.gesture.data import Windows
from chironomy.gesture.train import Averaged, Trainer, TrainSettings, run, split, write_curve

SETTINGS = TrainSettings(steps=4, batch_size=4, validate_every=2, validation_batches=1, bf16=False)


def clips(count: int = 6) -> list[Clip]:
    random = np.random.default_rng(0)
    phase = np.linspace(0, 8, 120)[:, None]
    return [
        Clip(
            audio=np.sin(phase + random.normal(size=TINY["audio_dim"])).astype(np.float32),
            motion=np.sin(phase + random.normal(size=198)).astype(np.float32),
            style=one_hot(number % 4, 4),
            speed=1.0,
            amplitude=1.0,
        )
        for number in range(count)
    ]


def trainer(settings: TrainSettings = SETTINGS) -> Trainer:
    torch.manual_seed(0)
    train, validation = (Windows(part, TINY["window_frames"]) for part in split(clips()))
    return Trainer(GestureTransformer(**TINY), train, validation, settings)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = trainer()
    run(whole, tmp_path / "whole")

    stopped = trainer()
    stopped.advance()
    stopped.advance()
    stopped.curve.append(whole.curve[0])
    (tmp_path / "parts").mkdir()
    torch.save(stopped.state(), tmp_path / "parts" / "checkpoint.pt")
    resumed = trainer()
    run(resumed, tmp_path / "parts")

    assert resumed.step == whole.step == 4
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name
    assert resumed.curve[-1][2] == whole.curve[-1][2]


def test_training_lowers_the_loss() -> None:
    learner = trainer(TrainSettings(steps=30, batch_size=8, warmup=5, learning_rate=3e-3, bf16=False, average=0.5))
    losses = [learner.advance() for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_a_batch_is_a_function_of_its_seed_and_number() -> None:
    windows = Windows(clips(), 48)
    first, again, other = (windows.batch(4, 0, number) for number in (3, 3, 4))
    assert torch.equal(first.motion, again.motion)
    assert torch.equal(first.noise, again.noise)
    assert not torch.equal(first.motion, other.motion)


def test_normalised_motion_has_mean_zero_and_spread_one() -> None:
    windows, model = Windows(clips(), 48), GestureTransformer(**TINY)
    model.set_statistics(windows.motion)
    windows.normalize(model)
    assert windows.motion.mean(dim=0).abs().max() < 1e-4
    assert (windows.motion.std(dim=0) - 1).abs().max() < 1e-3


def test_the_averaged_weights_are_only_borrowed() -> None:
    learner = trainer()
    learner.advance()
    before = learner.model.motion_in.weight.detach().clone()
    with Averaged(learner):
        assert torch.equal(learner.model.motion_in.weight, learner.average["motion_in.weight"])
    assert torch.equal(learner.model.motion_in.weight, before)


def test_a_checkpoint_of_other_settings_is_refused() -> None:
    state = trainer().state()
    with pytest.raises(GestureError, match="another batch_size"):
        trainer(TrainSettings(steps=4, batch_size=5, validate_every=2, validation_batches=1, bf16=False)).resume(state)


def test_clips_shorter_than_a_window_are_refused() -> None:
    with pytest.raises(GestureError, match="500 frames"):
        Windows(clips(), 500)


def test_the_curve_is_kept_as_numbers_and_as_a_picture(tmp_path: Path) -> None:
    write_curve([(1, 2.0, 2.1), (2, 1.0, 1.2)], tmp_path)
    assert (tmp_path / "loss.csv").read_text().splitlines()[0] == "step,loss,validation"
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
