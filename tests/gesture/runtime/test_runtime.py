# SPDX-License-Identifier: GPL-3.0-or-later
"""Gestures without torch are the gestures that torch makes."""

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from gesture_samples import TINY, babble
from safetensors.numpy import load_file, save_file

from chironomy.gesture import GestureError, GesturePipeline, GestureTransformer, embedded_weights
from chironomy.gesture.controls import checked_controls
from chironomy.gesture.hearing import heard, near_speech
from chironomy.gesture.maker import GestureMaker
from chironomy.gesture.network import Given, Run
from chironomy.gesture.noise_path import noise_path
from chironomy.gesture.planning.spoken import spoken_phrases
from chironomy.gesture.runtime import GestureRuntime, reason_against
from chironomy.gesture.runtime.flow import Flow
from chironomy.gesture.runtime.network import NumpyNetwork, _gelu
from chironomy.gesture.runtime.weights import read_tensors
from chironomy.gesture.score import SCORE_KINDS
from chironomy.gesture.torch_network import TorchNetwork
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.accents import accent_onsets, pitch_accents
from chironomy.speech.decode import Speech

WEIGHTS = Path("transformer") / "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def runtime() -> GestureRuntime:
    return GestureRuntime.from_folder(embedded_weights())


@pytest.fixture
def saved(tiny: GesturePipeline, tmp_path: Path) -> Path:
    """The tiny model in a folder."""
    tiny.save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def assert_alike(made: HandMotion, expected: HandMotion) -> None:
    assert made.fps == expected.fps
    assert np.abs(made.wrist_position - expected.wrist_position).max() < 1e-4
    assert quaternion.angle(made.rotation, expected.rotation).max() < 1e-4
    assert np.array_equal(made.confidence, expected.confidence)
    assert made.source == expected.source


def sampled(maker: GestureMaker, speech: Speech, settings: dict[str, Any]) -> np.ndarray:
    """(T, 198) what comes of the network, before joints and bodies have their say."""
    task = maker._task(speech, settings)  # type: ignore[arg-type]
    return np.concatenate([rows for rows, _ in maker._sampled(task, 0, 18 + task.wanted)])


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": 3},
        {"seed": 2**40, "style": {"lively": 0.6, "open": 0.3}, "speed": 1.4, "amplitude": 0.7, "guidance_scale": 1.0},
        {"style": "emphatic", "handedness": "right", "style_guidance_scale": 2.0, "fps": 30.0, "hide_below": -0.3},
    ],
)
def test_a_performance_is_the_one_that_torch_makes(
    embedded: GesturePipeline, runtime: GestureRuntime, speech: Speech, settings: dict[str, Any]
) -> None:
    made, expected = (sampled(maker, speech, settings) for maker in (runtime, embedded))
    assert np.abs(made - expected).max() < 1e-5
    assert_alike(runtime(speech, **settings), embedded(speech, **settings))


def test_pins_and_ranges_made_anew_are_those_of_torch(
    embedded: GesturePipeline, runtime: GestureRuntime, speech: Speech
) -> None:
    motion = runtime(speech, seed=1, num_inference_steps=4)
    mask = np.zeros((motion.frame_count, 2, 16), bool)
    mask[20:40, 0], mask[50, 1, 3:9] = True, True
    raised = motion.replaced(wrist_position=motion.wrist_position + np.array([0.0, 0.04, 0.0]))
    settings: dict[str, Any] = {"seed": 5, "num_inference_steps": 4, "pinned": raised, "pinned_mask": mask}
    assert_alike(runtime(speech, **settings), embedded(speech, **settings))
    again = {"seed": 6, "num_inference_steps": 4, "hands": "left"}
    assert_alike(
        runtime.regenerate(speech, motion, 1.0, 2.5, **again), embedded.regenerate(speech, motion, 1.0, 2.5, **again)
    )


def test_long_speech_comes_in_parts_like_those_of_torch(tiny: GesturePipeline, saved: Path) -> None:
    runtime, long_speech = GestureRuntime.from_folder(saved), babble(20.0)
    runtime.block_windows = tiny.block_windows = (2, 3)
    try:
        made, expected = (list(maker.stream(long_speech, seed=2, num_inference_steps=2)) for maker in (runtime, tiny))
    finally:
        del tiny.block_windows
    assert [part.first_frame for part in made] == [part.first_frame for part in expected]
    assert len(made) > 3
    for part, other in zip(made, expected, strict=True):
        assert np.abs(part.motion.wrist_position - other.motion.wrist_position).max() < 1e-4


