# SPDX-License-Identifier: GPL-3.0-or-later
import argparse
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from gesture_samples import TINY, babble

from chironomy.gesture import GestureError, GesturePipeline, GestureTransformer
from chironomy.gesture.clips import Clip, one_hot, shard_path, write_description, write_shard
from chironomy.gesture.model import CONFIGS
from chironomy.gesture.training.log import Log, sampled_sheet, write_curve
from chironomy.gesture.training.run import main, make_scheduler, model_config, run, training_settings
from chironomy.gesture.training.trainer import Averaged, Trainer, TrainSettings, split
from chironomy.gesture.training.windows import EVERYTHING_GIVEN, Windows

SETTINGS = TrainSettings(steps=4, batch_size=4, validate_every=2, validation_batches=1, precision="no")


@pytest.fixture(autouse=True)
def own_precision() -> Iterator[None]:
    """Accelerate keeps the precision for the whole process; each test chooses its own."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


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
    learner = trainer(TrainSettings(steps=30, batch_size=8, warmup=5, learning_rate=3e-3, precision="no", average=0.5))
    losses = [float(learner.advance()) for _ in range(30)]
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
        trainer(TrainSettings(steps=4, batch_size=5, validate_every=2, validation_batches=1, precision="no")).resume(
            state
        )


def test_a_rate_is_learned_from_and_sometimes_left_out() -> None:
    given = [replace(clip, rate=0.5 + number) for number, clip in enumerate(clips())]
    windows = Windows(given, 48)
    rate = windows.batch(400, 0, 0).rate
    assert set(rate.tolist()) == {0.0, *(clip.rate for clip in given)}
    assert 0.08 < (rate == 0).float().mean() < 0.25
    assert (windows.batch(400, 0, 0, EVERYTHING_GIVEN).rate > 0).all()
    torch.manual_seed(0)
    train, validation = (Windows(part, TINY["window_frames"]) for part in split(given))
    learner = Trainer(GestureTransformer(**TINY | {"control_range": [0.25, 2.5]}), train, validation, SETTINGS)
    before = learner.model.rate_embedding.mlp[2].weight.detach().clone()
    for _ in range(3):
        learner.advance()
    assert not torch.equal(learner.model.rate_embedding.mlp[2].weight, before)


def test_only_clips_whose_rate_is_known_teach_it() -> None:
    description = {"fps": 24.0, "style_names": ["a"], "trained_on": "a test"}
    clip = clips(1)[0]
    assert model_config("embedded", description, clip)["control_range"] is None
    assert model_config("embedded", description, replace(clip, rate=0.7))["control_range"] == [0.25, 2.5]


def test_clips_shorter_than_a_window_are_refused() -> None:
    with pytest.raises(GestureError, match="500 frames"):
        Windows(clips(), 500)


def test_the_curve_is_kept_as_numbers_and_as_a_picture(tmp_path: Path) -> None:
    write_curve([(1, 2.0, 2.1), (2, 1.0, 1.2)], tmp_path)
    assert (tmp_path / "loss.csv").read_text().splitlines()[0] == "step,loss,validation"
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_checkpoint_of_the_first_edition_is_read() -> None:
    """It names no precision but whether it was bf16, no parts and no patience."""
    state = trainer().state()
    state["settings"] = {"steps": 4, "batch_size": 4, "validate_every": 2, "validation_batches": 1, "bf16": True}
    for name in ("scaler", "best", "devices"):
        del state[name]
    AcceleratorState._reset_state(reset_partial_state=True)
    trainer(replace(SETTINGS, precision="bf16")).resume(state)


def test_parts_of_a_step_add_up_to_its_gradient() -> None:
    learner = trainer(replace(SETTINGS, accumulation=3))
    gradients = []
    for number in range(3):
        learner.model.zero_grad()
        learner.loss(learner.train.batch(4, 0, number)).backward()
        gradients.append(learner.model.motion_out.bias.grad.clone())
    learner.model.zero_grad()
    bias, seen = learner.model.motion_out.bias, []
    learner.optimizer.optimizer.register_step_pre_hook(lambda *_: seen.append(bias.grad.clone()))
    learner.accelerator.clip_grad_norm_ = lambda *_: None
    learner.advance()
    torch.testing.assert_close(seen[0], torch.stack(gradients).mean(dim=0))


@pytest.mark.parametrize("machines", [1, 2])
def test_two_devices_learn_one_model(tmp_path: Path, machines: int) -> None:
    """On two processes of the processor, which is as many devices as there may be here, of one torchrun or two."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", f"{2 // machines}"]
    if machines == 1:
        command += ["--standalone"]
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            meeting = f"127.0.0.1:{free.getsockname()[1]}"
        command += ["--nnodes", f"{machines}", "--rdzv-backend", "c10d", "--rdzv-endpoint", meeting]
    command += [str(Path(__file__).with_name("two_devices.py")), str(tmp_path)]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(machines)
    ]
    try:
        for each in started:
            said, _ = each.communicate(timeout=240)
            assert each.returncode == 0, said[-3000:]
    finally:
        for each in started:
            each.kill()
            each.wait()
    both = torch.load(tmp_path / "both.pt", weights_only=True)
    assert both["weights"].shape[0] == 2
    assert torch.equal(both["weights"][0], both["weights"][1])
    assert [step for step, _, _ in both["losses"]] == [2, 4]
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["devices"] == 2
    state["settings"] = trainer().state()["settings"]
    with pytest.raises(GestureError, match="another number of devices"):
        trainer().resume(state)


