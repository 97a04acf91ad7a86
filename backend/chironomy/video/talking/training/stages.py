# SPDX-License-Identifier: GPL-3.0-or-later
"""What learns when: the three stages of training, after EMO (arXiv 2402.17485, section 3.3).

EMO trains on single frames first (backbone, ReferenceNet, face locator; the reference is another frame of the same
video), then on clips with the last frames before them, where "the temporal modules and the audio layers are
incorporated", and at last the temporal modules and its speed layers alone, without the audio layers, so that speed is
not read from the voice. What EMO2 changes about that was not to be found. This network has no speed layers (EMO2 names
none); which parts rest in the second stage is our reading, and can be changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import nn

from chironomy.shot.errors import VideoError
from chironomy.video.talking.network import TalkingNetwork

PARTS = ("spatial", "reference", "pose", "audio", "temporal", "motion_frames")
"""Parts of the network that learn or rest as one.

spatial: the denoiser's picture layers; reference: the ReferenceNet; pose: pose encoder and hand confidence; audio:
cross-attention to speech and the audio projector; temporal: the temporal modules; motion_frames: what tells motion
frames from the portrait.
"""


@dataclass(frozen=True)
class Stage:
    """A stage.

    Attributes:
        name: by which it is asked for.
        parts: that learn, of `PARTS`.
        clip: whether it sees clips; single frames otherwise.
        hears: whether it hears speech.
        judges: whether the pose discriminator may take part.
    """

    name: str
    parts: tuple[str, ...]
    clip: bool
    hears: bool
    judges: bool


STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("image", ("spatial", "reference", "pose"), clip=False, hears=False, judges=False),
        Stage("video", ("audio", "temporal", "motion_frames"), clip=True, hears=True, judges=True),
        Stage("temporal", ("temporal",), clip=True, hears=True, judges=True),
    )
}
"""Every stage by its name, in order."""


def part_of(name: str) -> str:
    """Which of `PARTS` a parameter of a `TalkingNetwork` belongs to, by its name."""
    root, _, rest = name.partition(".")
    if root == "pose_encoder":
        return "pose"
    if root == "audio_projector":
        return "audio"
    if root == "reference_net":
        return "motion_frames" if rest.startswith("class_embedding") else "reference"
    if "motion_modules" in rest:
        return "temporal"
    return "audio" if ".attn2." in rest or (".norm2." in rest and ".attentions." in rest) else "spatial"


def set_learning(network: TalkingNetwork, stage: Stage, also: Sequence[str] = ()) -> list[str]:
    """Let the parts of a stage learn and the others rest.

    Args:
        network: its parameters' `requires_grad` is set.
        stage: which.
        also: more parts that learn.

    Returns:
        the names of the parts that learn.

    Raises:
        VideoError: there is no such part.
    """
    if unknown := [part for part in also if part not in PARTS]:
        raise VideoError(f"there is no part {unknown[0]!r} to train; choose from {', '.join(PARTS)}")
    learning = [part for part in PARTS if part in stage.parts or part in also]
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(part_of(name) in learning)
    return learning


def begin_at_rest(network: TalkingNetwork) -> None:
    """Let fresh temporal modules and speech do nothing yet: the last layer of each is zero.

    The image stage then trains the network without them, and they begin where it ended (as the last layers of
    AnimateDiff's modules do, arXiv 2307.04725, and of ControlNet's, arXiv 2302.05543).
    """
    for name, module in network.denoiser.named_modules():
        temporal = "motion_modules" in name and name.endswith("proj_out")
        hearing = "motion_modules" not in name and name.endswith("attn2.to_out.0")
        if temporal or hearing:
            _zero(module.parameters())


def _zero(parameters: Iterable[nn.Parameter]) -> None:
    for parameter in parameters:
        nn.init.zeros_(parameter)
