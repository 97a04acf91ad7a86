# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the Blender extension: `python tools/build_extension.py [ZIP] [--platforms all] [--validate]`.

A zip is for one platform, by default this machine's. It holds the manifest at its root, the add-on's files, the manual
as web pages, the project's own wheel, those of `bundled-wheels.txt` for the Pythons of Blender's versions, and apart
from these, where Blender does not install it, the pip of `bundled-pip.txt`. The same sources give the same bytes:
entries are sorted and carry one date.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from make_manual import manual

REPOSITORY = Path(__file__).resolve().parents[1]

DISTRIBUTION = ("pyproject.toml", "README.md", "LICENSE", "backend")
"""What the wheel is built from."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the first that a zip can tell."""

PYTHONS = ("3.11", "3.13")
"""Of Blender 4.2 to 5.0, and from 5.1 on."""

MORE_PYTHONS = {"linux-x64": ("3.14",)}
"""Of Blenders that a Linux distribution builds with its own Python."""

PLATFORMS = {
    "linux-x64": ("manylinux2014_x86_64", "manylinux_2_17_x86_64"),
    "macos-arm64": ("macosx_11_0_arm64",),
    "macos-x64": ("macosx_10_13_x86_64",),
    "windows-x64": ("win_amd64",),
}
"""What Blender calls a platform to what pip calls the wheels that run there."""

BUNDLED = REPOSITORY / "tools" / "bundled-wheels.txt"
"""The packages that are bundled, as pip's requirements with hashes."""

BUNDLED_PIP = BUNDLED.with_name("bundled-pip.txt")
"""The pip that sets up the backend, likewise."""

KEPT_WHEELS = REPOSITORY / ".cache" / "wheels"
"""Where they are downloaded to, a folder a platform and Python."""

LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pyc", ".*")


def build_wheel(out: Path) -> Path:
    """Build the project's wheel into `out` and return its path.

    The sources are copied first, so that neither a `build` folder left by an earlier version nor two builds at once can
    put anything else into it.
    """
    with tempfile.TemporaryDirectory(prefix="chironomy-wheel-") as folder:
        source, wheels = Path(folder, "source"), Path(folder, "wheels")
        source.mkdir()
        for name in DISTRIBUTION:
            if (REPOSITORY / name).is_dir():
                shutil.copytree(REPOSITORY / name, source / name, ignore=LEFT_OUT)
            else:
                shutil.copy2(REPOSITORY / name, source / name)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        done = subprocess.run(
            [*command, "--disable-pip-version-check", "--no-index", "--wheel-dir", str(wheels), str(source)],
            env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"the wheel could not be built:\n{done.stdout}{done.stderr}")
        (wheel,) = wheels.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            entries = [(name, archive.read(name)) for name in archive.namelist() if not name.endswith("/")]
        target = out / wheel.name
        write_zip(target, entries)
    return target


def platform_here() -> str | None:
    """Return what Blender calls this machine's platform; None where there are no wheels for it."""
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    name = f"{system}-{machine}"
    return name if name in PLATFORMS else None


def bundled_wheels(name: str) -> list[Path]:
    """Return the wheels of other projects that go into the zip of a platform, downloaded where they are missing."""
    wheels: dict[str, Path] = {}
    for python in (*PYTHONS, *MORE_PYTHONS.get(name, ())):
        folder = KEPT_WHEELS / f"{name}-{python}"
        listed = listed_for(python)
        if not _complete(folder, listed):
            # Pip would take a marker for one of the Python that it runs in.
            options = ["--implementation", "cp", "--python-version", python]
            options += [f"--platform={tag}" for tag in PLATFORMS[name]]
            said = _download("".join(listed.values()), folder, options)
            if not _complete(folder, listed):
                raise SystemExit(f"the wheels for {name} could not be downloaded:\n{said}")
        wheels |= {path.name: path for path in _checked(folder)}
    return [wheels[wheel] for wheel in sorted(wheels)]


def bundled_pip() -> Path:
    """Return the wheel of the pip that sets up the backend, downloaded where it is missing."""
    folder = KEPT_WHEELS / "any"
    if not _checked(folder, BUNDLED_PIP):
        said = _download(BUNDLED_PIP.read_text(encoding="utf-8"), folder, [])
        if not _checked(folder, BUNDLED_PIP):
            raise SystemExit(f"the wheel of pip could not be downloaded:\n{said}")
    (wheel,) = _checked(folder, BUNDLED_PIP)
    return wheel


