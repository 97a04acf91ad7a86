# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the add-on's tests on other Blender versions: `python tools/check_blender_versions.py [4.2 4.5 5.2 5.3]`.

Each version is Blender's own Python module in a virtual environment of its own, with nothing but what Blender brings
and what the tests need: what the add-on needs beyond that must come out of its zip. The backend that the tests talk to
runs in the environment that runs this. Environments are made once, in `.venv-blender/<version>`, and used again. A
version whose Python is not on this machine is left out, with a sentence. Several versions are tested at a time, each of
which takes one core; what a version says comes when it is through.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

VERSIONS = {
    "4.2": ("3.11", "numpy<2"),
    "4.5": ("3.11", "numpy<2"),
    "5.0": ("3.11", "numpy<2"),
    "5.2": ("3.13", "numpy>=2.2,<3"),
    "5.3": ("3.13", "numpy>=2.2,<3"),
}
"""Blender's version to its Python's and the numpy that it ships."""

LACKS = {"4.2": ("^this Blender was built without sound$",)}
"""What a version's Python module lacks, as reasons that may skip a test."""

RUN = "import os, pytest, sys; code = pytest.main(sys.argv[1:]); sys.stdout.flush(); os._exit(code)"
"""Runs pytest, and ends without taking Python down: Blender 4.2 as a module crashes there once Rigify was enabled."""

USUAL = ("4.2", "4.5", "5.2", "5.3")
"""What is checked by default; 5.0 is the version that the whole test suite runs on."""


def find_python(version: str) -> str | None:
    """Return an interpreter of that version, from the path or from pyenv; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True),
    ]
    for candidate in candidates:
        if candidate is None:
            continue
        asked = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip() == version:
            return str(candidate)
    return None


def environment(version: str, folder: Path) -> Path | None:
    """Return the interpreter of the environment for a Blender version, made where it is missing."""
    python_version, numpy = VERSIONS[version]
    target = folder / version
    interpreter = target / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # A film that is laid into the sequencer has to be made first, a recording cut and a portrait painted.
    media = ("imageio-ffmpeg", "pillow", "soundfile")
    wanted = [f"bpy=={version}.*", numpy, "requests", "pytest", "hypothesis", *media]
    done = target / ".done"
    if not done.exists() or done.read_text(encoding="utf-8").splitlines() != wanted:
        python = find_python(python_version)
        if python is None:
            print(f"Blender {version} is left out: it needs Python {python_version}, which is not on this machine")
            return None
        print(f"making {target} (a download of about 350 MB)", flush=True)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in ([python, "-m", "venv", "--clear", str(target)], [*pip, *wanted]):
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                raise SystemExit(f"{target} could not be made:\n{made.stdout}{made.stderr}")
        done.write_text("\n".join(wanted), encoding="utf-8")
    return interpreter


def test(version: str, folder: Path, extension: Path) -> str:
    """Run the tests on a version and print what they say; return how it went."""
    interpreter = environment(version, folder)
    if interpreter is None:
        return "left out"
    tests = [str(interpreter), "-c", RUN, "-q", "-p", "no:cacheprovider", "--fail-on-skip", "tests/blender"]
    tests += [f"--expect-skip={reason}" for reason in LACKS.get(version, ())]
    variables = {
        # What lies on this process's path must not stand in for what the zip lacks.
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "CHIRONOMY_EXTENSION": str(extension),
        "CHIRONOMY_BACKEND_PYTHON": sys.executable,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with tempfile.TemporaryDirectory(prefix="chironomy-tests-", ignore_cleanup_errors=True) as scratch:
        ran = subprocess.run(
            tests,
            cwd=REPOSITORY,
            env=variables | {"TMPDIR": scratch},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(f"Blender {version}\n{ran.stdout}", flush=True)
    return f"failed with exit status {ran.returncode}" if ran.returncode else "passed"


def main() -> None:
    """Run the tests on each version; exit with 1 where any of them fails."""
    parser = argparse.ArgumentParser(description="Run the add-on's tests on other Blender versions.")
    parser.add_argument("versions", nargs="*", default=USUAL, help=f"of {', '.join(VERSIONS)} (default: {USUAL})")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".venv-blender", help="of the environments")
    parser.add_argument("--all", action="store_true", help="fail where a version is left out")
    parser.add_argument(
        "--at-once", type=int, default=min(4, os.cpu_count() or 1), help="versions (default: one a core)"
    )
    parser.add_argument("--extension", type=Path, help="the zip to test (default: a new one)")
    arguments = parser.parse_args()
    unknown = [version for version in arguments.versions if version not in VERSIONS]
    if unknown:
        raise SystemExit(f"Blender {unknown[0]} is not known here; choose from {', '.join(VERSIONS)}")
    extension = arguments.extension
    if extension is None:
        extension = arguments.folder / "chironomy.zip"
        build = [sys.executable, str(REPOSITORY / "tools" / "build_extension.py"), str(extension)]
        subprocess.run(build, check=True)
    with ThreadPoolExecutor(arguments.at_once) as threads:
        tested = threads.map(lambda version: test(version, arguments.folder, extension.resolve()), arguments.versions)
        results = dict(zip(arguments.versions, tested, strict=True))
    print("; ".join(f"Blender {version} {result}" for version, result in results.items()))
    failed = any(result.startswith("failed") for result in results.values())
    raise SystemExit(failed or (arguments.all and "left out" in results.values()))


if __name__ == "__main__":
    main()
