# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's client, for the add-on and the command line.

It needs requests, numpy and the standard library alone, so that it runs inside Blender's Python. It speaks to the
address it is given and to no proxy, follows no redirect, and turns every failure into one sentence.
"""

from chironomy.client.announcements import Announced, announced, running_backend
from chironomy.client.errors import (
    BackendMissing,
    ClientError,
    JobCancelled,
    JobFailed,
    NotProven,
    VersionMismatch,
    WrongToken,
)
from chironomy.client.http import Client, Job, Told
from chironomy.client.process import BackendProcess, Handshake, read_handshake, start_backend

__all__ = [
    "Announced",
    "BackendMissing",
    "BackendProcess",
    "Client",
    "ClientError",
    "Handshake",
    "Job",
    "JobCancelled",
    "JobFailed",
    "NotProven",
    "Told",
    "VersionMismatch",
    "WrongToken",
    "announced",
    "read_handshake",
    "running_backend",
    "start_backend",
]