def _download(requirements: str, folder: Path, options: list[str]) -> str:
    """Let pip download some requirements with hashes into a folder; return what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "wanted.txt"
    wanted.write_text(requirements, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "-r", str(wanted), "--dest", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wanted.unlink()
    return done.stdout + done.stderr


def listed_for(python: str) -> dict[str, str]:
    """Return the packages that are bundled for a Python ("3.14"), each with its requirement without the marker."""
    from packaging.markers import Marker

    text = re.sub(r"^#.*\n", "", BUNDLED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for package, marker, hashes in re.findall(
        r"^([\w-]+==[\w.]+)(?: ; (.*?))?((?: \\\n +--hash=\S+)+)", text, re.MULTILINE
    ):
        if not marker or Marker(marker).evaluate({"python_version": python, "python_full_version": f"{python}.0"}):
            found[package] = f"{package}{hashes}\n"
    return found


def _complete(folder: Path, listed: dict[str, str]) -> bool:
    names = {path.name.split("-")[0].replace("_", "-") for path in _checked(folder)}
    return names == {package.partition("==")[0] for package in listed}


def _checked(folder: Path, listed: Path | None = None) -> list[Path]:
    """The wheels of a folder that are those listed."""
    hashes = set(re.findall(r"sha256:(\w+)", (listed or BUNDLED).read_text(encoding="utf-8")))
    return [path for path in folder.glob("*.whl") if hashlib.sha256(path.read_bytes()).hexdigest() in hashes]


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write `(name, bytes)` entries as a zip that depends on nothing else."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(entries):
            entry = zipfile.ZipInfo(name, EPOCH)
            # What is packed already gets no smaller.
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)


def build_extension(target: Path | None = None, name: str | None = None) -> Path:
    """Build the extension's zip and return its path.

    Args:
        target: the file to write, by default `dist/chironomy-<version>.zip`.
        name: of the platform that it is for, by default this machine's. Where there are no wheels for that, the zip is
            for any, and gestures need the backend.
    """
    name = name or platform_here()
    manifest_text = (REPOSITORY / "blender_manifest.toml").read_text(encoding="utf-8")
    manifest = tomllib.loads(manifest_text)
    target = target or REPOSITORY / "dist" / f"{manifest['id']}-{manifest['version']}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chironomy-extension-") as folder:
        wheel = build_wheel(Path(folder))
        if manifest["wheels"] != [f"./wheels/{wheel.name}"]:
            raise SystemExit(
                f"blender_manifest.toml lists the wheels {manifest['wheels']}, but the distribution's is {wheel.name}; "
                "give both the same version"
            )
        if f"-{manifest['version']}-" not in wheel.name:
            raise SystemExit(f"blender_manifest.toml is version {manifest['version']}, but the wheel is {wheel.name}")
        wheels = [wheel, *(bundled_wheels(name) if name else [])]
        manifest_text = _with_wheels(manifest_text, [path.name for path in wheels], name)
        addon = REPOSITORY / "blender_addon"
        entries = [("blender_manifest.toml", manifest_text.encode())]
        entries += [("LICENSE", (REPOSITORY / "LICENSE").read_bytes())]
        for kind in ("*.py", "poses/*.png", "kinds/*.png", "lights/*.sl"):
            entries += [(path.relative_to(addon).as_posix(), path.read_bytes()) for path in addon.rglob(kind)]
        entries += [(f"manual/{name}", data) for name, data in manual()]
        entries += [(f"wheels/{path.name}", path.read_bytes()) for path in wheels]
        entries += [(f"set_up/{pip.name}", pip.read_bytes()) for pip in (bundled_pip(),)]
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        write_zip(unfinished, entries)
        unfinished.replace(target)
    return target


def _with_wheels(manifest: str, wheels: list[str], name: str | None) -> str:
    """The manifest of a zip that holds these wheels, for one platform or, where it has no name, for any."""
    lines = "".join(f'    "./wheels/{wheel}",\n' for wheel in sorted(wheels))
    listed = f"wheels = [\n{lines}]" + (f'\nplatforms = ["{name}"]' if name else "")
    changed, count = re.subn(r"^wheels = \[.*?\]", listed, manifest, flags=re.MULTILINE | re.DOTALL)
    assert count == 1, "the manifest lists its wheels in one place"
    return changed


def manifest_version() -> str:
    """Return the extension's version."""
    return tomllib.loads((REPOSITORY / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]


def split_name(path: Path, name: str) -> Path:
    """Return the name of one zip of several, as Blender's own `--split-platforms` gives it."""
    return path.with_name(f"{path.stem}-{name.replace('-', '_')}{path.suffix}")


def validator() -> Path | None:
    """Return Blender's own validator of extensions, from the bpy module's folder; None where bpy is not installed."""
    from importlib.util import find_spec

    spec = find_spec("bpy")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    return found[-1] if found else None


def main() -> None:
    """Build the zips, and have Blender's own validator read them when asked to."""
    parser = argparse.ArgumentParser(description="Build the Blender extension.")
    parser.add_argument("zip", type=Path, nargs="?", help="the file to write (default: dist/chironomy-<version>.zip)")
    parser.add_argument(
        "--platforms",
        nargs="+",
        metavar="PLATFORM",
        help=f"one zip each, its name with the platform's: all, or some of {', '.join(PLATFORMS)} "
        "(default: this machine's, its name without)",
    )
    parser.add_argument("--validate", action="store_true", help="check it by Blender's own validator (needs bpy)")
    arguments = parser.parse_args()
    names = list(PLATFORMS) if arguments.platforms == ["all"] else arguments.platforms
    unknown = [name for name in names or () if name not in PLATFORMS]
    if unknown:
        parser.error(f"there are no wheels for {unknown[0]}; choose all, or some of {', '.join(PLATFORMS)}")
    if names:
        whole = arguments.zip or REPOSITORY / "dist" / f"chironomy-{manifest_version()}.zip"
        made = [build_extension(split_name(whole, name), name) for name in names]
    else:
        if platform_here() is None:
            print(f"there are no wheels for {sys.platform} {platform.machine()}: its gestures need the backend")
        made = [build_extension(arguments.zip)]
    for path in made:
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if arguments.validate:
        command = validator()
        if command is None:
            raise SystemExit("the zip was built, but not validated: there is no bpy in this Python")
        codes = [
            subprocess.run([sys.executable, str(command), "validate", str(path)], check=False).returncode
            for path in made
        ]
        raise SystemExit(max(codes))


if __name__ == "__main__":
    main()
