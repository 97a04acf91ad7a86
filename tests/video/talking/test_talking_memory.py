# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a render is known before it starts."""

import pytest
import torch
from talking_samples import conditions_for, filled_pipeline, noisy_latents

from chironomy.shot.errors import VideoError
from chironomy.video.talking.memory import memory_estimate
from chironomy.video.weights.memory import Alive, check_memory, free_memory

GIB = 2**30


def test_a_larger_picture_and_more_frames_need_more() -> None:
    usual = memory_estimate("tiny", (64, 48), 8, "float32")
    assert memory_estimate("tiny", (128, 96), 8, "float32").working > 3 * usual.working
    assert memory_estimate("tiny", (64, 48), 8, "float32", block_frames=80).working > usual.working
    assert memory_estimate("tiny", (64, 48), 8, "float16").weights * 2 == usual.weights


def test_offload_and_tiling_need_less() -> None:
    usual = memory_estimate("tiny", (128, 128), 8)
    assert memory_estimate("tiny", (128, 128), 8, offload="model").weights < usual.weights
    assert memory_estimate("tiny", (128, 128), 8, offload="sequential").weights < usual.weights / 10
    assert memory_estimate("tiny", (128, 128), 1, tiling=True).working < usual.working


def test_the_weights_are_counted_as_they_are(pipeline) -> None:
    estimate = pipeline.memory_estimate((64, 48), 8)
    for name, count in estimate.parameters.items():
        assert count == sum(parameter.numel() for parameter in getattr(pipeline, name).parameters())


def test_without_memory_as_much_is_alive_as_with_it() -> None:
    """What is added up on the meta device is what real tensors take."""
    pipeline = filled_pipeline()
    network = pipeline.network.eval()
    with torch.no_grad(), Alive(network) as real:
        network(noisy_latents(frames=8), torch.zeros(1), conditions_for(pipeline, frames=8))
    estimate = memory_estimate("tiny", (48, 64), 8, "float32")
    assert estimate.working == pytest.approx(real.most, rel=0.35)


def test_too_little_is_one_sentence() -> None:
    estimate = memory_estimate("tiny", (64, 48), 8)
    check_memory(estimate.total, "cpu", free=100 * GIB)
    with pytest.raises(VideoError, match=r"needs about 0\.\d GiB and main memory has 0\.1 GiB free; choose a smaller"):
        check_memory(estimate.total, "cpu", free=GIB // 10)


def test_the_free_memory_of_this_machine_is_known() -> None:
    assert GIB // 16 < free_memory("cpu") < 100_000 * GIB


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tiny", (60, 48), 8), "the picture is 60x48; this video model's sizes are multiples of 8"),
        (("tiny", (64, 48), 8, "int8"), "dtype is 'int8'; choose float32, float16 or bfloat16"),
        (("tiny", (64, 48), 8, "float16", "disk"), "offload is 'disk'; choose one of none, model, sequential"),
    ],
)
def test_what_cannot_be_estimated_is_named(arguments, sentence) -> None:
    with pytest.raises(VideoError, match=sentence):
        memory_estimate(*arguments)
