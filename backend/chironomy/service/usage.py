# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backend takes of the machine."""

import shutil

import psutil

from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs
from chironomy.service.limits import memory_of


def usage(jobs: Jobs) -> dict[str, int]:
    """Bytes: `kept` of what was sent and made, `free` on that disk, `memory` of all processes, `machine` of memory.

    Raises:
        ServiceError: (507) the disk cannot be asked.
    """
    try:
        free = shutil.disk_usage(jobs.blobs.folder).free
    except OSError as error:
        message = f"The folder {jobs.blobs.folder} cannot be used ({error.strerror or error}): see that it is there"
        raise ServiceError(message, status=507) from error
    memory = memory_of(psutil.Process())
    return {"kept": jobs.blobs.size(), "free": free, "memory": memory, "machine": psutil.virtual_memory().total}
