# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while a backend is installed."""

from chironomy.errors import ChironomyError


class InstallationError(ChironomyError):
    """The backend cannot be installed; the message says why and what to do."""


class InstallationCancelled(InstallationError):  # noqa: N818 - named for what happened
    """The person stopped it."""


class FullDiskError(InstallationError):
    """The disk has no more room."""


class NoWheelError(InstallationError):
    """There is no wheel for this Python, so that another Python may do."""


class Unreachable(InstallationError):  # noqa: N818 - named for what happened
    """The packages' index does not answer."""
