# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of job: what each takes, and the function that makes its result.

Each function takes the paths of its inputs, checked settings, the path of the result, and a `Work` to report to. It
runs in a worker's process (`chironomy.service.worker`): the rooms that compute are imported there when the first job
needs them, and their models stay loaded between jobs. The folder of the result is the same whenever the same work is
tried again, so that what is finished may be kept there.
"""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.body.emotion import EMOTION
from chironomy.gesture import settings as of
from chironomy.installation.parts import PARTS
from chironomy.packages import explained, lacking, require
from chironomy.service.settings import Choice, Feeling, Integer, Number, Setting, Switch, Weights
from chironomy.work import Work

if TYPE_CHECKING:
    from chironomy.video.portrait.perception import Perceiver

_perceivers: "list[Perceiver]" = []
"""The networks that look for a person, kept as long as the worker."""

QUICK, GESTURE, FILM = "quick", "gesture", "film"
"""Lanes: each has workers of its own, so that nothing waits behind what is much slower."""

Run = Callable[[Mapping[str, Path], Mapping[str, Any], Path, Work], None]


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Attributes:
        name: as clients ask for it.
        run: `run(inputs, settings, result, work)` writes the file `result`.
        inputs, optional_inputs: names of its inputs.
        settings: names and ranges of its settings.
        suffix: of the result's file name.
        media_type: of the result over HTTP.
        media_types: the same by the setting `format`, where it has one.
        lane: which workers do it.
        patience: seconds without news of progress after which it counts as hung.
        surroundings: tells what else of this machine its result depends on.
    """

    name: str
    run: Run
    inputs: tuple[str, ...]
    optional_inputs: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    suffix: str = ".npz"
    media_type: str = "application/octet-stream"
    media_types: Callable[[], Mapping[str, str]] = dict
    lane: str = QUICK
    patience: float = 600.0
    surroundings: Callable[[], str] = str

    def media_type_of(self, settings: Mapping[str, Any]) -> str:
        """What a result of a job with these settings is."""
        return self.media_types().get(str(settings.get("format")), self.media_type)


def styles() -> Sequence[str]:
    """Names of the styles that the embedded gesture model knows."""
    from chironomy.gesture.shipped import embedded_styles

    return embedded_styles()


def handednesses() -> Sequence[str]:
    """Which hand can be asked to gesture."""
    return of.HANDEDNESS


def engines() -> list[dict[str, Any]]:
    """The video engines: name, whether they can run here, and the reason where not."""
    from chironomy.shot.errors import VideoError
    from chironomy.video.engines.registry import engine_names, get_engine
    from chironomy.video.engines.running import require_packages

    found: list[dict[str, Any]] = []
    for name in engine_names():
        reason = licence = ""
        try:
            requirements = get_engine(name).requirements()
            licence = requirements.licence
            if requirements.weights:
                require("torch", f"the engine {name}", VideoError, "networks")
            if requirements.device != "cpu" and not _has_cuda():
                reason = "it needs an NVIDIA GPU that torch can use" + _and_weights(name)
            require_packages(name, requirements.packages)
        except VideoError as error:
            reason = reason or str(error)
        except ImportError as error:
            reason = explained(error)
        found.append({"name": name, "available": not reason, "reason": reason, "licence": licence})
    return found


def _and_weights(engine: str) -> str:
    """What else an engine needs whose weights are not here, as the end of a sentence; "" where they are."""
    from chironomy.video.weights.folder import weights_folder
    from chironomy.video.weights.published import published_for

    if any((weights_folder() / entry.folder).is_dir() for entry in published_for(engine)):
        return ""
    return f", and weights in {weights_folder()}, which chironomy weights list names"


