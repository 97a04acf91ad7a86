# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole performance: the same for the button, the command and the job."""

import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chironomy.body.accompany import accompanied_pose
from chironomy.body.errors import BodyError
from chironomy.body.performance import Performance, load_performance, packed, save_performance, unpacked
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.gesture.maker import Part
from chironomy.gesture.ranges import joined
from chironomy.motion.face import FACE_ACTIONS
from chironomy.motion.files import save_hands
from chironomy.performance.gestures import gesture_pipeline, make_gestures
from chironomy.performance.listening import listen_ahead, listening
from chironomy.performance.perform import make_performance, perform
from chironomy.performance.shots import make_shot
from chironomy.service.errors import ServiceError
from chironomy.service.kinds import KINDS
from chironomy.service.settings import check_settings
from chironomy.speech.decode import Speech, load_speech
from chironomy.speech.errors import ListeningCancelled
from chironomy.speech.phone import Phone
from chironomy.work import Work
from takes import FPS, hands_before_the_chest, write_tone

REPOSITORY = Path(__file__).resolve().parents[2]
LENS = (0.0, 0.1, 2.8)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tone(tmp_path_factory.mktemp("speech") / "tone.wav", 0.5)


@pytest.fixture(scope="module")
def speech(recording: Path) -> Speech:
    return load_speech(recording)


@pytest.fixture(scope="module")
def made(speech: Speech) -> Performance:
    return perform(speech, hands_before_the_chest(12), LENS, seed=3)


def test_the_hands_stay_and_the_rest_goes_with_them(made: Performance) -> None:
    given = hands_before_the_chest(12)
    assert np.array_equal(made.hands.wrist_position, given.wrist_position)
    assert made.face.frame_count == made.body.frame_count == 12
    rig = load_rig()
    assert np.array_equal(made.pose(rig).joint_position, accompanied_pose(rig, given, made.body).joint_position)


def test_what_a_take_keeps_is_small_and_the_same_to_the_eye(speech: Speech, tmp_path: Path) -> None:
    from chironomy.motion import rotation

    random = np.random.default_rng(0)
    still = hands_before_the_chest(240)
    turn = rotation.from_rotation_vector(np.cumsum(random.normal(0.0, 0.01, (240, 2, 16, 3)), axis=0))
    hands = still.replaced(
        wrist_position=still.wrist_position + np.cumsum(random.normal(0.0, 1e-3, (240, 2, 3)), axis=0),
        rotation=rotation.multiply(still.rotation, turn),
    )
    whole = perform(speech, hands, LENS, seed=3, phones=[])
    small = packed(whole)
    save_performance(whole, tmp_path / "whole.zip")
    assert len(small) < 0.5 * (tmp_path / "whole.zip").stat().st_size
    kept = unpacked(small)
    assert np.abs(kept.hands.wrist_position - hands.wrist_position).max() < 1e-5
    assert np.degrees(rotation.angle(kept.hands.rotation, hands.rotation)).max() < 0.004
    assert np.degrees(rotation.angle(kept.body.torso, whole.body.torso)).max() < 0.004
    assert np.abs(kept.face.values - whole.face.values).max() < 1e-5
    assert kept.hands.source == hands.source


def test_the_eyes_look_where_the_lens_is(speech: Speech) -> None:
    def turn(lens: tuple[float, float, float]) -> float:
        face = perform(speech, hands_before_the_chest(12), lens, seed=3).face
        names = {"out": "eyeLookOutLeft", "in": "eyeLookInLeft"}
        values = {key: face.values[:, FACE_ACTIONS.index(name)].mean() for key, name in names.items()}
        return values["out"] - values["in"]

    assert turn((1.5, 0.1, 2.0)) > turn((0.0, 0.1, 2.8)) > turn((-1.5, 0.1, 2.0))


def test_it_is_stopped_between_stretches_of_speech() -> None:
    speech = load_speech(REPOSITORY / "examples" / "speech.flac")
    told: list[float] = []
    work = Work(lambda done, _="": told.append(done), lambda: len(told) > 2)
    with pytest.raises(ListeningCancelled):
        perform(speech, hands_before_the_chest(12), LENS, seed=3, work=work)
    assert 0.0 < told[-1] < 0.8


