# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy evaluate video`: how good videos are, by the metrics of EMO2's Table 2 and where the hands were asked."""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.progress import Steps, table

if TYPE_CHECKING:
    from chironomy.evaluation.video.report import Asked, Networks, VideoSample
    from chironomy.speech.decode import Speech

VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"}


def add_video_to(kinds: Any) -> None:
    """Declare `evaluate video`."""
    parser = kinds.add_parser(
        "video",
        help="videos of a speaker, from files",
        description=(
            "Measure videos: hands by mediapipe (HKC, HKV); with speech, or sound of their own, lips against speech; "
            "with reference videos SSIM, PSNR, FID, FVD and E-FID; with the shot or motion that was asked for the "
            "hands' distance from it (AKD). Networks that are not given are replaced by stand-ins that are named so, "
            "or their metrics left out."
        ),
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="VIDEO", help="videos, or folders of them")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="VIDEO|FOLDER",
        help="a video of the same performance, or a folder: FID, FVD and E-FID compare with all of it, SSIM and PSNR "
        "with the video of the same name",
    )
    parser.add_argument("--portrait", type=Path, metavar="PICTURE", help="the person, for CSIM")
    parser.add_argument(
        "--speech",
        type=Path,
        metavar="SOUND|FOLDER",
        help="the recording from the first frame on, or a folder with names as the videos' (default: their own sound)",
    )
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument(
        "--shot", type=Path, metavar="SHOT.zip|FOLDER", help="what the video was rendered from, or a folder of them"
    )
    asked.add_argument(
        "--motion",
        type=Path,
        metavar="MOTION.npz|FOLDER",
        help="hands that `chironomy video` rendered with its own camera, or a folder of them",
    )
    parser.add_argument("--fid-extractor", type=Path, metavar="FILE", help="FID's network, TorchScript")
    parser.add_argument("--fvd-extractor", type=Path, metavar="FILE", help="FVD's network, TorchScript")
    parser.add_argument("--face-extractor", type=Path, metavar="FILE", help="CSIM's network, ONNX or TorchScript")
    parser.add_argument("--sync-extractor", type=Path, metavar="FILE", help="SyncNet, TorchScript")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write all figures, of each video as well")
    parser.set_defaults(run=run_video)


def run_video(options: argparse.Namespace) -> int:
    """Measure and tell."""
    from chironomy.evaluation.errors import EvaluationError
    from chironomy.evaluation.sources import found
    from chironomy.evaluation.video.report import evaluate_videos
    from chironomy.files import atomic_path

    if options.json is not None and options.json.suffix != ".json":
        raise EvaluationError(f"{options.json} does not end in .json; give --json a name that does")
    steps = Steps()
    with steps.step("read"):
        videos = found(options.paths, VIDEOS, "videos")
        references = [] if options.reference is None else found([options.reference], VIDEOS, "videos")
        samples = [_sample(path, options, references) for path in videos]
        networks = _networks(options)
    with steps.step("measure"):
        report = evaluate_videos(
            samples,
            references,
            options.portrait,
            networks,
            steps.work("measure", "looking"),
        )
    if options.json is not None:
        with atomic_path(options.json) as temporary:
            temporary.write_text(json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(videos)} videos, {len(references)} references\n")
    print(table(report.rows(), right=[1]))
    for note in report.notes:
        print(f"\n{note}")
    return 0


def _sample(video: Path, options: argparse.Namespace, references: list[Path]) -> "VideoSample":
    from chironomy.evaluation.video.report import VideoSample

    same = [path for path in references if path.stem == video.stem]
    reference = same[0] if same else references[0] if len(references) == 1 else None
    return VideoSample(video, reference, _speech(video, options.speech), _asked(video, options))


def _speech(video: Path, given: Path | None) -> "Speech | None":
    from chironomy.evaluation.sources import SOUNDS
    from chironomy.speech.decode import load_speech
    from chironomy.video.film.encode import probe

    if given is not None:
        return load_speech(_of_video(video, given, SOUNDS, "recording"))
    return load_speech(video, film_time=True) if probe(video).audio_codec else None


def _asked(video: Path, options: argparse.Namespace) -> "Asked | None":
    from chironomy.evaluation.video.asked_hands import of_motion, of_shot

    if options.shot is not None:
        return partial(of_shot, _of_video(video, options.shot, {".zip"}, "shot"))
    if options.motion is not None:
        return partial(of_motion, _of_video(video, options.motion, {".npz"}, "motion"))
    return None


def _of_video(video: Path, given: Path, suffixes: set[str], what: str) -> Path:
    """The file that was given, or the one of the video's name in the folder that was given."""
    from chironomy.evaluation.errors import EvaluationError

    if not given.is_dir():
        if not given.is_file():
            raise EvaluationError(f"{given} does not exist; give a {what} or a folder of them")
        return given
    same = sorted(path for path in given.iterdir() if path.stem == video.stem and path.suffix.lower() in suffixes)
    if not same:
        raise EvaluationError(f"{given} holds no {what} named {video.stem}; give it the video's name")
    return same[0]


def _networks(options: argparse.Namespace) -> "Networks":
    from chironomy.evaluation.video.report import Networks

    given: dict[str, Any] = {}
    if options.fid_extractor is not None:
        from chironomy.evaluation.video.extractors import load_picture_network

        given["pictures"] = load_picture_network(options.fid_extractor)
    if options.fvd_extractor is not None:
        from chironomy.evaluation.video.extractors import load_clip_network

        given["clips"] = load_clip_network(options.fvd_extractor)
    if options.face_extractor is not None:
        from chironomy.evaluation.video.identity import load_face_network

        given["face"] = load_face_network(options.face_extractor)
    if options.sync_extractor is not None:
        from chironomy.evaluation.video.speech_sync import load_sync_network

        given["sync"] = load_sync_network(options.sync_extractor)
    return Networks(**given)
