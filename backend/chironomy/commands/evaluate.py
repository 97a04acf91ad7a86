# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy evaluate`, and `evaluate gesture`: how good hand motion is, by the field's metrics."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import whole_number
from chironomy.commands.evaluate_video import add_video_to
from chironomy.commands.progress import Steps, table

if TYPE_CHECKING:
    from chironomy.evaluation.extractor import Extractor
    from chironomy.evaluation.report import Report, Sample
    from chironomy.motion.hand_motion import HandMotion
    from chironomy.speech.decode import Speech


def add_to(commands: Any) -> None:
    """Declare the command and what it can evaluate."""
    parser = commands.add_parser(
        "evaluate", help="measure results", description="Measure what a model or another program made."
    )
    kinds = parser.add_subparsers(title="what to evaluate", metavar="KIND", required=True)
    add_gesture_to(kinds)
    add_video_to(kinds)


def add_gesture_to(kinds: Any) -> None:
    """Declare `evaluate gesture`."""
    parser = kinds.add_parser(
        "gesture",
        help="motion of hands, from files or from a model",
        description=(
            "Measure motion files (chironomy.hands/1 or SMPL-X .npz), or the motion that a model makes for recordings: "
            "how alive it is beside two people's values, jerk, joint limits, penetration; with speech also lag, beat "
            "alignment (BA) and beat consistency (BC); with several motions of one recording diversity (DIV) and what "
            "seeds share; with a reference FGD and PCK."
        ),
    )
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="motion files, or recordings for a model, or folders of them",
    )
    parser.add_argument(
        "--speech",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="recordings of the motion files, or a folder of them: matched by what the motion says it was made from, "
        "by name, or one for all; may be given again",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="FOLDER",
        help="motion files or clips of the data to compare with: FGD and PCK",
    )
    parser.add_argument(
        "--extractor",
        type=Path,
        metavar="FOLDER",
        help="FGD's auto-encoder, by python -m chironomy.evaluation.fgd train (default: trained on the reference)",
    )
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="weights (default: the embedded ones)")
    parser.add_argument(
        "--seeds", type=whole_number(1, 1000), default=3, metavar="N", help="motions for each recording (default: 3)"
    )
    parser.add_argument("--style", default="neutral", help="style of the model (default: neutral)")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write all figures, of each motion as well")
    parser.set_defaults(run=run_gesture)


