# SPDX-License-Identifier: GPL-3.0-or-later
"""The page at `/`, in a real browser: what is seen, clicked and asked for."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tiny_backend import PATIENCE, Backend, Flag, Gate

VISITOR = Path(__file__).with_name("browser")


def visit(url: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """What is seen after each step."""
    # `make test` brings a Node.js beside the interpreter.
    program = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None or not (VISITOR / "node_modules" / "puppeteer-core").is_dir():
        pytest.skip(f"there is no browser to look at the page with; run npm ci in {VISITOR}")
    command = [program, str(VISITOR / "visit.mjs"), url, json.dumps(steps)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE, check=False)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_jobs_are_seen_stopped_tried_again_and_forgotten(backend: Backend, gate: Gate, tmp_path: Path) -> None:
    speech = tmp_path / "speech <b>one.wav"
    speech.write_bytes(b"ha")
    with backend.client() as client:
        job = client.submit("show", {"speech": client.upload(speech)})
        seen = visit(
            f"{backend.url}/#token={backend.token}",
            {"wait": "memory: "},
            {"wait": "frame 2 of 5", "picture": True, "shot": os.environ.get("CHIRONOMY_PAGE_SHOT")},
            {"reload": True, "wait": "frame 2 of 5"},
            {"click": "Cancel", "wait": "cancelled"},
            {"click": "Retry", "wait": "running"},
            {"click": "Cancel", "wait": "cancelled"},
            {"click": "Delete", "wait": "No jobs yet"},
        )
        assert [one.id for one in client.jobs()] == [], job
    running = seen["looks"][1]
    assert "show: speech _b_one.wav" in running
    assert "running 40 %" in running
    assert "connected" in running
    assert seen["errors"] == []
    assert {address.split("/v1/")[0].rstrip("/") for address in seen["asked"] if not address.startswith("blob:")} <= {
        backend.url, f"{backend.url}/#token={backend.token}",
    }  # fmt: skip
    assert seen["address"] == f"{backend.url}/", "the token does not stay in the address"


def test_what_a_client_asks_for_appears_by_itself(backend: Backend, tmp_path: Path) -> None:
    seen_empty = Flag(tmp_path / "empty")
    with backend.client() as client:

        def ask() -> None:
            assert seen_empty.wait(2 * PATIENCE)
            client.submit("slow", {}, {"parts": 3})

        asking = threading.Thread(target=ask)
        asking.start()
        seen = visit(
            f"{backend.url}/#token={backend.token}",
            {"wait": "No jobs yet", "tell": str(seen_empty.path)},
            {"wait": "done"},
        )
        asking.join()
    assert "slow" in seen["looks"][1]
    assert seen["errors"] == []


def test_without_a_token_it_is_asked_for_and_a_wrong_one_is_told(backend: Backend) -> None:
    seen = visit(
        backend.url,
        {"wait": "not connected", "type": "wrong"},
        {"click": "Connect", "wait": "The token is missing or wrong"},
    )
    assert "Token, from the backend's token file" in seen["looks"][0]


def test_names_are_text_whatever_they_hold(backend: Backend, gate: Gate) -> None:
    gate.open.set()
    with backend.client() as client:
        failed = client.submit("fail", {"speech": client.upload(b"ha")}, {"how": "sentence"})
        seen = visit(f"{backend.url}/#token={backend.token}", {"wait": "has no sound"})
        assert client.job(failed).state == "failed"
    assert "record it again" in seen["looks"][0]
