# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the Blender extension: `python tools/build_extension.py [ZIP] [--validate]`.

The zip holds the manifest at its root, the add-on's files and the project's own wheel. The same sources give the same
bytes: entries are sorted and carry one date.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

DISTRIBUTION = ("pyproject.toml", "README.md", "LICENSE", "backend")
"""What the wheel is built from."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the first that a zip can tell."""

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


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write `(name, bytes)` entries as a zip that depends on nothing else."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(entries):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)


def build_extension(target: Path | None = None) -> Path:
    """Build the extension's zip, by default `dist/chironomy-<version>.zip`, and return its path."""
    manifest_bytes = (REPOSITORY / "blender_manifest.toml").read_bytes()
    manifest = tomllib.loads(manifest_bytes.decode())
    target = target or REPOSITORY / "dist" / f"{manifest['id']}-{manifest['version']}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chironomy-extension-") as folder:
        wheel = build_wheel(Path(folder))
        wheel_name = f"./wheels/{wheel.name}"
        if manifest["wheels"] != [wheel_name]:
            raise SystemExit(
                f"blender_manifest.toml lists the wheels {manifest['wheels']}, but the distribution's is {wheel_name}; "
                "give both the same version"
            )
        if f"-{manifest['version']}-" not in wheel.name:
            raise SystemExit(f"blender_manifest.toml is version {manifest['version']}, but the wheel is {wheel.name}")
        addon = REPOSITORY / "blender_addon"
        entries = [("blender_manifest.toml", manifest_bytes), ("LICENSE", (REPOSITORY / "LICENSE").read_bytes())]
        entries += [(path.relative_to(addon).as_posix(), path.read_bytes()) for path in addon.rglob("*.py")]
        entries += [(f"wheels/{wheel.name}", wheel.read_bytes())]
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        write_zip(unfinished, entries)
        unfinished.replace(target)
    return target


def validator() -> Path | None:
    """Return Blender's own validator of extensions, from the bpy module's folder; None where bpy is not installed."""
    from importlib.util import find_spec

    spec = find_spec("bpy")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    return found[-1] if found else None


def main() -> None:
    """Build the zip, and have Blender's own validator read it when asked to."""
    parser = argparse.ArgumentParser(description="Build the Blender extension.")
    parser.add_argument("zip", type=Path, nargs="?", help="the file to write (default: dist/chironomy-<version>.zip)")
    parser.add_argument("--validate", action="store_true", help="check it by Blender's own validator (needs bpy)")
    arguments = parser.parse_args()
    path = build_extension(arguments.zip)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if arguments.validate:
        command = validator()
        if command is None:
            raise SystemExit("the zip was built, but not validated: there is no bpy in this Python")
        raise SystemExit(subprocess.run([sys.executable, str(command), "validate", str(path)], check=False).returncode)


if __name__ == "__main__":
    main()
