# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend's log: in its data folder, with times, never larger than some megabytes."""

import contextlib
import logging
import logging.handlers
import time
from collections.abc import Iterator
from pathlib import Path

NAME = "backend.log"
_BYTES = 4 << 20
_FILES = 3


@contextlib.contextmanager
def kept_log(folder: Path) -> Iterator[None]:
    """Keep what this package and the server say in a file, for as long as the block lasts.

    What cannot be kept is told on the standard error alone, as all is.
    """
    try:
        handler = logging.handlers.RotatingFileHandler(
            folder / NAME, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8", delay=True
        )
        (folder / NAME).touch(mode=0o600)
    except OSError as error:
        logging.getLogger(__name__).warning("there is no log in %s: %s", folder, error.strerror or error)
        yield
        return
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    # A full disk ends the log, not the work.
    handler.handleError = lambda record: None
    loggers = [logging.getLogger(name) for name in ("chironomy", "uvicorn.error")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
    loggers[0].setLevel(min(loggers[0].getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
        handler.close()
