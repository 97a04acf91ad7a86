# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a client and its backend."""

from chironomy.errors import ChironomyError


class ClientError(ChironomyError):
    """The backend cannot be used; the message says why and what to do."""


class BackendMissing(ClientError):  # noqa: N818 - named for what happened
    """Nothing answers at the address."""


class NotProven(ClientError):  # noqa: N818 - named for what happened
    """What answers has a certificate that is not believed here."""


class WrongToken(ClientError):  # noqa: N818 - named for what happened
    """The backend refuses the token."""


class VersionMismatch(ClientError):  # noqa: N818 - named for what happened
    """The backend runs another version of chironomy."""


class JobFailed(ClientError):  # noqa: N818 - named for what happened
    """The job failed; the message is the backend's own sentence."""


class JobCancelled(ClientError):  # noqa: N818 - named for what happened
    """The job was cancelled."""