def test_a_still_performance_speaks_with_the_face_alone(speech: Speech) -> None:
    still = perform(speech, hands_before_the_chest(12), LENS, seed=3, alive=False)
    assert still.body is None
    rig = load_rig()
    assert np.array_equal(still.pose(rig).joint_position, solve_pose(rig, still.hands).joint_position)


def test_a_performance_is_read_as_it_was_written(made: Performance, tmp_path: Path) -> None:
    save_performance(made, tmp_path / "performance.zip")
    read = load_performance(tmp_path / "performance.zip")
    assert np.array_equal(read.hands.rotation, made.hands.rotation)
    assert np.array_equal(read.face.values, made.face.values)
    np.testing.assert_allclose(read.body.head, made.body.head, atol=1e-15)


def test_the_same_performance_is_the_same_file_whenever_it_is_written(
    made: Performance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_performance(made, tmp_path / "today.zip")
    later = time.time() + 86_400.0
    monkeypatch.setattr(time, "time", lambda: later)
    save_performance(made, tmp_path / "tomorrow.zip")
    for name in ("today.zip", "tomorrow.zip"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
    assert (tmp_path / "today.zip").read_bytes() == (tmp_path / "tomorrow.zip").read_bytes()


def test_a_file_that_is_no_performance_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(BodyError, match=r"torn.zip is no whole zip file"):
        load_performance(tmp_path / "torn.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("notes.txt", "none")
    with pytest.raises(BodyError, match=r"other.zip holds no 'hands.npz'"):
        load_performance(tmp_path / "other.zip")


def test_the_job_makes_what_the_functions_make(recording: Path, speech: Speech, tmp_path: Path) -> None:
    settings = check_settings("perform", KINDS["perform"].settings, {"seed": 5, "num_inference_steps": 2})
    KINDS["perform"].run({"speech": recording}, settings, tmp_path / "result.zip", Work())
    hands = gesture_pipeline()(speech, seed=5, num_inference_steps=2)
    expected = perform(speech, hands, (0.0, 0.0, 2.8), 5)
    read = load_performance(tmp_path / "result.zip")
    assert np.array_equal(read.hands.wrist_position, hands.wrist_position)
    assert np.array_equal(read.face.values, expected.face.values)
    assert np.array_equal(read.body.torso, expected.body.torso)


def test_a_shot_without_blender_shows_the_same_performance(recording: Path, speech: Speech) -> None:
    hands = hands_before_the_chest(12)
    shot = make_shot(hands, speech, recording, "previz", (64, 96), alive=True)
    seed = int(speech.sha256[:8], 16)
    expected = perform(speech, hands, shot.camera.position, seed)
    assert shot.fps == FPS
    assert np.array_equal(shot.face.values, expected.face.values)
    assert np.array_equal(shot.pose.joint_rotation, expected.pose(load_rig()).joint_rotation)


def test_the_motion_says_how_the_body_goes_with_it(speech: Speech) -> None:
    hands = hands_before_the_chest(12)
    sad = perform(speech, hands.replaced(source={"style": "lively", "emotion": {"sad": 1.0}}), LENS, seed=3)
    asked = perform(speech, hands, LENS, seed=3, style="lively", emotion="sad")
    assert np.array_equal(sad.face.values, asked.face.values)
    assert np.array_equal(sad.body.torso, asked.body.torso)
    assert (
        sad.face.action("browInnerUp").mean()
        > perform(speech, hands, LENS, seed=3).face.action("browInnerUp").mean() + 0.4
    )


def test_takes_of_one_speech_move_otherwise(recording: Path, speech: Speech) -> None:
    hands = hands_before_the_chest(12)
    first, second = (
        make_shot(hands.replaced(source={"seed": seed}), speech, recording, "previz", (64, 96), alive=True)
        for seed in (1, 2)
    )
    assert np.abs(first.pose.joint_rotation - second.pose.joint_rotation).max() > 1e-3


def test_hands_take_on_the_size_and_the_tempo_of_an_emotion(recording: Path) -> None:
    settings = {"seed": 5, "num_inference_steps": 2}
    inputs = {"speech": recording}
    plain, neutral, sad = (
        next(make_gestures(inputs, settings | more))
        for more in ({}, {"emotion": "neutral"}, {"emotion": "sad", "amplitude": 1.2})
    )
    assert np.array_equal(plain.wrist_position, neutral.wrist_position)
    assert "emotion" not in neutral.source
    assert (sad.source["emotion"], sad.source["amplitude"]) == ("sad", 1.2)
    same = next(make_gestures(inputs, settings | {"amplitude": 1.2 * 0.7, "speed": 0.75}))
    assert np.array_equal(sad.wrist_position, same.wrist_position)


def test_a_range_that_is_felt_otherwise_says_so(recording: Path, tmp_path: Path) -> None:
    settings = {"seed": 5, "num_inference_steps": 2}
    save_hands(next(make_gestures({"speech": recording}, settings)), tmp_path / "whole.npz")
    anew = settings | {"range_start": 0.1, "range_end": 0.3}
    inputs = {"speech": recording, "kept": tmp_path / "whole.npz"}
    sad = next(make_gestures(inputs, anew | {"emotion": "sad", "amplitude": 1.2}))
    (made,) = sad.source["regenerated"]
    assert (made["emotion"], made["amplitude"], made["speed"]) == ("sad", 1.2, 1.0)
    assert "emotion" not in sad.source
    save_hands(sad, tmp_path / "sad.npz")
    plain = next(make_gestures(inputs | {"kept": tmp_path / "sad.npz"}, anew))
    assert plain.source["regenerated"][0] == made
    assert "emotion" not in plain.source["regenerated"][1]


def test_a_job_refuses_an_emotion_that_is_none() -> None:
    with pytest.raises(ServiceError, match=r"The setting 'emotion' is 'merry': there is no emotion 'merry'"):
        check_settings("perform", KINDS["perform"].settings, {"emotion": "merry"})
    given = [[0, "neutral"], [2.5, {"happy": 0.5}]]
    checked = check_settings("perform", KINDS["perform"].settings, {"emotion": given})
    assert checked["emotion"] == [[0.0, "neutral"], [2.5, {"neutral": 0.5, "happy": 0.5}]]


@pytest.mark.parametrize("kind", ["gesture", "perform"])
def test_a_job_takes_a_rate_and_asks_for_the_usual_one_without(kind: str) -> None:
    settings = KINDS[kind].settings
    assert check_settings(kind, settings, {})["rate"] == 1.0
    assert check_settings(kind, settings, {"rate": 2.5})["rate"] == 2.5
    with pytest.raises(ServiceError, match=r"The setting 'rate' is 3: give a number from 0.25 to 2.5"):
        check_settings(kind, settings, {"rate": 3})


def test_a_range_without_its_motion_is_refused(recording: Path) -> None:
    with pytest.raises(ChironomyError, match="without the motion it is in"):
        next(make_gestures({"speech": recording}, {"range_start": 0.1, "range_end": 0.2}))


def test_parts_that_are_not_at_the_same_frames_are_no_performance(made: Performance) -> None:
    with pytest.raises(BodyError, match=r"the face has 5 frames at 24 a second and the hands have 12 at 24"):
        Performance(made.hands, made.face.resampled(24.0, 5), made.body)
    with pytest.raises(BodyError, match="the body has"):
        Performance(made.hands, made.face, replace(made.body, fps=60.0))


def test_lips_heard_beside_the_hands_are_those_heard_after_them(recording: Path, speech: Speech) -> None:
    hands = hands_before_the_chest(12)
    with listening(speech) as phones:
        heard = phones()
    beside = perform(speech, hands, LENS, seed=3, phones=heard)
    np.testing.assert_array_equal(beside.face.values, perform(speech, hands, LENS, seed=3).face.values)


def test_a_recording_that_is_held_is_listened_to_once(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speech, heard = load_speech(recording), []

    def recognise(speech: Speech, work: Work) -> list[Phone]:
        heard.append(speech)
        return [Phone("AA", 0.1, 0.3)]

    monkeypatch.setattr("chironomy.performance.listening.recognise_phones", recognise)
    for _ in range(2):
        with listening(speech) as phones:
            assert phones() == [Phone("AA", 0.1, 0.3)]
    assert heard == [speech]


class Ear:
    """Recognises what it is told to once it may, unless it is stopped."""

    def __init__(self) -> None:
        self.begun, self.may = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self, speech: Speech, work: Work) -> list[Phone]:
        self.times += 1
        self.begun.set()
        while not self.may.wait(0.005):
            if work.cancelled():
                raise ListeningCancelled("stopped")
        return [Phone("AA", 0.1, 0.3)]


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    ear = Ear()
    monkeypatch.setattr("chironomy.performance.listening.recognise_phones", ear)
    return ear


def test_who_asks_while_it_is_listened_to_waits_for_the_same(tmp_path: Path, ear: Ear) -> None:
    speech = load_speech(write_tone(tmp_path / "tone.wav", 4.5))
    ahead = threading.Thread(target=listen_ahead, args=(speech,))
    ahead.start()
    assert ear.begun.wait(10)
    with listening(speech) as phones:
        ear.may.set()
        assert phones() == [Phone("AA", 0.1, 0.3)]
    ahead.join(10)
    assert ear.times == 1


def test_who_leaves_ends_the_listening_only_where_nobody_else_asks(recording: Path, ear: Ear) -> None:
    speech, stopped, before = load_speech(recording), threading.Event(), threading.active_count()
    with listening(speech) as phones:
        with pytest.raises(RuntimeError, match="no lips"), listening(speech):
            raise RuntimeError("no lips")
        with listening(speech, Work(cancelled=stopped.is_set)) as others:
            stopped.set()
            with pytest.raises(ListeningCancelled):
                others()
        ear.may.set()
        assert phones() == [Phone("AA", 0.1, 0.3)]
    assert ear.times == 1
    assert threading.active_count() == before


def test_a_short_recording_is_listened_to_when_it_is_asked_for(recording: Path, ear: Ear) -> None:
    listen_ahead(load_speech(recording))
    assert ear.times == 0


def test_what_was_stopped_ahead_is_listened_to_by_who_asks_then(recording: Path, ear: Ear) -> None:
    speech, stopped = load_speech(recording), threading.Event()
    with listening(speech, Work(cancelled=stopped.is_set)):
        stopped.set()
    ear.may.set()
    with listening(speech) as phones:
        assert phones() == [Phone("AA", 0.1, 0.3)]
    assert ear.times == 2


def test_hands_are_told_part_by_part_as_they_are_in_the_whole(recording: Path) -> None:
    parts: list[Part] = []
    settings = {"seed": 3, "lens_x": 0.0, "lens_y": 0.0, "lens_z": 2.8, "alive": False}
    hands = make_performance({"speech": recording}, settings, Work(finished=parts.append)).hands
    assert [part.first_frame for part in parts] == [
        sum(each.motion.frame_count for each in parts[:number]) for number in range(len(parts))
    ]
    told = joined([part.motion for part in parts])
    np.testing.assert_array_equal(told.wrist_position, hands.wrist_position)
    np.testing.assert_array_equal(told.rotation, hands.rotation)


def test_listening_ends_with_the_hands_that_fail(recording: Path) -> None:
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="no hands"), listening(load_speech(recording)):
        raise RuntimeError("no hands")
    assert threading.active_count() == before


def test_a_performance_whose_listening_is_stopped_is_not_made(recording: Path) -> None:
    with pytest.raises((ListeningCancelled, ChironomyError)):
        make_performance({"speech": recording}, {"lens_x": 0, "lens_y": 0, "lens_z": 2.8}, Work(cancelled=lambda: True))
