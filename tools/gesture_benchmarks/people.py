# SPDX-License-Identifier: GPL-3.0-or-later
"""How alive the model's motion is beside two people's: targets that do not come from the corpus."""

from chironomy.body.accompany import accompany
from chironomy.body.rig import load_rig
from chironomy.evaluation.people import MEASURES
from chironomy.evaluation.vitality import Take, figures_of_takes
from chironomy.speech.accents import pitch_accents, speech_phrases
from gesture_benchmarks.bench import Bench, Figure, Table, styles_of

SEEDS = 10


def measure_people(bench: Bench) -> list[Figure | Table | str]:
    """Every measure of every style, and the targets of the styles that have them, at default settings."""
    styles = styles_of(bench.pipeline)
    found = {style: figures_of_takes(_takes(bench, style)) for style in styles}
    seconds = sum(speech.duration for speech in bench.recordings)
    how = f"{bench.recordings_are}, {seconds:.0f} s, × {SEEDS} seeds; torso and head as they accompany the hands"
    judged: list[Figure] = []
    for style in styles:
        for field, measure in MEASURES.items():
            target = measure.target(style)
            if target is not None:
                value = found[style][field]
                people = [
                    f"{person} {measure.format(known)}"
                    for person, known in (("A", measure.person_a), ("B", measure.person_b))
                    if known is not None
                ]
                text = " ".join(filter(None, (measure.format(value), measure.unit)))
                judged.append(
                    Figure(f"{measure.name}, {style}", text, str(target), target.met(value), ", ".join(people))
                )
    headings = ["measure", "person A", "person B", *styles]
    rows = [
        [
            f"{measure.name}, {measure.unit}" if measure.unit else measure.name,
            measure.format(measure.person_a),
            measure.format(measure.person_b),
            *(measure.format(found[style][field]) for style in styles),
        ]
        for field, measure in MEASURES.items()
    ]
    return [
        *judged,
        f"On {how}. What each measure is stands in `chironomy.evaluation.vitality`.",
        Table(headings, rows),
    ]


def _takes(bench: Bench, style: str) -> list[list[Take]]:
    """Takes of each recording, with the body as the command makes it."""
    recordings: list[list[Take]] = []
    for speech in bench.recordings:
        accents, phrases = pitch_accents(speech), speech_phrases(speech)
        takes: list[Take] = []
        for seed in range(SEEDS):
            hands = bench.pipeline(speech, seed=seed, style=style)
            takes.append((hands, speech, accompany(load_rig(), hands, accents, phrases, seed=seed, style=style)))
        recordings.append(takes)
    return recordings
