# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy animate`: the whole job without a window, from speech to keys on a rig, FBX and video."""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chironomy.client import Client, ClientError, start_backend
from chironomy.commands.arguments import add_gesture_arguments, add_video_arguments, edit, number
from chironomy.commands.gesture import check_speech
from chironomy.commands.output import output_folder
from chironomy.commands.progress import Steps, file_size, table
from chironomy.errors import ChironomyError
from chironomy.gesture.settings import FPS, RATE
from chironomy.service.blender import FORMAT, find_blender, find_extension, run_headless

WRITE = {
    "blend": "scene.blend",
    "fbx": "hands.fbx",
    "motion": "motion.npz",
    "video": "video.mp4",
}
SHEET = "sheet.png"
RESULTS = ("motion.npz", "scene.blend", "hands.fbx", "video.mp4", SHEET)
FILM_SUFFIX = {"mp4": ".mp4", "webm": ".webm", "prores": ".mov", "prores4444": ".mov"}


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "animate",
        help="speech to keys on a rig, FBX and video",
        description=(
            "Do the whole job: start a backend, have the add-on make and edit the keys in Blender, export and render. "
            f"Writes {', '.join(RESULTS)}."
        ),
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH", help="any sound or video file")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made when missing")
    parser.add_argument(
        "--fps", type=number(FPS.low, FPS.high), default=FPS.default, help=f"frames a second (default: {FPS.default:g})"
    )
    add_gesture_arguments(parser)
    add_video_arguments(parser, in_blender=True)
    parser.add_argument(
        "--edit",
        type=edit,
        action="append",
        default=[],
        metavar="raise=HAND@TIME:METRES",
        help=(
            "raise a wrist around the key nearest to TIME (seconds, or middle) before export; in short right@2.5:0.10, "
            "or right:0.10 for the middle; a negative number lowers it; may be given again"
        ),
    )
    parser.add_argument("--blender", metavar="PROGRAM", help="Blender to use (default: the bpy module, else blender)")
    parser.add_argument("--extension", type=Path, metavar="ZIP", help="the Chironomy extension")
    parser.add_argument("--backend", metavar="URL", help="use the backend that runs there instead of starting one")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="of that backend")
    parser.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="PEM of the authority that vouches for that backend (default: CHIRONOMY_CA, else the system's)",
    )
    parser.add_argument("--verbose", action="store_true", help="show what Blender says")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Do the whole job."""
    from chironomy.video.portrait.picture import read_picture

    began = time.perf_counter()
    steps = Steps()
    blender, extension = find_blender(options.blender), find_extension(options.extension)
    film = film_name(options)
    results = [film if name == WRITE["video"] else name for name in RESULTS]
    with (
        output_folder(
            options.out, results, [options.speech, *filter(None, [options.portrait])], others=_films(but=film)
        ) as work,
        # Blender may still hold a file for a moment when it has been stopped.
        tempfile.TemporaryDirectory(prefix="chironomy-animate-", ignore_cleanup_errors=True) as scratch,
    ):
        with steps.step("check"):
            duration = check_speech(options.speech)
            if options.portrait is not None:
                read_picture(options.portrait)
            for change in options.edit:
                if change["time"] is not None and change["time"] > duration:
                    raise ChironomyError(
                        f"the edit at {change['time']:g} s is after the end of {options.speech.name}, which lasts "
                        f"{duration:.1f} s; give an earlier time"
                    )
        with contextlib.ExitStack() as backend:
            with steps.step("backend"):
                client = backend.enter_context(_backend(options, Path(scratch) / "data"))
                _check_abilities(client.health()["styles"], client.engines(), options)
            job = make_job(options, extension, work, client)
            result = run_headless(blender, extension, job, _made(scratch, "blender"), steps.update, options.verbose)
            steps.end()
        with steps.step("sheet"):
            make_sheet(work, options.speech, film)
    print(report(options.out, results, steps.seconds | result.seconds, time.perf_counter() - began, result.report))
    return 0


def make_job(options: argparse.Namespace, extension: Path, work: Path, client: Client) -> dict[str, Any]:
    """The job as the extension's `headless.py` reads it."""
    from chironomy.shot.camera import VIDEO_SIZE

    width, height = options.size or VIDEO_SIZE
    portrait = None
    if options.portrait is not None:
        portrait = {"filepath": str(options.portrait.absolute()), "keep_size": options.size is not None}
    return {
        "format": FORMAT,
        "extension": str(extension),
        "speech": str(options.speech.absolute()),
        "out": str(work),
        "backend": {"url": client.url, "token": client.token, "ca": str(options.ca.absolute()) if options.ca else ""},
        "settings": {
            **{name: getattr(options, name) for name in ("seed", "style", "speed", "amplitude", "fps", "engine")},
            "width": width,
            "height": height,
            **_chosen_look(options),
        },
        "portrait": portrait,
        "edits": options.edit,
        "write": {**WRITE, "video": film_name(options), "shot": None},
    }


