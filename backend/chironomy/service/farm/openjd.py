# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch as a job bundle of Open Job Description (2023-09), which `openjd run` and AWS Deadline Cloud do.

The bundle holds all that the work starts from, named by its content, so that it can go to another machine:
`template.json`, `plan.json`, `media/`, and for Deadline Cloud `asset_references.json`. Each item is a task of each of
its stages; what a stage makes lies in the folder `Out`, which the workers share or which travels between them.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chironomy.service.blobs import file_sha256
from chironomy.service.errors import ServiceError
from chironomy.service.farm.plan import Item, write_plan
from chironomy.service.farm.stages import (
    AFTER,
    FBX,
    FIT,
    GESTURE,
    PERFORMANCE,
    SCENE,
    THREADS,
    VIDEO,
    stages,
)

_SECONDS = {GESTURE: 3600, FIT: 1800, VIDEO: 24 * 3600, PERFORMANCE: 3600, SCENE: 3600, FBX: 3600}
_MEMORY = {GESTURE: 2048, FIT: 2048, VIDEO: 4096, PERFORMANCE: 2048, SCENE: 4096, FBX: 4096}
"""MiB that a worker must have."""


def write_bundle(items: Sequence[Item], folder: Path, name: str = "Chironomy", program: str = "chironomy") -> None:
    """Write the bundle.

    Args:
        items: of the plan.
        folder: of the bundle, not there yet or empty.
        name: of the job.
        program: that runs `chironomy` on the workers, unless they are told otherwise.

    Raises:
        ServiceError: the folder holds something, or cannot be written.
    """
    folder = folder.absolute()
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ServiceError(f"{folder} is there already and holds something: give the name of a new folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".chironomy-", dir=folder.parent) as scratch:
            made = Path(scratch) / "bundle"
            (made / "media").mkdir(parents=True)
            names: dict[Path, str] = {}
            for path in dict.fromkeys(path for item in items for path in item.files().values()):
                names[path] = f"media/{file_sha256(path)}{path.suffix}"
                if not (made / names[path]).exists():
                    shutil.copyfile(path, made / names[path])
            write_plan(made / "plan.json", items, names)
            references = {"inputs": {"filenames": ["plan.json", *sorted(set(names.values()))]}, "outputs": {}}
            _write(made / "asset_references.json", {"assetReferences": references})
            _write(made / "template.json", template(items, name, program))
            if folder.exists():
                folder.rmdir()
            made.replace(folder)
    except OSError as error:
        raise ServiceError(f"{error.filename or folder} cannot be written ({error.strerror or error})") from error


def template(items: Sequence[Item], name: str, program: str) -> dict[str, Any]:
    """The job's template."""
    named = {stage: [item.name for item in items if stage in stages(item)] for stage in AFTER}
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": name[:128],
        "parameterDefinitions": [
            {
                "name": "Plan",
                "type": "PATH",
                "objectType": "FILE",
                "dataFlow": "IN",
                "default": "plan.json",
                "description": "What is to be made.",
            },
            {
                "name": "Out",
                "type": "PATH",
                "objectType": "DIRECTORY",
                "dataFlow": "OUT",
                "default": "results",
                "description": "Where it is made; all workers must see it.",
            },
            {
                "name": "Program",
                "type": "STRING",
                "default": program,
                "description": "What runs chironomy on a worker.",
            },
        ],
        "jobEnvironments": [{"name": "Threads", "variables": dict(THREADS)}],
        "steps": [_step(stage, names, named) for stage, names in named.items() if names],
    }


def _step(stage: str, names: Sequence[str], named: dict[str, list[str]]) -> dict[str, Any]:
    task = ["farm", "task", "--plan", "{{Param.Plan}}", "--out", "{{Param.Out}}", "--item", "{{Task.Param.Item}}"]
    step: dict[str, Any] = {
        "name": stage.capitalize(),
        "parameterSpace": {"taskParameterDefinitions": [{"name": "Item", "type": "STRING", "range": list(names)}]},
        "hostRequirements": {"amounts": [{"name": "amount.worker.memory", "min": _MEMORY[stage]}]},
        "script": {
            "actions": {
                "onRun": {
                    "command": "{{Param.Program}}",
                    "args": [*task, "--stage", stage],
                    "timeout": _SECONDS[stage],
                    "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": 15},
                }
            }
        },
    }
    if before := [{"dependsOn": each.capitalize()} for each in AFTER[stage] if named[each]]:
        step["dependencies"] = before
    return step


def _write(path: Path, told: dict[str, Any]) -> None:
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
