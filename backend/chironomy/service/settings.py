# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a job as they come over the wire: each is checked and named before anything is computed."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chironomy.body.emotion import EMOTIONS, emotion_track
from chironomy.body.errors import BodyError
from chironomy.service.errors import ServiceError


def _refuse(message: str) -> ServiceError:
    return ServiceError(message, status=422)


def _shown(value: object) -> str:
    return repr(value)[:80]


@dataclass(frozen=True)
class Number:
    """A finite number from `low` to `high`; `default=None` means that it may be left out or null."""

    default: float | None
    low: float
    high: float

    def check(self, name: str, value: object) -> float | None:
        """The value as a float, or a refusal naming the setting."""
        if value is None and self.default is None:
            return None
        # A comparison with NaN is false, and one with an integer of any size is exact.
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise _refuse(f"The setting {name!r} is {_shown(value)}: give a number from {self.low:g} to {self.high:g}")
        return float(value)

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return _optional("number", self.default) | {"minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`; `default=None` means that it may be left out or null."""

    default: int | None
    low: int
    high: int

    def check(self, name: str, value: object) -> int | None:
        """The value as an int, or a refusal naming the setting."""
        if value is None and self.default is None:
            return None
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not self.low <= value <= self.high:  # type: ignore[operator]
            raise _refuse(
                f"The setting {name!r} is {_shown(value)}: give a whole number from {self.low} to {self.high}"
            )
        return int(value)  # type: ignore[call-overload]

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return _optional("integer", self.default) | {"minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Choice:
    """One of some names, asked for only when a job is checked (to know them may need a heavy import)."""

    default: str
    names: Callable[[], Sequence[str]]

    def check(self, name: str, value: object) -> str:
        """The name itself, or a refusal listing the names there are."""
        names = list(self.names())
        if not isinstance(value, str) or value not in names:
            raise _refuse(f"The setting {name!r} is {_shown(value)}: choose one of {', '.join(names)}")
        return value

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"enum": list(self.names()), "default": self.default}


@dataclass(frozen=True)
class Weights:
    """One of some names, or an object of names with weights of 0 or more; `default=None` means that it may be left out.

    The names are asked for only when a job is checked.
    """

    default: str | None
    names: Callable[[], Sequence[str]]

    def check(self, name: str, value: object) -> str | dict[str, float] | None:
        """The name, the weights as floats, or a refusal listing the names there are."""
        if value is None and self.default is None:
            return None
        if not isinstance(value, Mapping):
            return Choice("", self.names).check(name, value)
        names = list(self.names())
        for key, weight in value.items():
            if key not in names:
                raise _refuse(f"The setting {name!r} has {_shown(key)}: choose from {', '.join(names)}")
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1e6:
                raise _refuse(f"The setting {name!r} gives {key} the weight {_shown(weight)}: give a number from 0 on")
        if not any(value.values()):
            raise _refuse(f"The setting {name!r} gives no name a weight above 0: give one to what is wanted")
        return {key: float(weight) for key, weight in value.items()}

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        weight = {"type": "number", "minimum": 0, "maximum": 1e6}
        names = list(self.names())
        weights = {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(names, weight)}
        nothing = [{"type": "null"}] if self.default is None else []
        return {"oneOf": [{"enum": names}, weights, *nothing], "default": self.default}


@dataclass(frozen=True)
class Switch:
    """True or false."""

    default: bool

    def check(self, name: str, value: object) -> bool:
        """The value, or a refusal naming the setting."""
        if not isinstance(value, bool):
            raise _refuse(f"The setting {name!r} is {_shown(value)}: give true or false")
        return value

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "boolean", "default": self.default}


@dataclass(frozen=True)
class Feeling:
    """An emotion: a name, weights of several, or moments, as `chironomy.body.emotion.emotion_track` reads them."""

    default: str

    def check(self, name: str, value: object) -> Any:
        """The value itself, or a refusal that says what there is."""
        try:
            return emotion_track(value).told  # type: ignore[arg-type]
        except BodyError as error:
            raise _refuse(f"The setting {name!r} is {_shown(value)}: {error}") from None

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        weight = {"type": "number", "minimum": 0, "maximum": 1}
        weights = {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(EMOTIONS, weight)}
        return {"oneOf": [{"enum": list(EMOTIONS)}, weights, {"type": "array"}], "default": self.default}


Setting = Number | Integer | Choice | Weights | Switch | Feeling


def _optional(kind: str, default: object) -> dict[str, Any]:
    return {"type": [kind, "null"] if default is None else kind, "default": default}


def check_settings(kind: str, known: Mapping[str, Setting], given: object) -> dict[str, Any]:
    """`given`, checked, with the defaults of what it leaves out.

    Raises:
        ServiceError: (422) naming the first setting that is unknown or out of range.
    """
    if not isinstance(given, Mapping):
        raise _refuse(f"The settings of a job must be a JSON object, not {type(given).__name__}")
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it knows {', '.join(known) or 'none'}"
            raise _refuse(f"A {kind} job has no setting {str(name)[:80]!r}: {hint}")
    return {name: setting.check(name, given.get(name, setting.default)) for name, setting in known.items()}