def film_name(options: argparse.Namespace) -> str:
    """The video's file name in the folder of results."""
    return Path(WRITE["video"]).with_suffix(FILM_SUFFIX[options.format or "mp4"]).name


def _films(but: str) -> list[str]:
    """The file names of films in every other format."""
    names = dict.fromkeys(str(Path(WRITE["video"]).with_suffix(suffix)) for suffix in FILM_SUFFIX.values())
    return [name for name in names if name != but]


def _chosen_look(options: argparse.Namespace) -> dict[str, Any]:
    """Settings of the add-on that are not as usual."""
    look: dict[str, Any] = {name: getattr(options, name) for name in ("figure", "outfit", "backdrop", "format")}
    look |= {"emotion_mixture": options.emotion}
    look |= {"rate": None if options.rate == RATE.default else options.rate}
    look |= {"accompany": False if options.still else None, "burn_in": options.burn_in or None}
    look |= {"seated": options.seated or None}
    return {name: value for name, value in look.items() if value is not None}


def make_sheet(work: Path, speech: Path, film: str = WRITE["video"]) -> None:
    """Draw the contact sheet of the finished video."""
    from chironomy.motion.files import load_motion
    from chironomy.speech.accents import pitch_accents
    from chironomy.speech.decode import load_speech
    from chironomy.video.film.sheet import contact_sheet

    heard = load_speech(speech)
    accents, _ = pitch_accents(heard)
    hands = load_motion(work / WRITE["motion"])
    contact_sheet(work / film, heard, hands, work / SHEET, title=speech.name, accents=[float(time) for time in accents])


def report(out: Path, results: Sequence[str], seconds: dict[str, float], total: float, told: dict[str, Any]) -> str:
    """The table of steps, times and outputs."""
    steps = [
        ("step", "seconds"),
        *((name, f"{value:.1f}") for name, value in seconds.items()),
        ("total", f"{total:.1f}"),
    ]
    facts: list[tuple[str, ...]] = []
    if isinstance(keys := told.get("keys"), dict) and keys.get("dense"):
        share = 100 * keys["total"] / keys["dense"]
        facts.append(("keys", f"{keys['total']}, {share:.0f} % of one in every frame"))
    for change in told.get("edits") or []:
        up = 100 * change["offset"][1]
        facts.append(("edit", f"{change['hand']} wrist {up:+.0f} cm at frame {change['frame']}"))
    facts += [(name, f"{file_size(out / name):>9}  {out / name}") for name in results]
    return f"\n{table(steps, right=(1,))}\n\n{table(facts)}"


@contextlib.contextmanager
def _backend(options: argparse.Namespace, data: Path) -> Iterator[Client]:
    """A client of the backend that was named, or of one of our own, with its data in a folder that goes with it."""
    if options.backend is not None:
        if options.token_file is None:
            raise ClientError("--backend needs --token-file, the file that `chironomy serve` named when it started")
        with Client(options.backend, _token(options.token_file), ca=options.ca) as client:
            yield client
        return
    with start_backend(sys.executable, data=data) as process, process.client() as client:
        yield client


def _token(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ClientError(f"the token file {path} cannot be read ({error.strerror or error})") from error


def _check_abilities(styles: Sequence[str], engines: Sequence[dict[str, Any]], options: argparse.Namespace) -> None:
    """See that the backend has the style and the engine, before Blender starts.

    Raises:
        ClientError: it has not; the sentence lists what it has.
    """
    if options.style not in styles:
        raise ClientError(f"there is no style {options.style!r}; choose one of {', '.join(styles)}")
    known = {engine["name"]: engine for engine in engines}
    if options.engine not in known:
        raise ClientError(f"there is no engine {options.engine!r}; choose one of {', '.join(known)}")
    if not known[options.engine]["available"]:
        raise ClientError(f"the engine {options.engine} cannot run here: {known[options.engine]['reason']}")


def _made(folder: str, name: str) -> Path:
    path = Path(folder) / name
    path.mkdir()
    return path
