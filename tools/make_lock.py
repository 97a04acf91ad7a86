# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock the versions that a backend is installed with: `python tools/make_lock.py`, needs the network.

Writes `backend/chironomy/installation/lock`: `versions.txt`, constraints for every Python and platform by markers, with
the versions of `constraints.txt` where these have wheels, and `sizes.json`, what each part downloads, in megabytes.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from packaging.markers import Marker, default_environment

from chironomy.installation.parts import LOCK, NETWORKS, PARTS, PYTHONS, SERVICE, SIZES, VERSIONS

REPOSITORY = Path(__file__).resolve().parents[1]

HEADER = """\
# Made by `make lock` from pyproject.toml and constraints.txt; what Set Up Backend installs, on any Python and platform.
"""

ONLY_ON = {
    "bpy": "",
    "numba": "sys_platform != 'darwin' or platform_machine != 'x86_64'",
    "numpy": "python_version < '3.13'",
}
"""Where the version of `constraints.txt` has wheels; nowhere where it is empty."""

MORE = ["numba==0.62.1; sys_platform == 'darwin' and platform_machine == 'x86_64'", "backports-strenum<1.3"]
"""Numba 0.62 is the last with wheels for Macs with an Intel processor. backports.strenum 1.3 is for Pythons before 3.11
alone, which uv overlooks: of the Pythons that a package is for it minds the oldest."""

SYSTEMS = {
    "linux-x64": ("linux", "Linux", "x86_64", r"(manylinux|linux)\w*x86_64"),
    "macos-arm64": ("darwin", "Darwin", "arm64", r"macosx\w*_(arm64|universal2)"),
    "macos-x64": ("darwin", "Darwin", "x86_64", r"macosx\w*_(x86_64|universal2)"),
    "windows-x64": ("win32", "Windows", "AMD64", r"win_amd64"),
}
"""Blender's platforms: the markers' names for them, and their wheels."""

CPU_TORCH_LINUX = 192
"""Megabytes of torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl, of PyTorch's own index."""

NVIDIA_ALONE = re.compile(r"(nvidia|cuda)-|triton$")
"""Packages that only NVIDIA's build needs."""


def main() -> None:
    """Make both files."""
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    always, extras = extras["dependencies"], extras["optional-dependencies"]
    wanted = [*always, _bundled_pip(), "uv>=0.8"]
    for part in PARTS:
        # No wheel, no lock; `backend` has the same marker.
        wanted += [
            f"{each}; python_version < '3.14'" if part.extra == "phones" else each for each in extras[part.extra]
        ]
    locked = resolve(wanted, tested_versions())
    lines = [constraint(package) for package in locked]
    LOCK.mkdir(exist_ok=True)
    VERSIONS.write_text(HEADER + "".join(f"{entry}\n" for entry in lines), encoding="utf-8")
    service = resolve([*always, *extras[SERVICE]], lines)
    parts = {SERVICE: service}
    for part in PARTS[1:]:
        both = resolve([*always, *extras[SERVICE], *extras[part.extra]], lines)
        known = {(package["name"], package["version"]) for package in service}
        parts[part.extra] = [package for package in both if (package["name"], package["version"]) not in known]
    sizes = {
        system: {"{}.{}".format(*python): sizes_of(parts, system, python) for python in PYTHONS} for system in SYSTEMS
    }
    SIZES.write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    print(f"{len(lines)} versions in {VERSIONS.relative_to(REPOSITORY)}")


