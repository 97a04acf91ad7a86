# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy gesture`: speech to hand motion, in this process."""

import argparse
import contextlib
import functools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chironomy.body.emotion import EMOTION
from chironomy.commands.arguments import add_gesture_arguments, number, seconds_range, weights, whole_number
from chironomy.commands.output import output_file, say_remarks
from chironomy.commands.progress import Steps, file_size
from chironomy.errors import ChironomyError
from chironomy.gesture.settings import (
    AMPLITUDE,
    FPS,
    GIVEN_SCORE_GUIDANCE,
    GUIDANCE,
    HIDE_BELOW,
    PLANNED_GUIDANCE,
    PLANNED_SCORE_GUIDANCE,
    RANGE_HANDS,
    RATE,
    SCORE_GUIDANCE,
    SEED,
    SPEED,
    STEPS,
    STYLE,
    STYLE_GUIDANCE,
)
from chironomy.gesture.shipped import saved_styles
from chironomy.service.kinds import KINDS
from chironomy.service.settings import Weights, check_settings
from chironomy.work import Work

_USUAL = {"style": STYLE, "speed": SPEED.default, "amplitude": AMPLITUDE.default, "rate": RATE.default}


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "gesture", help="speech to hand motion", description="Make hand motion that follows a recording of speech."
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH", help="any sound or video file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the motion (chironomy.hands/1)")
    parser.add_argument(
        "--fps",
        type=number(FPS.low, FPS.high),
        help=f"frames a second (default: {FPS.default:g}, or of --keep that motion's)",
    )
    add_gesture_arguments(parser, style=weights)
    # What is not given is that of the motion that is kept, or of the plan that is performed, or else the usual.
    parser.set_defaults(**dict.fromkeys((*_USUAL, "seed")))
    parser.add_argument(
        "--handedness",
        type=weights,
        help="which hand gestures: left, right or both, or weights: left:0.7,both:0.3 (default: as it comes)",
    )
    parser.add_argument(
        "--steps",
        type=whole_number(STEPS.low, STEPS.high),
        help=f"denoising steps; more are slower and finer (default: {STEPS.default})",
    )
    parser.add_argument(
        "--guidance",
        type=number(GUIDANCE.low, GUIDANCE.high),
        help=f"how much the speech is exaggerated; 1 is not at all (default: "
        f"{PLANNED_GUIDANCE:g} where a plan is performed, as by the embedded weights, else {GUIDANCE.default:g})",
    )
    parser.add_argument(
        "--style-guidance",
        type=number(STYLE_GUIDANCE.low, STYLE_GUIDANCE.high),
        help="likewise the style (default: 1); much more than 2 makes hands faster than people's, which is remarked on",
    )
    parser.add_argument(
        "--score",
        type=Path,
        metavar="SCORE.json",
        help="what is to be gestured when; see chironomy score --help. Of a plan, seed, style and the like are its "
        "own where they are not given",
    )
    parser.add_argument(
        "--script",
        type=Path,
        metavar="TEXT",
        help="what is said: plain text, .srt, .vtt, .TextGrid or Whisper's .json; see chironomy score propose --help",
    )
    parser.add_argument(
        "--score-guidance",
        type=number(SCORE_GUIDANCE.low, SCORE_GUIDANCE.high),
        help="how strictly the score is followed (default: of the embedded weights "
        f"{PLANNED_SCORE_GUIDANCE:g} for what is planned and {GIVEN_SCORE_GUIDANCE:g} for what is given, else "
        f"{SCORE_GUIDANCE.default:g}); much more makes hands faster than people's, which is remarked on",
    )
    parser.add_argument(
        "--hide-below",
        type=number(HIDE_BELOW.low, HIDE_BELOW.high),
        metavar="METRES",
        help="confidence is 0 where a hand stays below this height over the shoulders, such as -0.40, a picture's edge",
    )
    parser.add_argument(
        "--variants",
        type=whole_number(1, 99),
        default=1,
        metavar="N",
        help="make N performances, with this seed and the next ones, as FILE-1.npz, FILE-2.npz ...",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="MOTION.npz",
        help="make only a range of this motion anew, or with --score what differs from its own; style, speed, "
        "amplitude, rate, handedness and emotion are the motion's where they are not given, and the person sits or "
        "stands as there; with --score and --range the range is made anew by the score",
    )
    parser.add_argument("--range", type=seconds_range, metavar="START:END", help="that range, in seconds")
    parser.add_argument(
        "--hands", choices=RANGE_HANDS, help="whose motion in the range (default: both); --handedness is of all"
    )
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a trained model (default: the embedded one)")
    parser.add_argument(
        "--audio-encoder", type=Path, metavar="FOLDER", help="the wav2vec2 network that the model hears through, if any"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the motion."""
    from chironomy.gesture.score import Score
    from chironomy.motion.files import load_hands, save_hands
    from chironomy.performance.gestures import SCRIPT_UNPLAYED, gesture_pipeline, make_gestures
    from chironomy.performance.scripts import SCRIPT_UNHEARD
    from chironomy.speech.words.transcripts import read_transcript

    if (options.keep is None) != (options.range is None) and (options.keep is None or options.score is None):
        raise ChironomyError(
            "--keep and --range belong together: name the motion, and the range that is to be new, or its new --score"
        )
    if options.hands is not None and options.range is None:
        raise ChironomyError(
            "--hands belongs to --range: it says whose motion there is new; --handedness says which hand gestures"
        )
    if options.fps is not None and options.keep is not None:
        raise ChironomyError("--fps does not go with --keep: what is new has the frames of the motion that is kept")
    steps, kind = Steps(), KINDS["gesture"]
    inputs = {"speech": options.speech, **({} if options.keep is None else {"kept": options.keep})}
    if options.score is not None:
        inputs["score"] = options.score
    if options.script is not None:
        inputs["script"] = options.script
    with steps.step("check"):
        check_speech(options.speech, asked=options.score is not None)
        kept = {} if options.keep is None else load_hands(options.keep).source
        plan = {} if options.score is None else Score.load(options.score).source
        if options.script is not None:
            read_transcript(options.script)
    with contextlib.ExitStack() as outputs:
        results = [
            outputs.enter_context(output_file(path, ".npz", list(inputs.values())))
            for path in numbered(options.out, options.variants)
        ]
        with steps.step("gesture"):
            known = dict(kind.settings)
            if options.model is not None:
                known["style"] = Weights(STYLE, lambda: saved_styles(options.model))
            settings = check_settings(kind.name, known, _settings(options, kept, plan))
            work = Work(lambda fraction, message="": steps.update("gesture", fraction, message))
            load = functools.partial(gesture_pipeline, options.model, options.audio_encoder)
            own = load if options.model or options.audio_encoder else None
            made = make_gestures(inputs, settings, options.variants, work, own)
            for motion, path in zip(made, results, strict=True):
                save_hands(motion, path)
        unplayed = unheard = False
        remarks: dict[str, None] = {}
        for out in results:
            motion = load_hands(out)
            print(f"{out}  {motion.frame_count} frames at {motion.fps:g} a second, {file_size(out)}")
            unplayed = unplayed or bool(motion.source.get("script_unplayed"))
            unheard = unheard or bool(motion.source.get("script_unheard"))
            remarks.update(dict.fromkeys(motion.source.get("remarks", [])))
        say_remarks(list(remarks))
        if unplayed:
            print(SCRIPT_UNPLAYED, file=sys.stderr)
        if unheard:
            print(SCRIPT_UNHEARD, file=sys.stderr)
    return 0


def numbered(path: Path, count: int) -> list[Path]:
    """`path` itself for one result, else `count` paths beside it: motion-1.npz, motion-2.npz ..."""
    if count == 1:
        return [path]
    digits = len(str(count))
    return [path.with_name(f"{path.stem}-{number:0{digits}d}{path.suffix}") for number in range(1, count + 1)]


def _settings(options: argparse.Namespace, kept: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the job; what is not given is that of the motion that is kept or of the plan, by their source."""
    known = {**plan, **kept}
    start, end = options.range or (None, None)
    usual = {**_USUAL, "handedness": None, "emotion": EMOTION}
    return {
        **{name: getattr(options, name) or known.get(name, value) for name, value in usual.items()},
        "seated": options.seated or bool(known.get("seated")),
        "seed": plan.get("seed", SEED.default) if options.seed is None else options.seed,
        "fps": FPS.default if options.fps is None else options.fps,
        "num_inference_steps": options.steps,
        "guidance_scale": options.guidance,
        "style_guidance_scale": options.style_guidance,
        "score_guidance_scale": options.score_guidance,
        "hide_below": options.hide_below,
        "range_start": start,
        "range_end": end,
        "range_hands": options.hands or RANGE_HANDS[0],
    }


def check_speech(path: Path, asked: bool = False) -> float:
    """Decode the whole recording once, so that one that cannot be used is known before anything else starts.

    Of one in which nothing is heard, or which breaks off, a sentence is said on standard error.

    Args:
        path: the recording.
        asked: a score asks for gestures, so that hands do not rest in silence either.

    Returns:
        Its length in seconds.

    Raises:
        SpeechError: by its sentence.
    """
    from chironomy.speech.decode import load_speech, silence_told
    from chironomy.speech.told_length import cut_told

    speech = load_speech(path)
    for told in (silence_told(speech, asked), cut_told(path, speech.duration)):
        if told:
            print(told, file=sys.stderr)
    return speech.duration
