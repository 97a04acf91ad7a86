# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy serve`: the backend."""

import argparse
import logging
from pathlib import Path
from typing import Any

import chironomy
from chironomy.commands.arguments import port, whole_number


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "serve",
        help="run the backend on 127.0.0.1",
        description="Run the backend on 127.0.0.1 until it is told to stop. Everyone who uses it must bear its token.",
    )
    parser.add_argument("--port", type=port, default=0, help="port to listen on (default: a free one)")
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
    from chironomy.service.server import serve

    logging.getLogger("chironomy").setLevel(logging.INFO)

    def listening(url: str, token_file: Path) -> None:
        print(f"Chironomy {chironomy.__version__} backend at {url}, token in {token_file}", flush=True)

    serve(
        options.port,
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