def test_training_stops_when_it_no_longer_gets_better(tmp_path: Path) -> None:
    learner = trainer(replace(SETTINGS, steps=100, validate_every=1, patience=3))
    judgements = iter([9.0, 5.0, 4.0, 4.5, 4.2, 4.1, 3.0])
    learner.validate = lambda: next(judgements)
    kept = {}

    def note(step: int) -> None:
        kept[step] = {name: value.clone() for name, value in learner.average.items()}

    advance = learner.advance

    def advanced() -> torch.Tensor:
        loss = advance()
        note(learner.step)
        return loss

    learner.advance = advanced
    assert run(learner, tmp_path)
    assert (learner.step, learner.best) == (5, (2, 4.0))
    for name, value in learner.average.items():
        assert torch.equal(value, kept[2][name])


def test_hands_that_are_not_seen_teach_nothing() -> None:
    given = clips()
    hidden = [replace(clip, confidence=np.tile(np.float32([1, 0]), (120, 1))) for clip in given]
    strange = [
        replace(clip, motion=np.concatenate([clip.motion[:, :99], 50 * clip.motion[:, 99:]], 1)) for clip in hidden
    ]
    losses = []
    for those in (hidden, strange):
        torch.manual_seed(1)
        windows, model = Windows(those, 48), GestureTransformer(**TINY)
        learner = Trainer(model, Windows(given, 48), Windows(given, 48), SETTINGS)
        windows.normalize(model)
        torch.nn.init.normal_(model.motion_out.weight, std=0.1, generator=torch.Generator().manual_seed(0))
        losses.append(float(learner.loss(windows.batch(4, 0, 0)).detach()))
        AcceleratorState._reset_state(reset_partial_state=True)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_sampled_motion_is_drawn_under_the_recorded() -> None:
    sheet = sampled_sheet(trainer())
    assert sheet.shape == (6 * 128, 8 * 128, 3)
    for row in range(6):
        assert (sheet[row * 128 : (row + 1) * 128] < 255).any()


def test_the_log_has_the_curves_and_the_drawings(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = Log(tmp_path / "log")
    run(trainer(), tmp_path / "checkpoints", log=log)
    log.close()
    events = EventAccumulator(str(tmp_path / "log"))
    events.Reload()
    assert [event.step for event in events.Scalars("validation")] == [2, 4]
    assert [event.step for event in events.Images("sampled under recorded")] == [2, 4]


def corpus(folder: Path, **description: object) -> Path:
    given = clips()
    write_description(
        folder,
        {
            "corpus": "hands",
            "trained_on": "hand motions beside speech",
            "shards": 2,
            "parts": {"train": [0, 1], "validation": [1, 2]},
            "style_names": ["anna", "ben", "carl", "dora"],
            "fps": 30.0,
            **description,
        },
    )
    write_shard(shard_path(folder, 0), given[:5])
    write_shard(shard_path(folder, 1), given[5:])
    return folder


@pytest.mark.parametrize("scheduler", ["flow", "ddim"])
def test_the_command_trains_and_writes_a_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheduler: str
) -> None:
    monkeypatch.setitem(CONFIGS, "embedded", {key: value for key, value in TINY.items() if key != "audio_dim"})
    arguments = ["--corpus", str(corpus(tmp_path / "clips")), "--out", str(tmp_path / "model"), "--threads", "1"]
    arguments += ["--steps", "2", "--batch-size", "2", "--validation-batches", "1", "--precision", "no", "--cpu"]
    assert main([*arguments, "--scheduler", scheduler]) == 0
    pipeline = GesturePipeline.from_pretrained(tmp_path / "model")
    assert pipeline.transformer.config["style_names"] == ["anna", "ben", "carl", "dora"]
    assert pipeline.transformer.config["fps"] == 30.0
    assert type(pipeline.scheduler).__name__.startswith("DDIM" if scheduler == "ddim" else "FlowMatch")
    motion = pipeline(babble(2.0), style="carl", fps=30.0)
    assert motion.frame_count == 60
    assert "hand motions beside speech" in (tmp_path / "model" / "MODEL_CARD.md").read_text()
    assert list((tmp_path / "model" / "checkpoints" / "log").iterdir())
    AcceleratorState._reset_state(reset_partial_state=True)
    assert main([*arguments, "--seed", "1"]) == 1  # the checkpoint is of another seed


