# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP interface: who is let in, what is refused, and that every refusal is one sentence of JSON."""

import hashlib
import logging
import re
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient
from tiny_backend import PATIENCE, TOKEN, Gate, add_blob, ended, wait_until

import chironomy
from chironomy.service.app import create_app
from chironomy.service.errors import ServiceError
from chironomy.service.guard import WRONG_TOKENS
from chironomy.service.jobs import Jobs
from chironomy.service.users import OWNER, digest

HOST = "127.0.0.1:8000"
BEARER = f"Bearer {TOKEN}"


@pytest.fixture
def http(jobs: Jobs) -> Iterator[TestClient]:
    app = create_app(jobs, {OWNER: digest(TOKEN)}, hosts=(HOST,))
    with TestClient(
        app, base_url=f"http://{HOST}", headers={"Authorization": BEARER}, raise_server_exceptions=False
    ) as client:
        yield client


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_health_tells_the_version_and_the_kinds(http: TestClient) -> None:
    answer = http.get("/v1/health")
    assert answer.status_code == 200
    assert answer.json()["version"] == chironomy.__version__
    assert {"copy", "fail", "gate"} <= set(answer.json()["kinds"])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "", f"{HOST}."])
def test_only_its_own_host_name_is_let_in(http: TestClient, host: str) -> None:
    answer = http.get("/v1/health", headers={"Host": host})
    assert answer.status_code == 403
    assert "answers only to its own address" in answer.json()["error"]


