# SPDX-License-Identifier: GPL-3.0-or-later
"""Names with weights, as people write them: `lively:0.5,calm:0.5`."""

from chironomy.errors import ChironomyError


def named_weights(text: str, advice: str) -> dict[str, float]:
    """Read a name, or names with weights.

    Args:
        text: such as "lively" (of weight 1) or "lively:0.5,calm:0.5"; which names there are, and which weights are
            allowed, is for the caller to say.
        advice: what to write instead, the rest of the sentence where it is neither.

    Raises:
        ChironomyError: a weight is no number, or a name stands twice.
    """
    if ":" not in text:
        return {text.strip(): 1.0}
    named: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = (side.strip() for side in part.partition(":"))
        try:
            number = float(weight)
        except ValueError:
            raise ChironomyError(f"{text!r:.60} is not a name or names with weights: {advice}") from None
        if name in named:
            raise ChironomyError(f"{text!r:.60} has {name!r:.40} twice: {advice}")
        named[name] = number
    return named