def _bundled_pip() -> str:
    found = re.search(
        r"^pip==\S+", (REPOSITORY / "tools" / "bundled-pip.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found is not None
    return found[0]


def tested_versions() -> list[str]:
    """The versions of `constraints.txt`, each where it can be had."""
    lines = []
    for text in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name = text.partition("==")[0]
        if not text.startswith("#") and ONLY_ON.get(name, "everywhere"):
            lines.append(f"{text}; {ONLY_ON[name]}" if name in ONLY_ON else text)
    return lines + MORE


def resolve(wanted: list[str], constraints: list[str]) -> list[dict[str, Any]]:
    """Return uv's packages for some requirements, on every Python and platform at once."""
    with tempfile.TemporaryDirectory(prefix="chironomy-lock-") as folder:
        asked, fixed, made = (Path(folder, name) for name in ("requirements.in", "constraints.txt", "pylock.toml"))
        asked.write_text("\n".join(wanted), encoding="utf-8")
        fixed.write_text("\n".join(constraints), encoding="utf-8")
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--no-build", "--universal"]
        command += ["--python-version", "{}.{}".format(*PYTHONS[0])]
        command += [str(asked), "--constraints", str(fixed), "--output-file", str(made)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return tomllib.loads(made.read_text(encoding="utf-8"))["packages"]


def constraint(package: dict[str, Any]) -> str:
    """A package as a constraint."""
    # Every Python that the lock is for is one of these.
    marker = re.sub(r"^python_full_version >= '3\.11'( and )?", "", package.get("marker", ""))
    return f"{package['name']}=={package['version']}" + (f" ; {marker}" if marker else "")


def sizes_of(parts: dict[str, list[dict[str, Any]]], system: str, python: tuple[int, int]) -> dict[str, int | None]:
    """Return what each part downloads on a platform and Python, in megabytes; None where there is no wheel."""
    found: dict[str, int | None] = {}
    for extra, packages in parts.items():
        here = [package for package in packages if applies(package, system, python)]
        wheels = {package["name"]: wheel_size(package, system, python) for package in here}
        if extra != NETWORKS:
            found[extra] = megabytes(wheels) if here else None
            continue
        lean = {name: size for name, size in wheels.items() if not NVIDIA_ALONE.match(name)}
        if system == "linux-x64":
            whole = megabytes({name: size for name, size in lean.items() if name != "torch"})
            found[f"{extra}-cpu"] = None if whole is None else whole + CPU_TORCH_LINUX
            found[f"{extra}-nvidia"] = megabytes(wheels)
        else:
            # What PyTorch's own index has for Windows is not known here.
            found[f"{extra}-cpu"], found[f"{extra}-nvidia"] = megabytes(lean), None
    return found


def applies(package: dict[str, Any], system: str, python: tuple[int, int]) -> bool:
    """Whether a package is installed on a platform and Python."""
    sys_platform, platform_system, machine, _ = SYSTEMS[system]
    version = "{}.{}".format(*python)
    there = {
        **default_environment(),
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "platform_machine": machine,
        "os_name": "nt" if sys_platform == "win32" else "posix",
        "python_version": version,
        "python_full_version": f"{version}.0",
    }
    return "marker" not in package or Marker(package["marker"]).evaluate(there)


def wheel_size(package: dict[str, Any], system: str, python: tuple[int, int]) -> int | None:
    """Bytes of the wheel of a package for a platform and Python; None where there is none."""
    sizes = {}
    for wheel in package.get("wheels", ()):
        name = wheel.get("name") or wheel["url"].rpartition("/")[2]
        interpreter, abi, where = name.removesuffix(".whl").rsplit("-", 3)[1:]
        tag = "cp{}{}".format(*python)
        exact = tag in interpreter.split(".") and abi in (tag, "none")
        stable = abi == "abi3" and int(interpreter.removeprefix("cp3") or 0) <= python[1]
        pure = "py3" in interpreter.split(".")
        if (exact or stable or pure) and (where == "any" or re.search(SYSTEMS[system][3], where)):
            sizes[(exact, stable)] = wheel["size"]
    return sizes[max(sizes)] if sizes else None


def megabytes(wheels: dict[str, int | None]) -> int | None:
    """The whole of some wheels; None where one is missing."""
    missing = [name for name, size in wheels.items() if size is None]
    return None if missing else round(sum(size or 0 for size in wheels.values()) / 1e6)


if __name__ == "__main__":
    main()
