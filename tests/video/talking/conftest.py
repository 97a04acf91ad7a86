# SPDX-License-Identifier: GPL-3.0-or-later
"""One small pipeline for all tests that do not change it."""

import pytest
import torch
from talking_samples import filled_pipeline

from chironomy.video.talking.pipeline import TalkingPipeline


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pipeline() -> TalkingPipeline:
    """Of the configuration `tiny`, with numbers in every branch."""
    return filled_pipeline("tiny")
