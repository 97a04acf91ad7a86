# SPDX-License-Identifier: GPL-3.0-or-later
"""Words: what a script proposes is seen in the hands, nothing says the opposite, and without words nothing changes.

Judged by plain geometry (`chironomy.evaluation.shown`) and not by the score reader, which has learned from the corpus
as the model has. The scripts are the project's own; a word that means something to hands has its gesture behind it,
as a person decided: proposals are held against that.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chironomy.evaluation.shown import TESTED, contradictions, shows
from chironomy.gesture.meaning import MOST_A_MINUTE
from chironomy.gesture.score import REST, Phrase, Score, Stroke
from chironomy.motion.hand_motion import HandMotion
from chironomy.performance.gestures import make_gestures
from chironomy.performance.scripts import score_of_words
from chironomy.speech import Speech
from chironomy.speech.decode import write_wav
from gesture_benchmarks.bench import Bench, Figure, Table

SEEDS = 5
_ELSEWHERE = 4.7  # seconds from one moment to the next at which hands that were told nothing are looked at

ENGLISH = """
Welcome<welcome> to the old harbour. My grandfather built boats in this town, and he taught a dozen boys how it was
done. He used to say that a good boat needs three<count three> things. First<count point>, a plan that fits on one page.
They drew it, they argued over it, and they drew it again until the lines were fair. Second<count two>, dry wood from
the hills. And third<count three>, more patience than most of them had.
The hall in which they worked was huge<big>, as long as the street, and the door to it was tiny<small>, so that a tall
man had to bow. On the left<point_out left> you see the saws. On the right<point_out right>, behind the oven, they bent
the planks in steam. And if you look up<point_up>, the ropes are hanging where he hung them.
Was it an easy life? I don't know<shrug>. Nobody<cut> ever complained. For me<self>, as a child, it was the best place
on earth. In the evening he told stories about the sea, and the boys sat on the benches and listened until it was dark.
Then, forty years ago<past>, a storm came in the night, and the water took everything<all>: the plans, the wood, the
boats. Should they sell the land? No way<refuse>! On the one hand<present left>, it was cheaper to leave. On the other
hand<present right>, it was home. So they began again, and tomorrow<future> a new boat goes into the water. To the
people who helped: well done<thumb_up>!
"""

KOREAN = """
여러분, 환영합니다<welcome>. 이제 오래된 항구 이야기를 하겠습니다. 할아버지는 이 마을에서 배를 만드셨습니다.
좋은 배에는 세 가지가<count three> 필요하다고 하셨습니다. 첫째<count point>, 종이 한 장에 들어가는 도면입니다.
둘째<count two>, 산에서 가져온 마른 나무입니다. 셋째<count three>, 오래 기다리는 마음입니다. 작업장은
거대했습니다<big>. 그런데 문은 아주 작은<small> 문이었습니다. 왼쪽에<point_out left> 톱이 보입니다.
오른쪽에는<point_out right> 난로가 보입니다. 천장을<point_up> 보면 밧줄이 걸려 있습니다. 쉬운 삶이었을까요?
글쎄요<shrug>. 불평하는 사람은 아무도<cut> 없었습니다. 저에게<self> 작업장은 가장 좋은 집이었습니다. 저녁이면
할아버지는 바다 이야기를 하셨고 아이들은 어두워질 때까지 들었습니다. 사십 년 전에<past> 태풍이 왔습니다. 배도
나무도 모두<all> 사라졌습니다. 집을 팔까요? 안 됩니다<refuse>. 한편으로는<present left> 떠나는 것이 쉬웠습니다.
반면에<present right> 고향이 그리웠습니다. 내일<future> 새 배가 바다로 나갑니다. 도와주신 분들, 정말
잘했습니다<thumb_up>.
"""


@dataclass(frozen=True)
class Script:
    """What is said, and what a person would show of it.

    Attributes:
        text: for the voice and for `--script`.
        meant: by the number of the word: kind, hand or hand shape.
    """

    text: str
    meant: dict[int, str]

    @classmethod
    def of(cls, marked: str) -> "Script":
        """The script of a text with gestures in angle brackets behind words."""
        words = re.findall(r"(\S+?)(?:<([^>]*)>)?([.,:!?]*)(?:\s+|$)", marked.strip())
        return cls(
            " ".join(word + end for word, _, end in words),
            {number: meaning for number, (_, meaning, _) in enumerate(words) if meaning},
        )

    def meant_by(self, score: Score) -> list[tuple[Phrase, str]]:
        """Each gesture that was proposed for the words, with what its words mean; "" where nothing was written."""
        words, at, found = self.text.split(), 0, []
        for phrase in gestures(score):
            said = phrase.word.split()
            places = [start for start in range(at, len(words)) if words[start : start + len(said)] == said]
            at = places[0] if places else at
            inside = [self.meant[number] for number in range(at, at + len(said)) if number in self.meant]
            found.append((phrase, inside[0] if places and inside else ""))
        return found


SCRIPTS = {"en": Script.of(ENGLISH), "ko": Script.of(KOREAN)}
_LANGUAGES = {"en": "English", "ko": "Korean"}


def gestures(score: Score) -> list[Phrase]:
    """The phrases of a score of words in which something is shown."""
    return [phrase for phrase in score.phrases if phrase.kind != REST]


def against(phrase: Phrase, meant: str) -> bool:
    """Whether a proposed gesture is another than its words mean; what was not written of the words is not against."""
    return bool(meant) and not set(meant.split()) <= {phrase.kind, phrase.hands, phrase.shape}


def spoken(script: Script, language: str) -> Speech | None:
    """The script as a voice of the corpus says it; None where this machine has no such voice."""
    from chironomy.gesture.corpus.voices import RATE, Voice, program

    name = "flite" if language == "en" and program("flite") else "espeak-ng"
    if not program(name):
        return None
    voice = Voice(np.random.default_rng(0))
    voice.program, voice.name = name, {"flite": "slt"}.get(name, {"en": "en-us"}.get(language, language))
    voice.stretch, voice.pitch, voice.liveliness = 1.0, 0.0, 1.2
    return Speech.from_samples(voice.speak(script.text), RATE, f"script in {_LANGUAGES[language]}")


def measure_words(bench: Bench) -> list[Figure | Table | str]:
    """What is proposed for a script in English and one in Korean, and how much of it is seen."""
    made: list[Figure | Table | str] = []
    takes_score = bool(bench.pipeline.transformer.score_dim)
    asked: dict[str, tuple[Speech, Score]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.txt"
        for language, script in SCRIPTS.items():
            speech = spoken(script, language)
            if speech is None:
                made.append(f"This machine has no voice for the script in {_LANGUAGES[language]}; install espeak-ng.")
                continue
            path.write_text(script.text, encoding="utf-8")
            score = score_of_words(speech, path, language)
            asked[language] = speech, score
            made += _proposed(script, language, speech, score)
        if not takes_score:
            return [*made, "These weights take no score: what words ask for cannot be done, and was not looked for."]
        for language, (speech, score) in asked.items():
            made += seen(
                _LANGUAGES[language],
                score,
                bench.pipeline.variants(speech, SEEDS, score=score),
                bench.pipeline.variants(speech, SEEDS),
            )
        for speech, _ in list(asked.values())[:1]:
            made.append(_unchanged(bench, speech, Path(folder) / "speech.wav"))
    return made


def _proposed(script: Script, language: str, speech: Speech, score: Score) -> list[Figure]:
    """How many of the meant words have their gesture, how often, and none another."""
    found, name = script.meant_by(score), _LANGUAGES[language]
    right = sum(bool(meant) and not against(phrase, meant) for phrase, meant in found)
    wrong = [f"{phrase.kind} for {phrase.word!r}" for phrase, meant in found if against(phrase, meant)]
    rate = 60 * len(found) / speech.duration
    how = f"{len(script.meant)} meant words in {speech.duration:.0f} s; {len(found)} gestures, {right} of them on these"
    return [
        Figure(f"{name}: gestures with a meaning", f"{rate:.1f} a minute", "≤ 12", rate <= MOST_A_MINUTE, how),
        Figure(f"{name}: proposed for other than the words mean", str(len(wrong)), "0", not wrong, "; ".join(wrong)),
    ]


def seen(name: str, score: Score, told: list[HandMotion], untold: list[HandMotion]) -> list[Figure | Table | str]:
    """How much of a score of words is seen in motions that were told it, and in motions that were not."""
    done: dict[str, list[bool]] = defaultdict(list)
    chance: dict[str, list[bool]] = defaultdict(list)
    contrary: list[str] = []
    for phrase in gestures(score):
        kind = " ".join(filter(None, (phrase.kind, phrase.shape if phrase.kind == "count" else None)))
        if phrase.kind not in TESTED:
            continue
        for motion in told:
            done[kind].append(shows(motion, phrase))
            if not done[kind][-1]:
                contrary += [
                    f"{_words(other)} for {phrase.word!r}" for other in contradictions(phrase) if shows(motion, other)
                ]
        for motion in untold:
            chance[kind] += [shows(motion, other) for other in _elsewhere(phrase, score.seconds)]
    share, by_chance = (_share([one for each in part.values() for one in each]) for part in (done, chance))
    count = sum(map(len, done.values()))
    how = f"{count} in {len(told)} takes, by geometry; by chance, in hands that were told nothing: {by_chance:.0%}"
    listed = ", ".join(sorted(set(contrary)))
    return [
        Figure(f"{name}: proposed gestures that are seen", f"{share:.0%}", "≥ 70 %", share >= 0.7, how),
        Figure(f"{name}: the opposite is seen", str(len(contrary)), "0", not contrary, listed),
        Table(
            [f"gesture ({name})", "asked", "seen", "by chance"],
            [
                [kind, str(len(each)), f"{_share(each):.0%}", f"{_share(chance[kind]):.0%}"]
                for kind, each in done.items()
            ],
        ),
    ]


def _share(found: list[bool]) -> float:
    return sum(found) / max(len(found), 1)


def _words(phrase: Phrase) -> str:
    return " ".join(filter(None, (phrase.kind, phrase.hands, phrase.shape)))


def _elsewhere(phrase: Phrase, seconds: float) -> Iterator[Phrase]:
    """The phrase at other moments all over the recording."""
    length = phrase.end - phrase.start
    for start in np.arange(1.0, seconds - length - 1.0, _ELSEWHERE):
        by = float(start) - phrase.start
        strokes = tuple(Stroke(stroke.apex + by, stroke.hold) for stroke in phrase.strokes)
        yield replace(phrase, start=float(start), end=float(start) + length, strokes=strokes)


def _unchanged(bench: Bench, speech: Speech, sound: Path) -> Figure:
    """Without a script the motion is what it was, to the last bit."""
    inputs = {"speech": write_wav(speech, sound)}
    made = next(make_gestures(inputs, {"seed": 0}, load=lambda: bench.pipeline, hear=lambda _: speech))
    usual = bench.pipeline(speech, seed=0)
    same = np.array_equal(made.rotation, usual.rotation) and np.array_equal(made.wrist_position, usual.wrist_position)
    how = "no script, beside the model alone; beside a script the plan leaves out kinds that mean something"
    return Figure("without words the motion is the same", "every bit" if same else "no", "every bit", same, how)
