# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of saved weights, read before any of the weights are."""

from collections.abc import Mapping
from pathlib import Path

from chironomy.shot.errors import VideoError


def saved_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a part, by key, from the headers of its safetensors files.

    Raises:
        VideoError: there are none, or they are damaged.
    """
    from safetensors import SafetensorError, safe_open

    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise VideoError(f"{folder} has no weights (.safetensors); copy them again")
    shapes = {}
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118, it is no dictionary
                    shapes[key] = tuple(file.get_slice(key).get_shape())
        except (SafetensorError, OSError) as error:
            raise VideoError(f"{path} is damaged; copy the weights again") from error
    return shapes


def compare_shapes(where: str, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    """See that weights are those of a network.

    Raises:
        VideoError: one is missing, is not known or has another shape; the first few are named.
    """
    missing = sorted(wanted.keys() - found.keys())
    unknown = sorted(found.keys() - wanted.keys())
    other = sorted(key for key in wanted.keys() & found.keys() if wanted[key] != found[key])
    said = [
        f"{len(keys)} {what} ({', '.join(keys[:3])}{' …' if len(keys) > 3 else ''})"
        for keys, what in ((missing, "are missing"), (unknown, "are not known"), (other, "have another shape"))
        if keys
    ]
    if said:
        raise VideoError(f"{where} holds the weights of another model: of {len(wanted)} tensors {'; '.join(said)}")
