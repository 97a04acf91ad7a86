# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request for a job says, checked before anything is kept; each fault one sentence that names the field."""

from collections.abc import Mapping

from chironomy.service.blobs import BlobStore
from chironomy.service.errors import ServiceError
from chironomy.service.kinds import Kind

PRIORITIES = (-100, 100)
_LONGEST_NAME = 200


def chosen_kind(kinds: Mapping[str, Kind], name: object) -> Kind:
    """The kind of job that is asked for.

    Raises:
        ServiceError: (422) there is none of the name.
    """
    chosen = kinds.get(name) if isinstance(name, str) else None
    if chosen is None:
        message = f"There is no kind of job {str(name)[:80]!r}: ask for one of {', '.join(kinds)}"
        raise ServiceError(message, status=422)
    return chosen


def checked_inputs(kind: Kind, inputs: object, blobs: BlobStore) -> dict[str, str]:
    """The inputs, by name, of which all are there and whole.

    Raises:
        ServiceError: (422) one has another name or is missing; (404) its blob is not here.
    """
    if not isinstance(inputs, Mapping):
        message = f"The inputs of a job must be a JSON object from name to SHA-256, not {type(inputs).__name__}"
        raise ServiceError(message, status=422)
    for name in inputs:
        if name not in kind.inputs and name not in kind.optional_inputs:
            known = ", ".join(kind.inputs + kind.optional_inputs)
            raise ServiceError(f"A {kind.name} job has no input {str(name)[:80]!r}: it takes {known}", status=422)
    for name in kind.inputs:
        if name not in inputs:
            message = f"A {kind.name} job needs the input {name!r}: upload it and give its SHA-256"
            raise ServiceError(message, status=422)
    for name, sha in inputs.items():
        if not blobs.has(sha):
            message = f"The input {name!r} names the blob {sha}, which is not here: upload it first"
            raise ServiceError(message, status=404)
    return dict(inputs)


def checked_priority(value: object) -> int:
    """The priority, 0 where there is none.

    Raises:
        ServiceError: (422) it is no whole number, or out of range.
    """
    low, high = PRIORITIES
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        message = f"The priority of a job is {str(value)[:80]}: give a whole number from {low} to {high}"
        raise ServiceError(message, status=422)
    return value


def safe_names(kind: Kind, names: object) -> dict[str, str]:
    """File names of inputs, reduced to what is safe as one path component on every platform."""
    if not isinstance(names, Mapping):
        return {}
    cleaned: dict[str, str] = {}
    for name in kind.inputs + kind.optional_inputs:
        given = names.get(name)
        if isinstance(given, str):
            last = given.replace("\\", "/").rsplit("/", 1)[-1]
            safe = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in last)[-100:]
            # A disk counts bytes, of which a letter of Korean has three.
            safe = safe.encode()[-_LONGEST_NAME:].decode(errors="ignore").strip(" .")
            if safe:
                cleaned[name] = safe
    return cleaned
