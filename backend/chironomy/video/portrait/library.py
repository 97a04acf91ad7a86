# SPDX-License-Identifier: GPL-3.0-or-later
"""Which library runs the networks that find people in pictures: whichever is installed."""

from chironomy.packages import install, lacking
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.models import PersonNetworks
from chironomy.work import QUIET, Work


def installed() -> str:
    """Who would run the networks: "mediapipe" or "litert".

    Raises:
        VideoError: neither is installed.
    """
    from chironomy.video.portrait.model_files import models_of_mediapipe

    if models_of_mediapipe() is not None:
        return "mediapipe"
    if not lacking(["ai_edge_litert"]):
        return "litert"
    raise VideoError(
        f"looking at pictures needs the Python package mediapipe or ai-edge-litert: {install('ai_edge_litert')}"
    )


def open_networks(
    *, tracking: bool, mask: bool, face: bool, by: str | None = None, work: Work = QUIET
) -> PersonNetworks:
    """Load the networks.

    Args:
        tracking: whether pictures are the frames of one video, in order.
        mask: whether masks will be asked for.
        face: whether faces will be asked for.
        by: "mediapipe" or "litert"; as is installed when None.
        work: told how far it is, and asked whether to stop, where the models are fetched first.

    Raises:
        VideoError: neither is installed, it cannot be loaded, or the models cannot be had.
    """
    if (by or installed()) == "mediapipe":
        from chironomy.video.portrait.solutions import MediapipeSolutions

        return MediapipeSolutions(tracking=tracking, mask=mask, face=face)
    from chironomy.video.portrait.model_files import find_models
    from chironomy.video.portrait.networks.person import LitertNetworks

    return LitertNetworks(find_models(work), tracking=tracking, mask=mask, face=face)
