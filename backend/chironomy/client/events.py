# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events, read as they come."""

import json
from collections.abc import Iterator
from typing import Any

import requests


def read_events(response: requests.Response) -> Iterator[tuple[str, int | None, Any]]:
    """The events of a stream: name, number, and what is told; a comment has no name.

    Raises:
        requests.RequestException: the stream broke off.
    """
    fields: dict[str, str] = {}
    for raw in response.iter_lines():
        line = bytes(raw).decode("utf-8", "replace")
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            if not name:
                yield "", None, None
            continue
        number = fields.get("id", "")
        told = json.loads(fields["data"]) if "data" in fields else None
        yield fields.get("event", ""), int(number) if number.isdecimal() else None, told
        fields = {}