@pytest.mark.parametrize(
    "changes",
    [
        {"motion_components": 5, "hands": 3},
        {"patch_size": 1, "audio_context": 0, "num_heads": 4, "mlp_ratio": 2.0},
        {"patch_size": 4, "styles": 2, "fps": 30.0},
        {"control_range": [0.25, 2.5]},
        {"skip": True, "motion_components": 5},
        {"score_kinds": list(SCORE_KINDS)},
        {"skip": True, "motion_components": 5, "score_kinds": ["beat", "rest"], "score_sketch": True},
        {"score_kinds": ["beat"], "score_sketch": True},
    ],
)
def test_a_network_of_any_shape_predicts_what_torch_predicts(changes: dict[str, Any]) -> None:
    torch.manual_seed(4)
    transformer = GestureTransformer(**TINY | changes).eval()
    for parameter in transformer.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    reference = TorchNetwork(transformer)
    network = NumpyNetwork(reference.config, {k: v.numpy() for k, v in transformer.state_dict().items()})
    random = np.random.default_rng(0)

    def rows(channels: int) -> np.ndarray:
        return random.normal(size=(3, 48, channels)).astype(np.float32)

    mask = (random.random((3, 48, 2)) < 0.2).astype(np.float32)
    score = rows(transformer.score_dim) if transformer.score_dim else None
    given = Given(rows(TINY["audio_dim"]), rows(network.latent.channels), mask, score)
    asked: Any = {"style": {"neutral": 0.4}, "speed": 1.7, "amplitude": 0.4}
    asked |= {"handedness": "left"} if changes.get("hands") else {}
    asked |= {"speed": 2.3, "amplitude": 0.3, "rate": 0.5} if changes.get("control_range") else {}
    controls = checked_controls(reference.config, asked)
    runs = [Run(), Run(speech=False), Run(style=False), Run(score=False)]
    shown = rows(network.latent.channels)
    for level in (1.0, 0.37, 0.0):
        made, expected = (n.predict(shown, level, n.encode(given, controls, runs)) for n in (network, reference))
        assert made.shape == (4, 3, 48, network.latent.channels)
        assert np.abs(made - expected).max() < 2e-5 * np.abs(expected).max()


def test_units_are_torchs_however_far_from_zero() -> None:
    x = np.array([-1e4, -50.0, -13.0, -5.0, -0.5, 0.0, 3.0, 100.0], np.float32)
    expected = torch.nn.functional.gelu(torch.from_numpy(x), approximate="tanh").numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(_gelu(x.copy()), expected, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3, 8, 50])
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_the_flow_goes_as_the_schedulers(steps: int, shift: float) -> None:
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    reference = noise_path(scheduler, steps, torch.device("cpu"), torch.Generator())
    flow, random = Flow(scheduler.config, steps), np.random.default_rng(1)
    state = random.normal(size=(20, 4)).astype(np.float32)
    for t, other in zip(flow.timesteps, reference.timesteps, strict=True):
        assert flow.straight(state, t)[1] == pytest.approx(reference.straight(torch.from_numpy(state), other)[1])
        clean = random.normal(size=state.shape).astype(np.float32)
        following = reference.step(torch.from_numpy(clean), other, torch.from_numpy(state)).numpy()
        state = flow.step(clean, t, state)
        assert state.dtype == np.float32
        np.testing.assert_allclose(state, following, atol=2e-6)


WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
import numpy as np
from chironomy.gesture import embedded_weights, maker
from chironomy.gesture.planning import plan
from chironomy.gesture.runtime import GestureRuntime
from chironomy.motion.files import save_hands
from chironomy.speech.decode import Speech

