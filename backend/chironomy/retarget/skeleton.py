# SPDX-License-Identifier: GPL-3.0-or-later
"""`Skeleton`: any character's bones at rest, as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.retarget.errors import RetargetError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Bones at rest, in the space of their armature: any unit, any axis up, facing anywhere.

    Attributes:
        names: (J,) names of the bones.
        parents: (J,) indices, -1 where there is none.
        heads: (J, 3) where the bones begin.
        tails: (J, 3) where they end; tails of importers are guesses, and trusted only where no child tells.
        axes: (J, 4) unit quaternions from the armature's axes to each bone's own.
        up: (3,) which way is up in the world, along the armature's axes; None where nobody knows.

    Raises:
        RetargetError: the shapes do not agree, or a parent is not one of the bones.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    heads: Array
    tails: Array
    axes: Array
    up: Array | None = None

    def __post_init__(self) -> None:
        count = len(self.names)
        fields = {"parents": (count,), "heads": (count, 3), "tails": (count, 3), "axes": (count, 4)}
        for name, shape in fields.items():
            array = np.asarray(getattr(self, name), dtype=np.int64 if name == "parents" else np.float64)
            if array.shape != shape:
                raise RetargetError(f"{name} of a skeleton has shape {array.shape}; {count} bones need {shape}")
            object.__setattr__(self, name, array)
        if count and not ((self.parents >= -1) & (self.parents < count)).all():
            raise RetargetError("a bone's parent is not one of the skeleton's bones")

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def __contains__(self, name: object) -> bool:
        return name in self._indices

    def index(self, name: str) -> int:
        """Return the index of a bone.

        Raises:
            RetargetError: there is none of that name.
        """
        try:
            return self._indices[name]
        except KeyError:
            raise RetargetError(f"the character has no bone {name}; map another one") from None

    def head(self, name: str) -> Array:
        """Return (3,) where a bone begins."""
        return self.heads[self.index(name)]

    def ancestors(self, name: str) -> Iterator[str]:
        """Yield the bones above a bone, the nearest first."""
        at, steps = self.index(name), 0
        while (at := int(self.parents[at])) >= 0 and steps < len(self.names):
            steps += 1
            yield self.names[at]

    def is_below(self, name: str, above: str) -> bool:
        """Whether a bone hangs on another one, however far up."""
        return above in self.ancestors(name)

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Of each bone the indices of the bones that hang on it."""
        below: list[list[int]] = [[] for _ in self.names]
        for index, parent in enumerate(self.parents):
            if parent >= 0:
                below[parent].append(index)
        return tuple(map(tuple, below))


def chain_of(
    names: Sequence[str], parents: Sequence[str | None], heads: ArrayLike, tails: ArrayLike, axes: ArrayLike
) -> Skeleton:
    """Return a skeleton whose parents are given by their names."""
    places = {name: index for index, name in enumerate(names)}
    indices = np.array([-1 if parent is None else places[parent] for parent in parents], dtype=np.int64)
    heads, tails, axes = (np.asarray(each, dtype=np.float64) for each in (heads, tails, axes))
    return Skeleton(tuple(names), indices, heads, tails, axes)
