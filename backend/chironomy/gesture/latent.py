# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers that a gesture network works on: motion in units of its spread, fingers by their components."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Latent:
    """Between motion as `gesture.encoding` has it, (..., motion_dim), and the network's numbers, (..., latent_dim).

    Attributes:
        mean: (motion_dim,) of the motion that was learned from.
        basis: (latent_dim, motion_dim) rows at right angles, each as long as its number spreads; or, of a model
            without components, (motion_dim,) the spreads themselves.
    """

    mean: Array
    basis: Array

    @classmethod
    def of(cls, tensors: Mapping[str, Any]) -> "Latent":
        """The statistics that travel with a network's weights: `motion_mean`, and `motion_basis` or `motion_std`."""
        spread = "motion_basis" if "motion_basis" in tensors else "motion_std"
        return cls(*(np.ascontiguousarray(tensors[name], np.float32) for name in ("motion_mean", spread)))

    @property
    def channels(self) -> int:
        """The network's numbers a frame."""
        return len(self.basis)

    def normalize(self, motion: Array) -> Array:
        """Motion (..., motion_dim) to (..., latent_dim)."""
        centred = motion - self.mean
        if self.basis.ndim == 1:
            return centred / self.basis
        # Its rows are at right angles, so this is its pseudo-inverse.
        return centred @ (self.basis / np.square(self.basis).sum(axis=1, keepdims=True)).T

    def denormalize(self, motion: Array) -> Array:
        """The inverse of `normalize`; of fingers, what the components hold."""
        return (motion * self.basis if self.basis.ndim == 1 else motion @ self.basis) + self.mean

    def per_number(self, mask: NDArray[Any]) -> NDArray[Any]:
        """A mask of hands (..., 2) for each of the network's numbers, (..., latent_dim)."""
        return np.repeat(mask, self.channels // 2, axis=-1)
