# SPDX-License-Identifier: GPL-3.0-or-later
"""The line to one backend: requests that are repeated where that helps, and every failure as one sentence."""

import os
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

import chironomy
from chironomy.client import protocol
from chironomy.client.errors import BackendMissing, ClientError, NotProven, VersionMismatch, WrongToken

CA_VARIABLE = "CHIRONOMY_CA"
CONNECT_SECONDS = 2.0
LONGEST_PAUSE = 2.0
"""Between two attempts, in seconds."""

_BUSY_TRIES = 3


class Connection:
    """The line to a backend.

    Args:
        url: its address, such as `http://127.0.0.1:8123`.
        token: the secret from its token file.
        timeout: seconds to wait for any one answer (connecting has 2 s of its own).
        revive: called where nothing answers; starts the backend again and returns its address and token, or raises
            ClientError.
        ca: file (PEM) of the authorities whose word is taken for a backend's name; by default the one that the variable
            CHIRONOMY_CA names, and without it the usual ones.

    Attributes:
        url: of the backend that was asked last.
        token: its secret.
        tell: told what who waits for an answer should know.

    Raises:
        ClientError: `url` is not an http address, the token cannot be sent, or there is no file `ca`.
    """

    def __init__(
        self,
        url: str,
        token: str,
        timeout: float,
        revive: Callable[[], tuple[str, str]] | None = None,
        ca: Path | str | None = None,
    ) -> None:
        self.tell: Callable[[str], None] = untold
        self._timeout, self._revive = timeout, revive
        self._session = requests.Session()
        self._session.trust_env = False
        if ca := ca or os.environ.get(CA_VARIABLE):
            if not Path(ca).is_file():
                raise ClientError(f"There is no file {ca} of authorities: see what was given, or {CA_VARIABLE}")
            self._session.verify = str(ca)
        self._address(url, token)

    def _address(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"The backend's address {url!r} is not one: it looks like http://127.0.0.1:8123"
            raise ClientError(message)
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable():
            raise WrongToken(f"The token for the backend at {url} is empty or garbled: copy it from its token file")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.token = token
        self._session.headers["Authorization"] = f"Bearer {token}"

    def json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Ask for an object, as `request` does.

        Raises:
            ClientError: as of `request`, or the answer is none.
        """
        value = json_object(self.request(method, path, **options))
        if value is None:
            raise ClientError(f"The backend at {self.url} answered {method} {path} with something that is not JSON")
        return value

    def request(self, method: str, path: str, allowed: tuple[int, ...] = (), **options: Any) -> requests.Response:
        """Ask the backend.

        Args:
            method: of HTTP.
            path: with the slash before it.
            allowed: statuses from 300 on that are answers.
            options: of `requests.Session.request`.

        Raises:
            BackendMissing: nothing answers there, or no backend.
            NotProven: its certificate is not believed here.
            VersionMismatch: it keeps another contract.
            WrongToken: it refuses the token.
            ClientError: it refuses, by its own sentence, or does not answer in time.
        """
        try:
            response = self._send_patiently(method, path, allowed, options)
        except requests.Timeout as error:
            if isinstance(error, requests.ConnectTimeout):
                raise self.missing() from error
            message = f"The backend at {self.url} did not answer {method} {path} within {self._timeout:g} s: restart it"
            raise ClientError(message) from error
        except requests.exceptions.SSLError as error:
            message = (
                f"The backend at {self.url} does not prove its name: name the file of its authority (--ca, Authority "
                f"in the add-on's preferences, or the variable {CA_VARIABLE}), or use the name in its certificate"
            )
            raise NotProven(message) from error
        except requests.ConnectionError as error:
            raise self.missing() from error
        except (requests.RequestException, UnicodeError) as error:
            raise ClientError(f"The request to {self.url} could not be made: {error}") from error
        contract = response.headers.get(protocol.CONTRACT_HEADER)
        version = response.headers.get(protocol.VERSION_HEADER)
        if contract is None and version is None:
            message = f"What answers at {self.url} is not a Chironomy backend: check the address, or start one there"
            raise BackendMissing(message)
        if contract != str(protocol.CONTRACT):
            message = (
                f"The backend at {self.url} is version {version} and this is version {chironomy.__version__}, and they "
                "do not understand each other: update the older of the two and restart the backend"
            )
            raise VersionMismatch(message)
        if response.status_code == 401:
            message = (
                f"The backend at {self.url} refuses the token: use the one in its token file, "
                "which `chironomy serve` names when it starts"
            )
            raise WrongToken(message)
        if response.status_code >= 300 and response.status_code not in allowed:
            sentence = (json_object(response) or {}).get(protocol.ERROR)
            message = f"The backend at {self.url} answered {method} {path} with status {response.status_code}"
            raise ClientError(sentence if isinstance(sentence, str) else message)
        return response

    def _send_patiently(
        self, method: str, path: str, allowed: tuple[int, ...], options: dict[str, Any]
    ) -> requests.Response:
        """Send, to a backend that is started again where none answers, and again where it says that it is busy."""
        tries = 0
        while True:
            try:
                response = self._send(method, path, options)
            except requests.exceptions.SSLError:
                raise
            except requests.ConnectionError:
                if self._revive is None or tries:
                    raise
                self.tell("starting the backend again")
                self._address(*self._revive())
                tries += 1
                continue
            told = response.headers.get("Retry-After", "")
            tries += 1
            busy = response.status_code in (429, 503) and response.status_code not in allowed
            if not busy or not told.isdecimal() or tries > _BUSY_TRIES:
                return response
            response.close()
            time.sleep(min(int(told), LONGEST_PAUSE))

    def _send(self, method: str, path: str, options: dict[str, Any]) -> requests.Response:
        """Send once, and again where an idle connection turns out to be closed; every request may be repeated."""
        for last in (False, True):
            body = options.get("data")
            if body is not None and not isinstance(body, bytes):
                body.seek(0)
            try:
                return self._session.request(
                    method, self.url + path, timeout=(CONNECT_SECONDS, self._timeout), allow_redirects=False, **options
                )
            except (requests.Timeout, requests.exceptions.SSLError):
                raise
            except requests.ConnectionError:
                if last:
                    raise
        raise AssertionError

    def missing(self) -> BackendMissing:
        """What is said where nothing answers."""
        port = urllib.parse.urlsplit(self.url).port
        command = f"chironomy serve --port {port}" if port else "chironomy serve"
        message = f"No backend answers at {self.url}: start one with `{command}`, or with Start Backend in the add-on"
        return BackendMissing(message)

    def close(self) -> None:
        """Close what is open."""
        self._session.close()


def untold(_message: str) -> None:
    """Nobody waits."""


def json_object(response: requests.Response) -> dict[str, Any] | None:
    """The object that an answer holds; None where it holds none."""
    try:
        value = response.json()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
