# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on a cluster of Ray: each stage is a task, tried again where its node is lost.

The nodes share the folder of the results, under the same path, and each has chironomy installed.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chironomy.errors import ChironomyError
from chironomy.packages import require
from chironomy.service.errors import ServiceError
from chironomy.service.farm.local import ATTEMPTS, Outcome, Told
from chironomy.service.farm.plan import Item
from chironomy.service.farm.stages import AFTER, THREADS, VIDEO, do, is_done, stages


def run_on_cluster(items: Sequence[Item], out: Path, address: str, told: Told) -> list[Outcome]:
    """Do all stages of all items that are not done.

    Args:
        items: of the plan.
        out: folder of the results, which all nodes see under this path.
        address: of the cluster, such as `10.0.0.5:6379`, "auto" for one on this machine, "local" for one made here.
        told: of every stage that has ended.

    Raises:
        ServiceError: there is no such cluster.
        ChironomyError: Ray is not installed.
    """
    require("ray", "a cluster", ServiceError, "cluster")
    import ray
    from ray.exceptions import RayError

    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False, include_dashboard=False) if (
            address == "local"
        ) else ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        message = (
            f"There is no Ray cluster at {address}: start one by `ray start --head` ({str(error).splitlines()[0]})"
        )
        raise ServiceError(message) from error
    task = ray.remote(max_retries=ATTEMPTS - 1, runtime_env={"env_vars": dict(THREADS)})(_one)
    ended: dict[tuple[str, str], Outcome] = {}
    asked: dict[Any, tuple[str, str]] = {}
    try:
        for item in items:
            references: dict[str, Any] = {}
            for stage in stages(item):
                if is_done(item, stage, out):
                    ended[item.name, stage] = Outcome(item.name, stage)
                    told(ended[item.name, stage])
                    continue
                before = [references[each] for each in AFTER[stage] if each in references]
                needs = {"num_cpus": 1, "num_gpus": _gpus(item) if stage == VIDEO else 0}
                references[stage] = task.options(**needs).remote(item, stage, str(out), *before)
                asked[references[stage]] = (item.name, stage)
        while asked:
            (done, *_), _ = ray.wait(list(asked), num_returns=1)
            key = asked.pop(done)
            try:
                outcome = ray.get(done)
            except RayError as error:
                outcome = Outcome(*key, error=f"its nodes were lost: {str(error).splitlines()[0][:200]}")
            ended[key] = outcome
            told(outcome)
    finally:
        ray.shutdown()
    return [ended[item.name, stage] for item in items for stage in stages(item)]


def _gpus(item: Item) -> int:
    from chironomy.video.engines.registry import get_engine

    assert item.video is not None
    return 0 if get_engine(item.video["engine"]).requirements().device == "cpu" else 1


def _one(item: Item, stage: str, out: str, *before: Outcome) -> Outcome:
    """Done on a node; it waits for what is given as `before`."""
    if any(outcome.error for outcome in before):
        return Outcome(item.name, stage, error="what it needs has failed")
    began = time.monotonic()
    try:
        do(item, stage, Path(out))
    except ChironomyError as error:
        return Outcome(item.name, stage, time.monotonic() - began, " ".join(str(error).split()))
    return Outcome(item.name, stage, time.monotonic() - began)
