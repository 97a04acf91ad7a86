# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy serve`: the backend."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

import chironomy
from chironomy.commands.arguments import port, whole_number


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "serve",
        help="run the backend",
        description=(
            "Run the backend, on 127.0.0.1 unless told otherwise, until it is told to stop. Everyone who uses it must "
            "bear a token. Its address opens in a browser, too."
        ),
    )
    parser.add_argument("--port", type=port, default=0, help="port to listen on (default: a free one)")
    elsewhere = parser.add_argument_group("for other machines", "which need all of these; see SECURITY.md")
    elsewhere.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="of this machine, to listen on")
    elsewhere.add_argument(
        "--name", action="append", default=[], help="by which others call this machine; may be repeated"
    )
    elsewhere.add_argument("--certificate", type=Path, metavar="FILE", help="PEM, with all up to its root")
    elsewhere.add_argument("--key", type=Path, metavar="FILE", help="of the certificate, PEM")
    elsewhere.add_argument("--users", type=Path, metavar="FILE", help="who may use it; read at the start")
    elsewhere.add_argument(
        "--add-user",
        metavar="NAME",
        help="write somebody into --users, or give them another token; print the token, and do no more",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="made, readable by you only, when missing (default: in DATA)"
    )
    parser.add_argument(
        "--handshake", type=Path, metavar="FILE", help="gets {url, token, pid, version} once the backend listens"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help=(
            "jobs, and what was sent and made, are kept here (default: ~/.cache/chironomy; on macOS "
            "~/Library/Caches/chironomy, on Windows %%LOCALAPPDATA%%\\chironomy\\cache)"
        ),
    )
    parser.add_argument("--parent-pid", type=int, metavar="PID", help="end when this process ends")
    parser.add_argument(
        "--upload-limit", type=whole_number(1, 1 << 20), default=1024, metavar="MIB", help="default: 1024 MiB"
    )
    parser.add_argument(
        "--keep",
        type=whole_number(1, 1 << 20),
        default=4,
        metavar="GIB",
        help="how much is kept of what was sent and made (default: 4 GiB)",
    )
    parser.add_argument(
        "--memory",
        type=whole_number(1, 1 << 20),
        metavar="GIB",
        help="what one job may take (default: four fifths of what the machine has)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    if options.add_user is not None:
        return _add_user(options)
    from chironomy.service.listening import Listening
    from chironomy.service.server import serve

    logging.getLogger("chironomy").setLevel(logging.INFO)

    def listening(url: str, token_file: Path) -> None:
        print(f"Chironomy {chironomy.__version__} backend at {url}, token in {token_file}", flush=True)

    serve(
        Listening(options.host, options.port, tuple(options.name), options.certificate, options.key, options.users),
        token_file=options.token_file,
        handshake=options.handshake,
        data=options.data,
        parent_pid=options.parent_pid,
        upload_limit=options.upload_limit << 20,
        keep_bytes=options.keep << 30,
        memory=None if options.memory is None else options.memory << 30,
        on_listening=listening,
    )
    return 0


def _add_user(options: argparse.Namespace) -> int:
    from chironomy.service.errors import ServiceError
    from chironomy.service.users import add_user

    if options.users is None:
        raise ServiceError("Where is the user to be written? Give --users FILE, too")
    print(add_user(options.users, options.add_user))
    print(
        f"{options.add_user} has this token and no other; a backend that runs already knows it once it is started anew",
        file=sys.stderr,
    )
    return 0
