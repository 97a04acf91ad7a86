# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in measuring."""

from chironomy.errors import ChironomyError


class EvaluationError(ChironomyError):
    """What is to be measured or compared cannot be; the message says why and what to do."""