def test_the_host_is_looked_at_before_the_token(http: TestClient) -> None:
    answer = http.get("/v1/health", headers={"Host": "evil.example", "Authorization": "Bearer wrong"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", f"https://{HOST}", f"http://{HOST}.evil.example", "null", ""]
)
def test_other_web_pages_are_refused(http: TestClient, origin: str) -> None:
    answer = http.get("/v1/health", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "other web pages" in answer.json()["error"]


def test_the_backends_own_page_is_answered_with_the_token_alone(http: TestClient) -> None:
    own = {"Origin": f"http://{HOST}"}
    assert http.get("/v1/health", headers=own).status_code == 200
    assert http.get("/v1/health", headers=own | {"Authorization": ""}).status_code == 401


def test_the_page_needs_no_token_and_nothing_from_elsewhere(http: TestClient) -> None:
    answer = http.get("/", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert re.findall(r"(?:src|href)=|https?://", answer.text) == []
    assert http.post("/", headers={"Authorization": ""}).status_code == 401


def test_guessing_tokens_is_slowed_down(jobs: Jobs) -> None:
    now = [100.0]
    app = create_app(jobs, {OWNER: digest(TOKEN)}, hosts=(HOST,))
    app._wrong._clock = lambda: now[0]
    with TestClient(app, base_url=f"http://{HOST}") as http:
        for number in range(WRONG_TOKENS):
            assert http.get("/v1/health", headers={"Authorization": f"Bearer {number}"}).status_code == 401
        answer = http.get("/v1/health", headers={"Authorization": BEARER})
        assert answer.status_code == 429, "a right one among the guesses is not told apart"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        now[0] += 60.0
        assert http.get("/v1/health", headers={"Authorization": BEARER}).status_code == 200


def test_a_page_that_asks_without_a_token_locks_nobody_out(http: TestClient) -> None:
    # A picture's address is asked for without an Origin, and by the backend's own name.
    for _ in range(2 * WRONG_TOKENS):
        assert http.get("/v1/health", headers={"Authorization": ""}).status_code == 401
        asked = http.build_request("GET", "/v1/health")
        del asked.headers["Authorization"]
        assert http.send(asked).status_code == 401
    assert http.get("/v1/health").status_code == 200


def test_who_repeats_an_old_token_locks_nobody_out(http: TestClient) -> None:
    for _ in range(2 * WRONG_TOKENS):
        assert http.get("/v1/health", headers={"Authorization": "Bearer of-the-backend-before"}).status_code == 401
    assert http.get("/v1/health").status_code == 200


def test_one_address_may_ask_so_often(jobs: Jobs) -> None:
    app = create_app(jobs, {OWNER: digest(TOKEN)}, hosts=(HOST,), limit=1.0)
    with TestClient(app, base_url=f"http://{HOST}", headers={"Authorization": BEARER}) as http:
        statuses = [http.get("/v1/health").status_code for _ in range(30)]
    assert statuses[:10] == [200] * 10
    assert statuses.count(429) >= 15


def test_a_refusal_is_one_line_of_the_log_with_the_name_of_who_asked(
    jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "chironomy")
    app = create_app(jobs, {OWNER: digest(TOKEN), "ana": digest("the token of ana")}, hosts=(HOST,))
    with TestClient(app, base_url=f"http://{HOST}") as http:
        http.get("/v1/jobs/x%0d%0ainvented", headers={"Authorization": "Bearer the token of ana"})
        http.get("/v1/health", headers={"Authorization": "Bearer wrong"})
    told = [record.getMessage() for record in caplog.records if record.name == "chironomy.service.guard"]
    assert told[0].startswith("refused GET /v1/jobs/x\\r\\ninvented of ana: 404 There is no job")
    assert told[1].startswith("refused GET /v1/health of nobody: 401 The token is missing")
    assert not any("\n" in line for line in told)


def test_every_answer_says_which_contract_it_keeps(http: TestClient) -> None:
    for path in ("/", "/v1/health", "/v1/jobs/none", "/v1/metrics", "/nothing"):
        assert http.get(path).headers["Chironomy-Contract"] == "1"


def test_figures_for_prometheus(http: TestClient, jobs: Jobs) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {}))
    ended(jobs, jobs.submit("kill", {}, {"times": 1}))
    http.get("/v1/nothing")
    answer = http.get("/v1/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["chironomy_job_changes_total", "copy", "done"] == 1
    assert found["chironomy_job_seconds_count", "kill"] == 1
    assert found["chironomy_attempts_lost_total", "kill"] == 1
    assert found["chironomy_jobs", "queued"] == 0
    assert found["chironomy_requests_total", "404", "GET"] == 1
    assert found["chironomy_kept_bytes",] > 0
    assert found["chironomy_memory_bytes",] > 1 << 20


def test_what_the_backend_takes_of_the_machine(http: TestClient, jobs: Jobs) -> None:
    before = http.get("/v1/usage").json()
    add_blob(jobs, b"x" * 5000)
    after = http.get("/v1/usage").json()
    assert after["kept"] == before["kept"] + 5000
    assert 0 < after["memory"] < after["machine"]
    assert after["free"] > 0


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"{BEARER} {BEARER}", f"{BEARER}x"])
def test_a_wrong_token_is_refused_everywhere(http: TestClient, header: str) -> None:
    for method, path in (("GET", "/v1/health"), ("PUT", f"/v1/blobs/{'0' * 64}"), ("GET", "/nothing")):
        answer = http.request(method, path, headers={"Authorization": header})
        assert answer.status_code == 401
        assert "token" in answer.json()["error"]


def test_a_token_that_is_guessed_cannot_be_set() -> None:
    for short in ("", "secret"):
        with pytest.raises(ServiceError, match="needs a token of 16 characters"):
            digest(short)


def test_an_upload_can_be_asked_for_by_its_hash(http: TestClient) -> None:
    sha = sha256(b"spoken")
    assert http.head(f"/v1/blobs/{sha}").status_code == 404
    assert http.put(f"/v1/blobs/{sha}", content=b"spoken").status_code == 201
    assert http.put(f"/v1/blobs/{sha}", content=b"spoken").status_code == 201, "again is no error"
    assert http.head(f"/v1/blobs/{sha}").status_code == 200


def test_an_upload_with_another_hash_is_refused_and_dropped(http: TestClient, jobs: Jobs) -> None:
    answer = http.put(f"/v1/blobs/{sha256(b'spoken')}", content=b"damaged")
    assert answer.status_code == 422
    assert "send it again" in answer.json()["error"]
    assert [path for path in jobs.blobs.folder.rglob("*") if path.is_file()] == []