def run_gesture(options: argparse.Namespace) -> int:
    """Measure and tell."""
    from chironomy.evaluation.errors import EvaluationError
    from chironomy.evaluation.report import evaluate
    from chironomy.files import atomic_path

    if options.json is not None and options.json.suffix != ".json":
        raise EvaluationError(f"{options.json} does not end in .json; give --json a name that does")
    steps = Steps()
    with steps.step("read"):
        reference = _reference(options.reference)
        samples = _samples(options, reference, steps)
    extractor = _extractor(options, list(reference.values()), steps)
    with steps.step("measure"):
        report = evaluate(
            samples,
            list(reference.values()),
            extractor,
            steps.work("measure", "measuring"),
        )
    if options.json is not None:
        with atomic_path(options.json) as temporary:
            temporary.write_text(json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _tell(report, samples)
    return 0


def _tell(report: "Report", samples: "list[Sample]") -> None:
    clips = len({sample.clip for sample in samples})
    spoken = sum(sample.speech is not None for sample in samples)
    print(f"{len(samples)} motions of {clips} clips, {spoken} with their speech\n")
    print(table(report.people_rows(), right=[1, 3, 4]))
    print()
    print(table(report.rows(), right=[1]))
    for note in report.notes:
        print(f"\n{note}")


def _reference(folder: Path | None) -> "dict[str, HandMotion]":
    if folder is None:
        return {}
    from chironomy.evaluation.sources import named_motions

    return named_motions(folder)


def _extractor(options: argparse.Namespace, reference: "list[HandMotion]", steps: Steps) -> "Extractor | None":
    from chironomy.evaluation.errors import EvaluationError

    if not reference:
        if options.extractor is not None:
            raise EvaluationError("--extractor is of no use without --reference; give the data to compare with")
        return None
    from chironomy.evaluation.extractor import load_extractor, train_extractor

    if options.extractor is not None:
        return load_extractor(options.extractor)
    with steps.step("extractor"):
        return train_extractor(reference, f"the reference {options.reference.resolve().name}")


def _samples(options: argparse.Namespace, reference: "dict[str, HandMotion]", steps: Steps) -> "list[Sample]":
    from chironomy.evaluation.errors import EvaluationError
    from chironomy.evaluation.sources import SOUNDS, found

    suffixes = {".npz"} if any(_has_motions(path) for path in options.paths) else SOUNDS
    files = found(options.paths, suffixes, "motion files or recordings")
    motions = [path for path in files if path.suffix.lower() == ".npz"]
    recordings = [path for path in files if path.suffix.lower() != ".npz"]
    if motions and recordings:
        raise EvaluationError(
            f"{motions[0].name} is a motion and {recordings[0].name} a recording; give motions (with --speech for "
            "their recordings) or recordings for a model to make motions for"
        )
    if motions:
        return _of_files(motions, options, reference)
    if options.speech:
        raise EvaluationError("--speech belongs to motion files; the recordings are given as PATHs here")
    return _of_model(recordings, options, reference, steps)


def _has_motions(path: Path) -> bool:
    return path.suffix.lower() == ".npz" or (path.is_dir() and any(path.glob("*.npz")))


def _of_files(paths: list[Path], options: argparse.Namespace, reference: "dict[str, HandMotion]") -> "list[Sample]":
    from chironomy.evaluation.errors import EvaluationError
    from chironomy.evaluation.report import Sample
    from chironomy.evaluation.sources import SOUNDS, found
    from chironomy.motion.files import load_motion
    from chironomy.speech.decode import load_speech

    if options.model is not None:
        raise EvaluationError("--model makes motion for recordings; these are motion files, so leave it out")
    recordings = [load_speech(path) for path in found(options.speech, SOUNDS, "recordings")]
    samples = []
    for path in paths:
        motion = load_motion(path)
        speech = _speech_of(path, motion, recordings)
        clip = path.stem if speech is None else speech.name
        samples.append(Sample(str(path), motion, clip, speech, reference.get(path.stem)))
    if recordings and not any(sample.speech for sample in samples):
        raise EvaluationError(
            f"no motion belongs to {recordings[0].name}: give recordings the names of their motions, or one alone"
        )
    return samples


def _speech_of(path: Path, motion: "HandMotion", recordings: "list[Speech]") -> "Speech | None":
    for speech in recordings:
        if motion.source.get("speech") == speech.sha256:
            return speech
    for speech in recordings:
        if Path(speech.name).stem == path.stem:
            return speech
    return recordings[0] if len(recordings) == 1 else None


def _of_model(
    paths: list[Path], options: argparse.Namespace, reference: "dict[str, HandMotion]", steps: Steps
) -> "list[Sample]":
    from chironomy.body.accompany import accompany
    from chironomy.body.rig import load_rig
    from chironomy.evaluation.report import Sample
    from chironomy.performance.gestures import gesture_pipeline
    from chironomy.speech.accents import pitch_accents, speech_phrases
    from chironomy.speech.decode import load_speech

    recordings = [load_speech(path) for path in paths]
    pipeline = gesture_pipeline(options.model)
    samples = []
    for number, (path, speech) in enumerate(zip(paths, recordings, strict=True)):
        accents, phrases, truth = pitch_accents(speech), speech_phrases(speech), reference.get(path.stem)
        for seed in range(options.seeds):
            motion = pipeline(speech, seed=seed, style=options.style)
            body = accompany(load_rig(), motion, accents, phrases, seed=seed, style=options.style)
            samples.append(Sample(f"{path}, seed {seed}", motion, speech.name, speech, truth, body))
            steps.update("make", (number + (seed + 1) / options.seeds) / len(paths), "making motion")
    return samples
