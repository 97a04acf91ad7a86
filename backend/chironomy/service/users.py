# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use a backend: names with the hashes of their tokens, in a file that lasts."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
from pathlib import Path

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.schema import Schema
from chironomy.service.errors import ServiceError

USERS_FILE = Schema("chironomy.users", "a file of users", ServiceError, "make another with --add-user NAME")
SHORTEST_TOKEN = 16
OWNER = "owner"
"""The name of whoever has the token in the backend's own token file; nobody else can bear it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest(token: str) -> str:
    """The SHA-256 of a token, hexadecimal; all that is kept of it.

    Raises:
        ServiceError: it is too short to be one.
    """
    if len(token) < SHORTEST_TOKEN:
        raise ServiceError(f"The backend needs a token of {SHORTEST_TOKEN} characters or more: a short one is guessed")
    return hashlib.sha256(token.encode()).hexdigest()


def read_users(path: Path) -> dict[str, str]:
    """The hashes of the users' tokens, by name.

    Raises:
        ServiceError: the file cannot be read, others may read or write it, or it is none of users.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ServiceError(f"The users' file {path} is open to others: run chmod 600 on it")
        found = USERS_FILE.read_json(path, name=f"The users' file {path}")
    except OSError as error:
        advice = "make it with --add-user NAME"
        raise ServiceError(f"The users' file {path} cannot be read ({error.strerror or error}): {advice}") from error
    users = found.get("users")
    named = isinstance(users, dict) and all(
        _NAME.fullmatch(name) and isinstance(value, str) and _DIGEST.fullmatch(value) for name, value in users.items()
    )
    if not named or not users:
        raise ServiceError(f"The file {path} holds no users: make another with --add-user NAME")
    return users


def add_user(path: Path, name: str) -> str:
    """Let somebody in, or give somebody another token; return the token, which stands nowhere else.

    Raises:
        ServiceError: the name is none or the backend's own, or the file cannot be read or written.
    """
    if name == OWNER:
        message = f"{OWNER!r} is whoever has the token in the backend's own token file: take another name"
        raise ServiceError(message)
    if not _NAME.fullmatch(name):
        message = f"{name[:80]!r} cannot be a user's name: take up to 64 letters, digits and any of . _ @ -"
        raise ServiceError(message)
    users = read_users(path) if path.exists() else {}
    token = secrets.token_urlsafe(32)
    users[name] = digest(token)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial:
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                json.dump({"format": USERS_FILE.format, "users": users}, stream, indent=2)
    except (OSError, ChironomyError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServiceError(f"The users' file {path} cannot be written ({reason})") from error
    return token