def test_clips_with_other_features_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = corpus(tmp_path / "clips", audio_features="wav2vec2")
    assert main(["--corpus", str(folder), "--out", str(tmp_path / "model"), "--precision", "no", "--cpu"]) == 1
    assert "hears prosody and these clips were prepared with wav2vec2" in capsys.readouterr().err


def test_each_configuration_has_its_own_settings() -> None:
    options = argparse.Namespace(config="emo2", steps=None, seed=3, batch_size=16)
    settings = training_settings(options)
    assert (settings.steps, settings.seed, settings.batch_size) == (200_000, 3, 16)
    assert settings.learning_rate == 1e-4


def test_the_papers_size_is_24_blocks_of_512_over_wav2vec2() -> None:
    description = {"fps": 30.0, "style_names": ["a", "b"], "trained_on": "a test", "audio_features": "wav2vec2"}
    clip = Clip(np.zeros((96, 13 * 768), np.float32), np.zeros((96, 198), np.float32), one_hot(0, 2))
    with torch.device("meta"):
        model = GestureTransformer(**model_config("emo2", description, clip))
        # Once transformers has loaded a network in this process, linspace no longer heeds the device.
        model.to("meta", torch.bfloat16)
        windows = torch.empty(2, 96, model.latent_dim, dtype=torch.bfloat16)
        sample = model(
            windows,
            torch.empty(2, dtype=torch.bfloat16),
            torch.empty(2, 96, 13 * 768, dtype=torch.bfloat16),
            style=torch.empty(2, 2, dtype=torch.bfloat16),
            speed=torch.empty(2, dtype=torch.bfloat16),
            amplitude=torch.empty(2, dtype=torch.bfloat16),
            handedness=torch.empty(2, 3, dtype=torch.bfloat16),
        ).sample
        sample.sum().backward()
    assert sample.shape == (2, 96, 198)
    assert len(model.blocks) == 24
    assert 100e6 < sum(parameter.numel() for parameter in model.parameters()) < 250e6


def test_the_papers_configuration_learns_cut_down(tmp_path: Path) -> None:
    """Two blocks of 32 over a tiny network's hidden states: the same code, features and trainer."""
    random, config = np.random.default_rng(0), CONFIGS["emo2"] | {"num_layers": 2, "width": 32, "num_heads": 2}
    config |= {"audio_dim": 48, "styles": 2, "fps": 30.0, "window_frames": 48}
    phase = np.linspace(0, 8, 120)[:, None]
    given = [
        Clip(
            random.normal(size=(120, 48)).astype(np.float16),
            np.sin(phase + random.normal(size=198)).astype(np.float32),
            one_hot(number % 2, 2),
        )
        for number in range(6)
    ]
    settings = TrainSettings(steps=40, batch_size=8, warmup=5, learning_rate=3e-3, average=0.5, precision="no")
    learner = Trainer(GestureTransformer(**config), *(Windows(part, 48) for part in split(given)), settings)
    losses = [float(learner.advance()) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])
    GesturePipeline(learner.model, make_scheduler("ddim")).save_compact(tmp_path)
    again = GesturePipeline.from_pretrained(tmp_path)
    for name, value in learner.model.state_dict().items():
        torch.testing.assert_close(again.transformer.state_dict()[name], value, rtol=2e-3, atol=1e-4)
