# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights that are known to fit each engine: where they come from, under which licence, and how large they are.

Identifiers, licences and classes are those of the publishers' pages and of diffusers 0.42.1. Sizes are those of the
files at 16 bits with everything that the pipeline needs: of the transformers counted from diffusers' own classes, of
the UMT5-XXL text encoder 11.4 GB and of the VAE 0.5 GB as the published folders list them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chironomy.shot.errors import VideoError
from chironomy.video.weights.folder import find_weights, weights_folder
from chironomy.video.weights.gpu import gpu_told


@dataclass(frozen=True)
class Published:
    """Weights that an engine renders with.

    Attributes:
        folder: their name among the weights, by which a shot's setting `weights` asks for them too.
        engine: the name of the engine.
        source: where they are published, an identifier of the Hugging Face hub; "" where they are made here.
        licence: under which.
        gigabytes: to download.
        device_gigabytes: of a GPU's memory at least, for 832x480 with weights moved layer by layer; an estimate, by
            `tools/estimate_published.py` where weights are published for diffusers.
        obtain: what puts them in place: a command in which {folder} is where they belong.
    """

    folder: str
    engine: str
    source: str
    licence: str
    gigabytes: float
    device_gigabytes: float
    obtain: str


_DOWNLOAD = "hf download {source} --local-dir {folder}"

PUBLISHED = (
    Published(
        "emo2",
        "emo2",
        "",
        "that of the data they are trained on",
        4.5,
        11,
        "chironomy train video",
    ),
    Published(
        "echomimic_v2",
        "emo2",
        "BadToBest/EchoMimicV2",
        "for academic research",
        4.7,
        11,
        "chironomy weights import-echomimic-v2 FOLDER {folder}",
    ),
    Published(
        "wan2.1-vace-14b",
        "vace",
        "Wan-AI/Wan2.1-VACE-14B-diffusers",
        "Apache-2.0",
        46.6,
        13,
        _DOWNLOAD,
    ),
    Published(
        "wan2.1-vace-1.3b",
        "vace",
        "Wan-AI/Wan2.1-VACE-1.3B-diffusers",
        "Apache-2.0",
        16.2,
        12,
        _DOWNLOAD,
    ),
    Published(
        "wan2.2-animate-14b",
        "animate",
        "Wan-AI/Wan2.2-Animate-14B-Diffusers",
        "Apache-2.0",
        47.7,
        12,
        _DOWNLOAD,
    ),
)
"""All of them; of those of one engine the one that it prefers first."""


def published_for(engine: str) -> tuple[Published, ...]:
    """The weights that an engine renders with, the preferred ones first; none for an engine that needs none."""
    return tuple(entry for entry in PUBLISHED if entry.engine == engine)


def how_to_obtain(entry: Published) -> str:
    """The command that puts weights where the engine looks for them."""
    return entry.obtain.format(source=entry.source, folder=weights_folder() / entry.folder)


def engine_weights(engine: str, wanted: object = None) -> Path:
    """The folder of the weights that an engine is to render with.

    Args:
        engine: its name.
        wanted: the shot's setting `weights`, the name of a folder among the weights; the first that is there when None.

    Raises:
        VideoError: there are none; the sentence names the folder, what belongs into it, its licence and its size.
    """
    known = published_for(engine)
    try:
        return find_weights([entry.folder for entry in known], wanted)
    except VideoError as error:
        # The one that can be had and takes the least room is the one to begin with.
        named = [entry for entry in known if entry.folder == wanted]
        if wanted is not None and not named:
            raise
        entry = (named or sorted(known, key=lambda entry: (not entry.source, entry.gigabytes)))[0]
        raise VideoError(
            f"the engine {engine} needs weights in {weights_folder() / entry.folder}, which is not there; "
            f"{entry.source or 'a model of your own'} ({entry.licence}, {entry.gigabytes:g} GB) belongs there: "
            f"{how_to_obtain(entry)}; they run {gpu_told(entry.device_gigabytes)}"
        ) from error
