# SPDX-License-Identifier: GPL-3.0-or-later
"""A tiny model, a voice, and the embedded weights."""

import numpy as np
import pytest
import torch
from gesture_samples import TINY, babble

from chironomy.gesture import GesturePipeline, GestureTransformer, embedded_weights
from chironomy.gesture.pipeline import default_scheduler
from chironomy.speech.decode import Speech


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tests run in several processes; threads on top of them would wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def speech() -> Speech:
    return babble(5.0)


@pytest.fixture(scope="session")
def tiny() -> GesturePipeline:
    """An untrained model of believable motion: around hands held before the body, with some movement."""
    torch.manual_seed(0)
    transformer = GestureTransformer(**TINY).eval()
    torch.nn.init.normal_(transformer.motion_out.weight, std=0.1)
    from chironomy.gesture.corpus.timeline import play
    from chironomy.gesture.encoding import encode
    from chironomy.gesture.planning.planner import Movement
    from chironomy.gesture.repertoire.kinds import KINDS

    pose = KINDS["beat"].apex.vector()
    movement = Movement((pose, pose), ([], []), np.array([]))
    motion = play(movement, 2, 24.0, 0.0, np.random.default_rng(0))
    mean = torch.from_numpy(encode(motion.wrist_position, motion.rotation)[0])
    transformer.get_buffer("motion_mean").copy_(mean)
    transformer.get_buffer("motion_std").fill_(0.02)
    return GesturePipeline(transformer, default_scheduler())


@pytest.fixture(scope="session")
def embedded() -> GesturePipeline:
    """The weights that come with the product."""
    return GesturePipeline.from_pretrained(embedded_weights())