def test_an_upload_that_announces_too_much_is_refused(http: TestClient) -> None:
    answer = http.put(f"/v1/blobs/{'0' * 64}", content=b"x" * 100_001)
    assert answer.status_code == 413
    assert "--upload-limit" in answer.json()["error"]


def test_an_upload_that_grows_too_large_without_announcing_it_is_refused(http: TestClient, jobs: Jobs) -> None:
    answer = http.put(f"/v1/blobs/{'0' * 64}", content=(b"x" * 10_000 for _ in range(20)))
    assert answer.status_code == 413
    assert [path for path in jobs.blobs.folder.rglob("*") if path.is_file()] == []


def test_a_name_that_is_no_hash_is_refused(http: TestClient) -> None:
    answer = http.put("/v1/blobs/speech.wav", content=b"spoken")
    assert answer.status_code == 422
    assert "is not a SHA-256" in answer.json()["error"]


def test_a_job_goes_from_request_to_result(http: TestClient, jobs: Jobs) -> None:
    sha = add_blob(jobs, b"ha")
    asked = http.post("/v1/jobs", json={"kind": "copy", "inputs": {"speech": sha}, "settings": {"times": 3}})
    assert asked.status_code == 201
    ended(jobs, jobs.get(asked.json()["id"]))
    record = http.get(f"/v1/jobs/{asked.json()['id']}").json()
    assert (record["state"], record["progress"], record["result"]) == ("done", 1.0, sha256(b"hahaha"))
    result = http.get(f"/v1/jobs/{record['id']}/result")
    assert result.content == b"hahaha"
    assert http.get(f"/v1/jobs/{record['id']}/result", headers={"Range": "bytes=2-3"}).content == b"ha"


def test_a_job_is_cancelled(http: TestClient, jobs: Jobs, gate: Gate) -> None:
    job = http.post("/v1/jobs", json={"kind": "gate", "inputs": {}}).json()
    assert gate.started.wait(PATIENCE)
    assert http.post(f"/v1/jobs/{job['id']}/cancel").status_code == 200
    assert ended(jobs, jobs.get(job["id"])).state == "cancelled"
    answer = http.get(f"/v1/jobs/{job['id']}/result")
    assert answer.status_code == 409
    assert answer.json()["error"] == f"Job {job['id']} has no result: it ended cancelled"


def test_the_same_idempotency_key_makes_one_job(http: TestClient, jobs: Jobs) -> None:
    body = {"kind": "copy", "inputs": {"speech": add_blob(jobs, b"ha")}}
    first, again = (http.post("/v1/jobs", json=body, headers={"Idempotency-Key": "k"}).json() for _ in range(2))
    assert first["id"] == again["id"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not json", "The request is not JSON"),
        (b"[1]", "The request holds no JSON object; send a JSON object"),
        (
            b'{"kind": "copy", "path": "/etc"}',
            "A job has no field 'path': it takes kind, inputs, settings, names, priority",
        ),
        (b'{"kind": "copy", "inputs": null}', "The inputs of a job must be a JSON object"),
        (b"[" * 200_000, "The request is nested deeper than"),
        (b" " * 2_000_000, "The request is larger than 1 MiB"),
    ],
)
def test_a_wrong_request_is_one_sentence(http: TestClient, content: bytes, sentence: str) -> None:
    answer = http.post("/v1/jobs", content=content)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"].startswith(sentence)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("DELETE", "/v1/health", 405),
        ("GET", "/v1/jobs/none", 404),
        ("POST", "/v1/jobs/none/cancel", 404),
    ],
)
def test_what_is_not_there_is_one_sentence(http: TestClient, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


def test_a_result_that_was_pruned_is_gone(http: TestClient, jobs: Jobs) -> None:
    job = ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {"times": 2}))
    assert job.result is not None
    jobs.blobs.path(job.result).unlink()
    answer = http.get(f"/v1/jobs/{job.id}/result")
    assert answer.status_code == 410
    assert "ask for it again" in answer.json()["error"]


