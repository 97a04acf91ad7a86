# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service says when it refuses."""

from chironomy.errors import ChironomyError


class ServiceError(ChironomyError):
    """A refusal, with the HTTP status that carries it over the wire (400 unless told otherwise)."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