def missing_parts() -> list[dict[str, str]]:
    """The parts of a backend that are not installed here: the extra that brings each, and what needs it."""
    return [
        {"extra": part.extra, "purpose": part.purpose} for part in PARTS if part.packages and lacking(part.packages)
    ]


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def run_gesture(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Speech (any sound file) to hand motion (`chironomy.hands/1`); see `performance.gestures.make_gestures`."""
    from chironomy.motion.files import save_hands
    from chironomy.performance.gestures import make_gestures

    save_hands(next(make_gestures(inputs, settings, work=work)), result)


def run_perform(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Speech to all that a speaker does (the zip of `body.performance`); see `performance.perform.make_performance`."""
    from chironomy.body.performance import save_performance
    from chironomy.performance.perform import make_performance

    save_performance(make_performance(inputs, settings, work), result)


def run_lips(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Speech to face actions (`chironomy.face/1`)."""
    from chironomy.motion.files import save_face
    from chironomy.speech.decode import load_speech
    from chironomy.speech.lips import lip_track

    work.progress(0.0, "listening for phones")
    speech = load_speech(inputs["speech"])
    track = lip_track(speech, settings["fps"], work=work.part(0.0, 1.0, "listening for phones"))
    save_face(track, result)


def run_video(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """A shot (the zip of `chironomy.shot.shot`, which names its engine) to a film, or to a zip of pictures."""
    from chironomy.service.limits import check_memory
    from chironomy.shot.formats import FORMATS
    from chironomy.shot.packed import pack_pictures
    from chironomy.shot.shot import Shot
    from chironomy.video.engines.registry import get_engine
    from chironomy.video.render import render_video

    work.progress(0.0, "reading the shot")
    shot = Shot.load(inputs["shot"])
    chosen = FORMATS[settings["format"]]
    made = result.with_name("pictures") if chosen.sequence else result.with_suffix(chosen.suffix)
    requirements = get_engine(shot.engine).requirements(shot)
    if requirements.device == "cpu":
        check_memory(requirements.memory_bytes, f"This shot of {shot.width} by {shot.height} pixels")
    work.progress(0.0, requirements.plan or "rendering")
    # A folder of pictures has its name when it is whole: the worker was ended before they were packed.
    if not (chosen.sequence and made.is_dir()):
        kept = result.parent / "frames"
        render_video(shot, made, work.part(0.0, 1.0, "rendering"), format_name=chosen.name, kept=kept)
    if chosen.sequence:
        work.progress(1.0, "packing the pictures")
        pack_pictures(made, result)
    elif made != result:
        made.replace(result)


def gesture_weights() -> str:
    """What tells the embedded weights from others of the same version."""
    from chironomy.gesture.shipped import embedded_weights

    return _listed(embedded_weights())


def video_weights() -> str:
    """What tells the weights of video models that are here from others."""
    from chironomy.video.weights.folder import weights_folder

    return _listed(weights_folder())


def _listed(folder: Path) -> str:
    """A hash of the names, sizes and times of the files in a folder."""
    listed = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            told = path.stat()
            if path.is_file():
                listed.update(f"{path.relative_to(folder)}\0{told.st_size}\0{told.st_mtime_ns}\n".encode())
    return listed.hexdigest()


def video_formats() -> Mapping[str, str]:
    """The formats of a video, with the media types of their results."""
    from chironomy.shot.formats import FORMATS
    from chironomy.shot.packed import MEDIA_TYPE

    return {entry.name: MEDIA_TYPE if entry.sequence else entry.media_type for entry in FORMATS.values()}


def run_fit(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """A portrait (any picture file) to where the character is in it (`chironomy.fit/1`)."""
    from chironomy.video.portrait.perception import Perceiver
    from chironomy.video.portrait.solve import fit_picture

    work.progress(0.0, "looking at the picture")
    if not _perceivers:
        _perceivers.append(Perceiver(mask=False, work=work.part(0.0, 0.9)))
    fit_picture(inputs["picture"], name="the picture", perceiver=_perceivers[0], work=work).save(result)


_GESTURE: Mapping[str, Setting] = {
    "seed": Integer(*of.SEED),
    "style": Weights(of.STYLE, styles),
    "speed": Number(*of.SPEED),
    "amplitude": Number(*of.AMPLITUDE),
    "rate": Number(*of.RATE),
    "fps": Number(*of.FPS),
    "num_inference_steps": Integer(None, of.STEPS.low, of.STEPS.high),
    "guidance_scale": Number(None, of.GUIDANCE.low, of.GUIDANCE.high),
    "style_guidance_scale": Number(None, of.STYLE_GUIDANCE.low, of.STYLE_GUIDANCE.high),
    "emotion": Feeling(EMOTION),
    "score_guidance_scale": Number(None, of.SCORE_GUIDANCE.low, of.SCORE_GUIDANCE.high),
    "handedness": Weights(None, handednesses),
    "seated": Switch(False),
    "hide_below": Number(*of.HIDE_BELOW),
    "range_start": Number(*of.SECONDS),
    "range_end": Number(*of.SECONDS),
    "range_hands": Choice(of.RANGE_HANDS[0], lambda: of.RANGE_HANDS),
}


def run_picture(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """A portrait (any picture file) to an upright PNG of the same pixels as are fitted, for programs that know less."""
    from chironomy.video.portrait.picture import write_upright

    work.progress(0.0, "reading the picture")
    write_upright(inputs["picture"], result, settings["longest"], name="the picture")


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "gesture",
            run_gesture,
            inputs=("speech",),
            optional_inputs=("pinned", "pinned_mask", "kept", "score", "script"),
            settings=_GESTURE,
            lane=GESTURE,
            patience=1800.0,
            surroundings=gesture_weights,
        ),
        Kind(
            "perform",
            run_perform,
            inputs=("speech",),
            optional_inputs=("pinned", "pinned_mask", "kept", "score", "script", "fit", "heard", "aims"),
            settings={
                **_GESTURE,
                "alive": Switch(True),
                "lens_x": Number(0.0, -100.0, 100.0),
                "lens_y": Number(0.0, -100.0, 100.0),
                "lens_z": Number(2.8, -100.0, 100.0),
            },
            suffix=".zip",
            media_type="application/zip",
            lane=GESTURE,
            patience=1800.0,
            surroundings=gesture_weights,
        ),
        Kind("lips", run_lips, inputs=("speech",), settings={"fps": Number(*of.FPS)}),
        Kind(
            "picture",
            run_picture,
            inputs=("picture",),
            settings={"longest": Integer(2048, 64, 8192)},
            suffix=".png",
            media_type="image/png",
        ),
        Kind("fit", run_fit, inputs=("picture",), suffix=".json", media_type="application/json"),
        Kind(
            "video",
            run_video,
            inputs=("shot",),
            settings={"format": Choice("mp4", lambda: list(video_formats()))},
            suffix=".mp4",
            media_type="video/mp4",
            media_types=video_formats,
            lane=FILM,
            patience=3600.0,
            surroundings=video_weights,
        ),
    )
}
