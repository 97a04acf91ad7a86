# SPDX-License-Identifier: GPL-3.0-or-later
"""Files named by their own SHA-256: what clients send, and what jobs make.

A blob is complete or absent: it is written under another name on the same disk and renamed when its hash is known and
its bytes are on the disk. One that has another hash when it is looked at is damaged: it goes, and is asked for again.
Clients name blobs by hash alone, so no request can reach a path of its choosing.
"""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

from chironomy.files import keep, keep_names
from chironomy.service.errors import ServiceError

logger = logging.getLogger(__name__)

CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What was used just now may belong to a job that is about to be asked for, or be fetched at this moment.
_IN_USE_SECONDS = 600.0
# The clocks of machines that share a disk differ by less; by more, the clock was set back.
_ASTRAY_SECONDS = 3600.0


def is_sha256(text: object) -> bool:
    """Whether `text` is a SHA-256 as blobs are named: 64 hexadecimal digits in lower case."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class BlobWriter:
    """One blob on its way in: `write` pieces, then `commit`; leaving the `with` block otherwise drops it."""

    def __init__(self, store: "BlobStore", limit: int) -> None:
        self._store = store
        self._limit = limit
        self._size = 0
        self._digest = hashlib.sha256()
        self._path = store.incoming / secrets.token_hex(16)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._stream = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            ServiceError: (413) the blob has become larger than the limit.
        """
        self._size += len(chunk)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._digest.update(chunk)
        self._stream.write(chunk)

    def commit(self, expected: str | None = None) -> str:
        """Put the blob in its place and return its SHA-256.

        Raises:
            ServiceError: (422) `expected` is given and the bytes have another hash.
        """
        sha = self._digest.hexdigest()
        if expected is not None and sha != expected:
            message = (
                f"The upload was announced as SHA-256 {expected} but its {self._size} bytes have {sha}: send it again"
            )
            raise ServiceError(message, status=422)
        self._stream.close()
        self._store.take(self._path, sha)
        return sha

    def __enter__(self) -> "BlobWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # What is still to be written meets a full disk here.
            self._stream.close()
        finally:
            self._path.unlink(missing_ok=True)


class BlobStore:
    """The folder of blobs.

    Args:
        folder: made when missing, readable by its owner only.
        limit: largest blob that `writer` accepts, bytes.
    """

    def __init__(self, folder: Path, limit: int = 1 << 30) -> None:
        self.folder = folder
        self.limit = limit
        self.incoming = folder / "incoming"
        self._seen: dict[str, tuple[int, int]] = {}
        self._used: dict[str, float] = {}
        try:
            for made in (folder, self.incoming):
                made.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            reason = error.strerror or error
            message = f"The backend's data folder {folder} cannot be used ({reason}): choose another with --data"
            raise ServiceError(message) from error

    def path(self, sha: str) -> Path:
        """Where the blob named `sha` lies or would lie.

        Raises:
            ServiceError: (422) `sha` is not a SHA-256.
        """
        if not is_sha256(sha):
            message = f"{str(sha)[:80]!r} is not a SHA-256: blobs are named by 64 hexadecimal digits in lower case"
            raise ServiceError(message, status=422)
        return self.folder / sha[:2] / sha

    def has(self, sha: str) -> bool:
        """Whether the blob is here and whole; asking counts as a use of it, which keeps it from being pruned.

        Its hash is computed where the file is another one than when that was done last; a damaged one is removed.
        """
        path = self.path(sha)
        try:
            if self._seen.get(sha) != _identity(path) and file_sha256(path) != sha:
                self.drop_damaged(sha)
                return False
        except OSError:
            return False
        self.trust(sha)
        return True

    def trust(self, sha: str) -> None:
        """Take note that the blob has just been used and was whole."""
        path = self.path(sha)
        self._used[sha] = time.monotonic()
        with contextlib.suppress(OSError):
            os.utime(path)
        with contextlib.suppress(OSError):
            self._seen[sha] = _identity(path)

    def drop_damaged(self, sha: str) -> None:
        """Remove a blob that has another hash than its name."""
        logger.warning("the blob %s was damaged on the disk; it is removed, and asked for again", sha)
        self._seen.pop(sha, None)
        with contextlib.suppress(OSError):
            self.path(sha).unlink()

    def writer(self) -> BlobWriter:
        """A new blob under the size limit."""
        return BlobWriter(self, self.limit)

    def add_file(self, path: Path) -> str:
        """Move a finished file of the same disk into the store; return its SHA-256."""
        sha = file_sha256(path)
        self.take(path, sha)
        return sha

    def take(self, path: Path, sha: str) -> None:
        """Rename a complete file, whose hash is known to be `sha`, to its place."""
        target = self.path(sha)
        keep(path)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        path.replace(target)
        keep_names(target.parent)
        self.trust(sha)

    def prune(
        self, maximum_bytes: int, maximum_age: float, now: float | None = None, live: Collection[str] = ()
    ) -> int:
        """Delete what has not been used for long, and more where there is too much.

        What was last used more than `maximum_age` seconds ago goes, then the least recently used until `maximum_bytes`
        are left; nothing used within the last minutes does, and nothing that is in `live`. What was used in the future,
        as the clock was set back since, goes for its size alone. Returns the bytes freed.
        """
        now = time.time() if now is None else now
        blobs = sorted(self._blobs(), key=lambda blob: blob[1])
        total = sum(size for _, _, size in blobs)
        freed = 0
        for path, used, size in blobs:
            age = now - used
            unwanted = age > maximum_age or total - freed > maximum_bytes
            if unwanted and not self._in_use(path.name, age) and path.name not in live:
                with contextlib.suppress(OSError):
                    path.unlink()
                    self._seen.pop(path.name, None)
                    self._used.pop(path.name, None)
                    freed += size
        return freed

    def _in_use(self, sha: str, age: float) -> bool:
        """Whether it was used just now: by the clock of this process, or by that of the machine."""
        used = self._used.get(sha)
        if used is not None and time.monotonic() - used < _IN_USE_SECONDS:
            return True
        return -_ASTRAY_SECONDS < age <= _IN_USE_SECONDS

    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(size for _, _, size in self._blobs())

    def sweep(self) -> None:
        """Remove what uploads left that were broken off with their backend; no other may be at work in the folder."""
        for path in self.incoming.iterdir():
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _blobs(self) -> Iterator[tuple[Path, float, int]]:
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if is_sha256(path.name):
                    yield path, status.st_mtime, status.st_size


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def too_large(limit: int) -> ServiceError:
    """The refusal (413) of a blob that is larger than `limit` bytes."""
    message = (
        f"The upload is larger than the {limit / 2**20:.0f} MiB that this backend accepts: "
        "send a shorter or compressed file, or start the backend with a larger --upload-limit"
    )
    return ServiceError(message, status=413)
