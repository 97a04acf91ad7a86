# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy score read | propose | plan | check`: what is gestured when, as a file that can be edited."""

import argparse
from pathlib import Path
from typing import Any

from chironomy.commands.arguments import add_gesture_arguments, language, weights
from chironomy.commands.output import output_file, say_remarks
from chironomy.gesture.settings import HANDEDNESS


def add_to(commands: Any) -> None:
    """Declare the command and its parts."""
    parser = commands.add_parser(
        "score",
        help="what is gestured when, as a file to read and edit",
        description="Read the score of a motion (chironomy.score/1), let words propose one, plan one for a speech, "
        "or check one.",
    )
    parts = parser.add_subparsers(title="parts", metavar="PART", required=True)
    for add in (_add_read, _add_propose, _add_plan, _add_check):
        add(parts)


def _add_read(parts: Any) -> None:
    parser = parts.add_parser(
        "read", help="the score of a motion", description="Read which gestures a motion of hands is made of."
    )
    parser.add_argument("motion", type=Path, metavar="MOTION.npz", help="made, edited or captured")
    parser.add_argument("--out", type=Path, required=True, metavar="SCORE.json", help="the score (chironomy.score/1)")
    parser.set_defaults(run=run_read)


def _add_propose(parts: Any) -> None:
    parser = parts.add_parser(
        "propose",
        help="the score that the words of a recording ask for",
        description="Find the words of a recording and propose gestures for those that have a meaning to the hands; "
        "what stands in brackets in the script, such as [point left] or [count 3], is locked.",
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH", help="any sound or video file")
    words = parser.add_mutually_exclusive_group(required=True)
    words.add_argument(
        "--script", type=Path, metavar="TEXT", help="plain text, .srt, .vtt, .TextGrid or Whisper's .json"
    )
    words.add_argument(
        "--recogniser", type=Path, metavar="FOLDER", help="hear the words with this model of faster-whisper"
    )
    parser.add_argument(
        "--language",
        type=language,
        metavar="CODE",
        help="of the words, such as en or ko (default: told by their letters)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="SCORE.json", help="the score (chironomy.score/1)")
    parser.set_defaults(run=run_propose)


def _add_plan(parts: Any) -> None:
    parser = parts.add_parser(
        "plan",
        help="the score that is performed for a recording where nobody gives one",
        description="Plan the gestures of a recording as chironomy gesture does with the same settings; edit the file "
        "and give it to chironomy gesture --score.",
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH", help="any sound or video file")
    add_gesture_arguments(parser, style=weights)
    parser.add_argument("--handedness", choices=HANDEDNESS, help="which hand gestures (default: as it comes)")
    parser.add_argument(
        "--script", type=Path, metavar="TEXT", help="what is said: its gestures come first, the plan goes round them"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="SCORE.json", help="the score (chironomy.score/1)")
    parser.set_defaults(run=run_plan)


def _add_check(parts: Any) -> None:
    parser = parts.add_parser(
        "check",
        help="whether a score can be done",
        description="Say what cannot be done of a score, and what the gesture model cannot take; 1 where there is any.",
    )
    parser.add_argument("score", type=Path, metavar="SCORE.json")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a trained model (default: the embedded one)")
    parser.set_defaults(run=run_check)


def run_read(options: argparse.Namespace) -> int:
    """Read the score of a motion."""
    from chironomy.gesture.score.read import read_score
    from chironomy.motion.files import load_hands

    with output_file(options.out, ".json", [options.motion]) as out:
        score = read_score(load_hands(options.motion))
        score.save(out)
    print(f"{options.out}  {_counted(score)}")
    return 0


def run_propose(options: argparse.Namespace) -> int:
    """Write the score that words ask for."""
    from chironomy.commands.progress import Steps
    from chironomy.performance.scripts import SCRIPT_UNHEARD, score_of_words
    from chironomy.speech.decode import load_speech
    from chironomy.work import Work

    steps = Steps()
    inputs = [path for path in (options.speech, options.script) if path is not None]
    with output_file(options.out, ".json", inputs) as out:
        speech = load_speech(options.speech)
        with steps.step("words"):
            work = Work(lambda fraction, message="": steps.update("words", fraction, message))
            score = score_of_words(speech, options.script, options.language, recogniser=options.recogniser, work=work)
        score.save(out)
    print(f"{options.out}  {_counted(score)}")
    say_remarks([*score.source.get("remarks", []), *([SCRIPT_UNHEARD] if score.source.get("script_unheard") else [])])
    return 0


def run_plan(options: argparse.Namespace) -> int:
    """Write the score that is performed where nobody gives one."""
    from chironomy.performance.gestures import plan_gestures
    from chironomy.performance.scripts import SCRIPT_UNHEARD
    from chironomy.service.kinds import KINDS
    from chironomy.service.settings import check_settings

    inputs = {"speech": options.speech, **({} if options.script is None else {"script": options.script})}
    names = ("seed", "style", "speed", "amplitude", "rate", "handedness", "seated", "emotion")
    kind = KINDS["gesture"]
    settings = check_settings(kind.name, dict(kind.settings), {name: getattr(options, name) for name in names})
    with output_file(options.out, ".json", list(inputs.values())) as out:
        score = plan_gestures(inputs, settings)
        score.save(out)
    print(f"{options.out}  {_counted(score)}")
    say_remarks([*score.source.get("remarks", []), *([SCRIPT_UNHEARD] if score.source.get("script_unheard") else [])])
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Say what is wrong with a score; 1 where something is."""
    from chironomy.gesture.score import Score
    from chironomy.gesture.score.check import remarks
    from chironomy.gesture.shipped import embedded_weights, saved_config

    score = Score.load(options.score)
    said = remarks(score, saved_config(options.model or embedded_weights()))
    print(f"{options.score}  {_counted(score)}")
    for sentence in said:
        print(sentence)
    return int(bool(said))


def _counted(score: Any) -> str:
    gestures = [phrase for phrase in score.phrases if phrase.kind != "rest"]
    strokes = sum(len(phrase.strokes) for phrase in gestures)
    rests = len(score.phrases) - len(gestures)
    return f"{len(gestures)} gestures, {strokes} strokes and {rests} rests in {score.seconds:.1f} s"
