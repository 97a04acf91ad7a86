#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# diffusers 0.42.1: a part of a pipeline that names its public package as its module (`__module__ = "mypackage"`), as
# classes do that may move between files, is saved as ["mypackage", "Part"] and then refused on loading, although
# `mypackage.Part` is there and is a ModelMixin: the loader looks for the base class by its name, `ModelMixin`, in the
# module that model_index.json names. With `ModelMixin` exported by that package, the same folder loads.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    torch==2.13.0 diffusers==0.42.1 transformers==5.23.0 safetensors==0.8.0 "numpy<2"
mkdir "$folder/mypackage"
cat > "$folder/mypackage/part.py" <<'PY'
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin


class Part(ModelMixin, ConfigMixin):
    __module__ = "mypackage"

    @register_to_config
    def __init__(self, width: int = 4):
        super().__init__()
        self.layer = torch.nn.Linear(width, width)
PY
echo 'from mypackage.part import Part' > "$folder/mypackage/__init__.py"
cat > "$folder/try.py" <<'PY'
import json, sys, tempfile
from pathlib import Path

import diffusers
from diffusers import DiffusionPipeline

import mypackage


class Pipeline(DiffusionPipeline):
    def __init__(self, part):
        super().__init__()
        self.register_modules(part=part)


print("diffusers", diffusers.__version__)
folder = tempfile.mkdtemp()
Pipeline(mypackage.Part()).save_pretrained(folder)
print("saved as", json.loads(Path(folder, "model_index.json").read_text())["part"])
try:
    Pipeline.from_pretrained(folder, low_cpu_mem_usage=False)
    refused = ""
except ValueError as error:
    refused = str(error)
print("loading:", refused[:120] or "it loads")
mypackage.ModelMixin = diffusers.ModelMixin
loaded = Pipeline.from_pretrained(folder, low_cpu_mem_usage=False)
print("with mypackage.ModelMixin:", type(loaded.part).__name__, "is loaded")
if "loading methods" not in refused:
    sys.exit("this changed: the part loads without its base class beside it")
PY
cd "$folder" && HF_HUB_OFFLINE=1 venv/bin/python try.py 2>/dev/null
