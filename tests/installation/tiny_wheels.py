# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels of a few bytes, in the place of those of the packages' index."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from chironomy.installation.parts import locked_version

FITS = "class Perceiver:\n    def __enter__(self): return self\n    def __exit__(self, *error): pass\n"


def tiny_wheel(
    folder: Path,
    name: str,
    version: str,
    modules: dict[str, str],
    requires: Sequence[str] = (),
    script: str = "",
    python: str = ">=3.11",
) -> Path:
    """Write a wheel with some modules, by their paths, and return its path."""
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {python}\n"
    extras = {line.partition("extra == '")[2].rstrip("'") for line in requires} - {""}
    metadata += "".join(f"Provides-Extra: {extra}\n" for extra in sorted(extras))
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    files = {
        **modules,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if script:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{script}\n"
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
    return path


def project_wheel(folder: Path, perception: str = FITS, python: str = ">=3.11") -> Path:
    """The project's wheel, whose parts each need one package."""
    modules = {
        "chironomy/__init__.py": "",
        "chironomy/cli.py": "def main(): print('hands')\n",
        "chironomy/video/portrait/perception.py": perception,
    }
    needs = {
        "service": "fastapi",
        "phones": "pocketsphinx",
        "exr": "OpenEXR",
        "vision": "mediapipe",
        "networks": "torch",
    }
    requires = [f"{package}; extra == '{extra}'" for extra, package in needs.items()]
    requires += [
        f"{package}; extra == 'networks'" for package in ("diffusers", "librosa", "safetensors", "transformers")
    ]
    return tiny_wheel(folder, "chironomy", "9.9", modules, requires, "chironomy = chironomy.cli:main", python)


def index_folder(folder: Path, without: Sequence[str] = ()) -> Path:
    """A folder of wheels with what the project's parts need, of the locked versions, but for some."""
    folder.mkdir(parents=True)
    networks = ("torch", "diffusers", "librosa", "safetensors", "transformers")
    for name in ("fastapi", "pocketsphinx", "openexr", "mediapipe", *networks):
        module = {"openexr": "OpenEXR"}.get(name, name)
        version = locked_version(name) + ("+cpu" if name == "torch" else "")
        if name not in without:
            tiny_wheel(folder, name, version, {f"{module}/__init__.py": ""})
    return folder
