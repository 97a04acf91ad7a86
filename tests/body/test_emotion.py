# SPDX-License-Identifier: GPL-3.0-or-later
"""Emotions are seen in face and posture, can be mixed, and change evenly over time."""

import numpy as np
import pytest

from chironomy.body.accompany import accompany
from chironomy.body.emotion import EMOTIONS, emotion_track
from chironomy.body.errors import BodyError
from chironomy.body.face import express
from chironomy.body.rig import load_rig
from chironomy.motion import FaceTrack
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from takes import hands_before_the_chest

FPS = 24.0
ACCENTS = ([1.0, 2.2, 3.1, 5.0], [0.9, 0.6, 0.8, 0.7])
PHRASES = [(0.3, 3.6), (4.5, 6.0)]


def speaking(frames=168):
    """A jaw that opens and closes, and lips that meet in the middle."""
    values = np.zeros((frames, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.15 + 0.1 * np.sin(np.arange(frames) / 2)
    return FaceTrack(FPS, values)


def felt(emotion, **options):
    return express(speaking(), ACCENTS, PHRASES, emotion=emotion, **options)


@pytest.mark.parametrize(
    ("emotion", "seen", "not_seen"),
    [
        ("happy", ("mouthSmileLeft", "cheekSquintRight"), ("mouthFrownLeft", "browDownLeft")),
        ("serious", ("browDownLeft", "mouthPressRight"), ("mouthSmileLeft",)),
        ("sad", ("browInnerUp", "mouthFrownLeft", "mouthFrownRight"), ("mouthSmileLeft",)),
        ("angry", ("browDownLeft", "browDownRight", "noseSneerLeft"), ("mouthSmileLeft",)),
        ("surprised", ("browInnerUp", "browOuterUpLeft", "eyeWideRight"), ("mouthFrownLeft", "noseSneerLeft")),
    ],
)
def test_an_emotion_is_seen_in_the_face(emotion, seen, not_seen):
    # Who feels nothing looks at phrases now this way, now that.
    more = np.mean(
        [felt(emotion, seed=seed).values - felt("neutral", seed=seed).values for seed in range(8)], axis=(0, 1)
    )
    for action in seen:
        assert more[FACE_ACTIONS.index(action)] > 0.2
    for action in not_seen:
        assert more[FACE_ACTIONS.index(action)] < 0.1


def test_lips_that_meet_go_on_meeting():
    face = speaking()
    values = face.values.copy()
    values[:, FACE_ACTIONS.index("mouthClose")] = values[:, FACE_ACTIONS.index("jawOpen")]
    closed = face.replaced(values=values)
    for emotion in EMOTIONS:
        moved = express(closed, ACCENTS, PHRASES, emotion=emotion)
        gap = moved.action("jawOpen") - moved.action("mouthClose")
        assert gap.max() < 0.02


def test_a_mixture_lies_between_its_parts():
    parts = [felt(name).values for name in ("happy", "sad")]
    mixed = felt({"happy": 0.5, "sad": 0.5}).values
    # Brows also gesture, eyes blink, and no action passes 1.
    own = ("brow", "eyeWide", "eyeBlink", "eyeSquint")
    free = [i for i, name in enumerate(FACE_ACTIONS) if not name.startswith(own)]
    np.testing.assert_allclose(mixed[:, free], (0.5 * (parts[0] + parts[1]))[:, free], atol=0.09)
    half = felt("happy:0.5").action("mouthSmileLeft")
    assert 0.35 < half.mean() / felt("happy").action("mouthSmileLeft").mean() < 0.65


def test_a_change_over_time_is_even():
    face = felt([(1.0, "neutral"), (4.0, "happy"), (5.0, {"happy": 0.5, "surprised": 0.5})])
    smile = face.action("mouthSmileLeft")
    assert smile[: round(1.0 * FPS)].max() == 0.0
    assert smile[96] > 0.6
    assert np.abs(np.diff(smile)).max() < 0.08
    track = emotion_track("1=neutral;4=happy")
    np.testing.assert_allclose(track.at([0.0, 2.5, 9.0])[:, EMOTIONS.index("happy")], [0.0, 0.5, 1.0])


def test_an_emotion_is_seen_in_the_posture():
    rig, hands = load_rig(), hands_before_the_chest(168)

    def posture(emotion):
        made = accompany(rig, hands, ACCENTS, PHRASES, seed=1, emotion=emotion)
        head = quaternion.multiply(quaternion.multiply(made.hips, made.torso), made.head)
        collar = quaternion.to_rotation_vector(made.shoulder[:, 0])[:, 2].mean()
        return np.degrees([quaternion.to_rotation_vector(head)[:, 0].mean(), collar])

    neutral = posture("neutral")
    assert posture("sad")[0] > neutral[0] + 4
    assert posture("sad")[1] < neutral[1] - 1
    assert posture("surprised")[0] < neutral[0] - 2
    assert posture("angry")[1] > neutral[1] + 2


@pytest.mark.parametrize("name", ["amplitude", "speed"])
def test_hands_grow_with_joy_sink_in_sadness_and_stay_where_nothing_is_felt(name):
    assert emotion_track("neutral").mixed(name, [5.0]) == 1.0
    assert emotion_track("happy").mixed(name, [5.0]) > 1.05
    assert emotion_track("sad").mixed(name, [5.0]) < 0.8
    later = emotion_track("0=neutral;10=sad").mixed(name, [0.0, 5.0, 10.0])
    assert later[0] == 1.0
    assert later[0] > later[1] > later[2]


def test_the_same_seed_gives_the_same_face_and_another_one_other_brows():
    assert np.array_equal(felt("happy", seed=3).values, felt("happy", seed=3).values)
    assert np.abs(felt(None, seed=3).action("browInnerUp") - felt(None, seed=4).action("browInnerUp")).max() > 0.05
    assert np.abs(felt(None, style="lively").values - felt(None, style="calm").values).max() > 0.05


@pytest.mark.parametrize(
    "emotion", ["happy", "happy:0.6,surprised:0.4", {"sad": 0.5}, [(0, "neutral"), (4.5, {"angry": 0.3})], None]
)
def test_what_is_told_is_read_again(emotion):
    track = emotion_track(emotion)
    again = emotion_track(track.told)
    np.testing.assert_allclose(again.at([0.0, 2.0, 6.0]), track.at([0.0, 2.0, 6.0]))


@pytest.mark.parametrize(
    ("emotion", "sentence"),
    [
        ("merry", "there is no emotion 'merry'; the emotions are neutral, happy"),
        ({"happy": -1}, "the weight of the emotion happy is -1; give 0 to 1"),
        ("happy:much", "'happy:much' is not a name or names with weights: give one of neutral, happy"),
        ("happy:0.6,sad", "'happy:0.6,sad' is not a name or names with weights: give one of"),
        ("happy:0.6,happy:0.2", "'happy:0.6,happy:0.2' has 'happy' twice: give one of"),
        ("0=neutral;late=sad", "the emotion has 'late=sad'; give one of"),
        ([(1, "happy"), (1, "sad")], "the emotion changes at 1; give seconds that rise"),
        ([(0,)], "a moment of the emotion is"),
        (3, "the emotion is 3; give one of"),
    ],
)
def test_what_is_no_emotion_is_said(emotion, sentence):
    with pytest.raises(BodyError, match=sentence):
        emotion_track(emotion)