@pytest.mark.parametrize("late", [False, True])
def test_a_result_that_is_deleted_while_it_is_fetched_is_gone(
    http: TestClient, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, late: bool
) -> None:
    job = ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {"times": 2}))
    known, opened = jobs.blobs.has, anyio.open_file

    def deleted() -> None:
        jobs.blobs.path(str(job.result)).unlink()

    async def then_opened(*given: Any, **options: Any) -> Any:
        deleted()
        return await opened(*given, **options)

    def then_there(sha: str) -> bool:
        found = known(sha)
        deleted()
        return found

    if late:
        monkeypatch.setattr("anyio.open_file", then_opened)
        assert http.get(f"/v1/jobs/{job.id}/result").content == b"", "it breaks off before its length"
    else:
        monkeypatch.setattr(jobs.blobs, "has", then_there)
        answer = http.get(f"/v1/jobs/{job.id}/result")
        assert (answer.status_code, "ask for it again" in answer.json()["error"]) == (410, True)
    assert not any(record.exc_info for record in caplog.records)


def test_an_error_of_the_service_itself_is_one_sentence(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Jobs, identifier: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Jobs, "get", broken)
    answer = http.get("/v1/jobs/x")
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("The backend broke at GET /v1/jobs/x (ZeroDivisionError)")


def test_jobs_are_listed_tried_again_and_deleted(http: TestClient, jobs: Jobs) -> None:
    sha = add_blob(jobs, b"ha")
    done = http.post("/v1/jobs", json={"kind": "copy", "inputs": {"speech": sha}, "priority": 5}).json()
    failed = http.post("/v1/jobs", json={"kind": "fail", "inputs": {"speech": sha}}).json()
    ended(jobs, jobs.get(done["id"]))
    ended(jobs, jobs.get(failed["id"]))
    assert [job["id"] for job in http.get("/v1/jobs").json()["jobs"]] == [failed["id"], done["id"]]
    (listed,) = http.get("/v1/jobs", params={"state": "done", "limit": 1}).json()["jobs"]
    assert (listed["id"], listed["priority"], listed["attempts"]) == (done["id"], 5, 1)
    assert http.get("/v1/jobs", params={"limit": "many"}).status_code == 422
    assert http.get("/v1/jobs", params={"state": "lost"}).status_code == 422
    assert http.post(f"/v1/jobs/{failed['id']}/retry").json()["state"] == "queued"
    ended(jobs, jobs.get(failed["id"]))
    assert http.delete(f"/v1/jobs/{failed['id']}").status_code == 200
    assert http.get(f"/v1/jobs/{failed['id']}").status_code == 404


def test_who_finds_the_queue_full_is_told_when_to_come_again(http: TestClient, jobs: Jobs, gate: Gate) -> None:
    jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    for number in range(1, 4):
        jobs.submit("gate", {}, {"number": number})
    answer = http.post("/v1/jobs", json={"kind": "gate", "inputs": {}, "settings": {"number": 4}})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_no_sentence_is_longer_than_a_person_reads(http: TestClient) -> None:
    long = "x" * 900_000
    for body in ({"kind": long}, {"kind": "copy", "inputs": {long: long}}, {"kind": "copy", long: 1}):
        assert len(http.post("/v1/jobs", json=body).content) < 2000


def test_websockets_are_refused(http: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), http.websocket_connect("/v1/events"):
        pass


def test_a_preview_is_there_while_the_job_runs(http: TestClient, jobs: Jobs, gate: Gate) -> None:
    waiting = http.post("/v1/jobs", json={"kind": "gate", "inputs": {}}).json()["id"]
    assert gate.started.wait(PATIENCE)
    wait_until(lambda: http.get(f"/v1/jobs/{waiting}/preview").status_code == 200)
    seen = http.get(f"/v1/jobs/{waiting}/preview")
    assert (seen.status_code, seen.headers["content-type"], seen.content) == (200, "image/jpeg", b"a picture")
    gate.open.set()
    ended(jobs, jobs.get(waiting))
    assert http.get(f"/v1/jobs/{waiting}/preview").status_code == 204
    assert http.get("/v1/jobs/nobody/preview").status_code == 404
