# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an extension repository: a folder that any web server, or a disk, hands to Blender: `make repository`.

The zips lie beside `index.json`, which Blender's own tool writes, and `index.html` to look at. In Blender, *Preferences
› Get Extensions › Repositories › Add Remote Repository* takes the address of `index.json`, also as `file:///…`, and
tells of updates from then on.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from build_extension import (
    PLATFORMS,
    REPOSITORY,
    build_extension,
    manifest_version,
    platform_here,
    split_name,
    validator,
)


def make_repository(folder: Path, zips: list[Path], blender: str | None = None) -> list[str]:
    """Write the repository; return the file names of the zips that it lists.

    Args:
        folder: to be written; what is listed there and not given here goes.
        zips: the extension's, one for each platform or one for any.
        blender: a Blender program, whose tool writes the list; by default that of the bpy module.

    Raises:
        SystemExit: there is no tool, or it refuses a zip; the message says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.zip"):
        old.unlink()
    for path in zips:
        shutil.copy(path, folder / path.name)
    tool = validator()
    if blender:
        command = [blender, "--command", "extension"]
    elif tool is not None:
        command = [sys.executable, str(tool)]
    else:
        raise SystemExit("name a Blender by --blender: there is no bpy in this Python, whose tool could write the list")
    command += ["server-generate", "--html", f"--repo-dir={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Blender's tool wrote no list of {folder}:\n{done.stdout}{done.stderr}")
    listed = json.loads((folder / "index.json").read_text(encoding="utf-8"))["data"]
    names = [Path(entry["archive_url"]).name for entry in listed]
    missing = sorted({path.name for path in zips} - set(names))
    if missing:
        raise SystemExit(f"Blender's tool left out {', '.join(missing)}:\n{done.stdout}{done.stderr}")
    return names


def main() -> None:
    """Build the zips and write the repository."""
    parser = argparse.ArgumentParser(description="Make an extension repository for Blender.")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "dist" / "repository", help="to be written")
    parser.add_argument("--blender", help="a Blender program (default: the tool of the bpy module)")
    parser.add_argument(
        "--platforms",
        nargs="+",
        metavar="PLATFORM",
        help="all, or some of " + ", ".join(PLATFORMS) + " (default: this)",
    )
    options = parser.parse_args()
    names = list(PLATFORMS) if options.platforms == ["all"] else options.platforms or [platform_here()]
    unknown = [name for name in names if name is not None and name not in PLATFORMS]
    if unknown:
        parser.error(f"there are no wheels for {unknown[0]}; choose all, or some of {', '.join(PLATFORMS)}")
    whole = REPOSITORY / "dist" / f"chironomy-{manifest_version()}.zip"
    zips = [build_extension(split_name(whole, name) if name else whole, name) for name in names]
    listed = make_repository(options.folder, zips, options.blender)
    print(f"{options.folder}: {', '.join(listed)}\nIn Blender: {(options.folder / 'index.json').resolve().as_uri()}")


if __name__ == "__main__":
    main()
