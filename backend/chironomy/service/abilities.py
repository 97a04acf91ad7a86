# SPDX-License-Identifier: GPL-3.0-or-later
"""Which video engines can run here: found out by a process of its own, since it takes torch to know."""

import json
import logging
import os
import subprocess
import sys
import threading
from typing import Any

from chironomy import processes
from chironomy.service.errors import ServiceError

logger = logging.getLogger(__name__)

_SECONDS = 300.0
_PROGRAM = "import json; from chironomy.service.kinds import engines; print(json.dumps(engines()))"


class Abilities:
    """Looks once, when it is asked first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None
        self._engines: list[dict[str, Any]] | None = None

    def engines(self) -> list[dict[str, Any]]:
        """Each engine's name, whether it can run here, the reason where not, and its licence.

        Raises:
            ServiceError: (503) it is not known yet.
        """
        with self._lock:
            if self._engines is not None:
                return self._engines
            if self._looking is None:
                self._looking = threading.Thread(target=self._look, name="abilities", daemon=True)
                self._looking.start()
        raise ServiceError("The backend is still looking at what this machine can do: ask again", status=503)

    def _look(self) -> None:
        # It finds what this process finds, wherever that was started.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
        try:
            said = processes.run(
                [sys.executable, "-P", "-c", _PROGRAM],
                stdout=subprocess.PIPE, text=True, timeout=_SECONDS, env=environment, check=True,
            )  # fmt: skip
            found = json.loads(said.stdout.splitlines()[-1])
        except (OSError, subprocess.SubprocessError, LookupError, ValueError) as error:
            logger.warning("no video engines here: %s", error)
            found = []
        with self._lock:
            self._engines = found
