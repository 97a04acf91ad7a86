# SPDX-License-Identifier: GPL-3.0-or-later
"""The page at `/`: all jobs in a browser, without a script, style or picture from anywhere else.

It holds nothing of anybody's, so that it needs no token; what it shows it asks for with the token after the # of its
address, which no browser sends.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from importlib import resources

from fastapi import Response


def page(headers: Mapping[str, str]) -> Response:
    """The page; its own style and script are all that the browser will use."""
    text, policy = _page()
    safe = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Response(text, media_type="text/html", headers={**headers, **safe})


@functools.cache
def _page() -> tuple[str, str]:
    text = resources.files("chironomy.service").joinpath("page.html").read_text(encoding="utf-8")
    style, script = (_hash(re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)) for tag in ("style", "script"))
    policy = (
        f"default-src 'none'; style-src {style}; script-src {script}; connect-src 'self'; img-src blob:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return text, policy


def _hash(parts: list[str]) -> str:
    (part,) = parts
    return f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'"