listened = np.load(sys.argv[2])
maker.heard = lambda *_: listened["heard"]
maker.near_speech = lambda *_: listened["near"]
plan.spoken_phrases = lambda *_: [tuple(phrase) for phrase in listened["phrases"]]
maker.accent_onsets = plan.accent_onsets = lambda *_: listened["onsets"]
plan.pitch_accents = lambda *_: listened["accents"]
speech = Speech.from_samples(listened["samples"], 16000)
motion = GestureRuntime.from_folder(embedded_weights())(speech, seed=4, hide_below=-0.4)
save_hands(motion, sys.argv[3])
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & set(sys.argv[1].split(","))))
"""


def test_gestures_need_numpy_alone(runtime: GestureRuntime, speech: Speech, tmp_path: Path) -> None:
    """What is heard of the speech is given: that needs Praat."""
    from chironomy.motion.files import load_hands

    frames = 400
    np.savez(
        tmp_path / "listened.npz",
        samples=speech.samples,
        heard=heard(speech, 24.0, 18, frames, int(runtime.network.config["audio_dim"])),
        near=near_speech(speech, 24.0, 18, frames),
        phrases=spoken_phrases(speech),
        onsets=accent_onsets(speech),
        accents=pitch_accents(speech),
    )
    blocked = "torch,diffusers,transformers,safetensors,accelerate,scipy,librosa,numba,soxr,parselmouth,soundfile"
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT, blocked, str(tmp_path / "listened.npz"), str(tmp_path / "m.npz")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip() == "[]"
    made, expected = load_hands(tmp_path / "m.npz"), runtime(speech, seed=4, hide_below=-0.4)
    assert np.abs(made.wrist_position - expected.wrist_position).max() < 1e-4
    assert quaternion.angle(made.rotation, expected.rotation).max() < 1e-4


def test_weights_are_read_as_their_own_library_reads_them(tiny: GesturePipeline, tmp_path: Path) -> None:
    tiny.save_compact(tmp_path)
    path = tmp_path / WEIGHTS
    expected = load_file(path)
    found = read_tensors(path)
    assert found.keys() == expected.keys()
    assert {values.dtype.name for values in expected.values()} == {"float16", "float32"}
    for name, values in found.items():
        assert values.dtype == np.float32
        assert np.array_equal(values, expected[name].astype(np.float32))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[:5], "is no whole file of weights"),
        (lambda data: b"\xff" * 8 + data[8:], "is no whole file of weights"),
        (lambda data: data[:-100], "do not fit the file"),
        (lambda data: data[:8] + b"x" + data[9:], "JSON"),
        (lambda data: data.replace(b'"F32"', b'"I32"', 1), "numbers of type 'I32'"),
    ],
)
def test_damaged_weights_are_one_sentence(saved: Path, change: Any, sentence: str) -> None:
    path = saved / WEIGHTS
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(GestureError, match=sentence) as told:
        GestureRuntime.from_folder(saved)
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda tensors: tensors.pop("no_audio"), "weight no_audio is missing"),
        (lambda tensors: tensors.update(no_audio=np.zeros(7, np.float32)), r"weight no_audio has shape \(7,\)"),
        (lambda tensors: tensors.update(more=np.zeros(7, np.float32)), "weight more that this version does not know"),
    ],
)
def test_weights_that_do_not_fit_are_named(saved: Path, change: Any, sentence: str) -> None:
    tensors = load_file(saved / WEIGHTS)
    change(tensors)
    save_file(tensors, saved / WEIGHTS)
    with pytest.raises(GestureError, match=sentence):
        GestureRuntime.from_folder(saved)


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


@pytest.mark.parametrize(
    ("transformer", "scheduler", "reason"),
    [
        ({"audio_features": "wav2vec2"}, {}, "it hears 'wav2vec2'"),
        ({"width": 512}, {}, "it is 512 wide"),
        ({}, {"_class_name": "DDIMScheduler"}, "its scheduler is DDIMScheduler"),
        ({}, {"use_karras_sigmas": True}, "its scheduler has use_karras_sigmas"),
    ],
)
def test_what_torch_does_better_is_left_to_it(
    saved: Path, transformer: dict[str, Any], scheduler: dict[str, Any], reason: str
) -> None:
    assert reason_against(saved) == ""
    changed(saved / "transformer" / "config.json", **transformer)
    changed(saved / "scheduler" / "scheduler_config.json", **scheduler)
    assert reason_against(saved) == reason
    with pytest.raises(GestureError, match=f"needs torch: {reason}"):
        GestureRuntime.from_folder(saved)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(GestureError, match="holds no gesture model"):
        GestureRuntime.from_folder(tmp_path)


def test_the_use_case_takes_the_runtime_where_it_can(tiny: GesturePipeline, saved: Path, tmp_path: Path) -> None:
    from chironomy.performance.gestures import gesture_pipeline

    assert isinstance(gesture_pipeline(), GestureRuntime)
    assert isinstance(gesture_pipeline(saved), GestureRuntime)
    ddim = DDIMScheduler(prediction_type="sample", clip_sample=False)
    GesturePipeline(tiny.transformer, ddim).save_pretrained(tmp_path / "ddim")
    assert isinstance(gesture_pipeline(tmp_path / "ddim"), GesturePipeline)
    shutil.rmtree(saved)
    with pytest.raises(GestureError, match="holds no gesture model"):
        gesture_pipeline(saved / "gone")
