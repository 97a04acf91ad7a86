# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
import torch
from evaluation_motions import hands, waving

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.extractor import Extractor, load_extractor, train_extractor, window_starts
from chironomy.evaluation.fgd import GestureDistance, gesture_distance, main
from chironomy.gesture.clips import Clip, write_description, write_shard
from chironomy.gesture.encoding import encode
from chironomy.motion.hand_motion import HandMotion


def wavers(count: int, seed: int, metres: float = 0.05) -> list[HandMotion]:
    random = np.random.default_rng(seed)
    return [waving(6.0, random.uniform(0.5, 1.5), metres * random.uniform(0.5, 1.5)) for _ in range(count)]


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    torch.set_num_threads(1)
    return train_extractor(wavers(12, 0), "waving", steps=40)


def test_windows_never_cross_from_one_motion_into_the_next() -> None:
    assert window_starts([60, 40, 50], 12).tolist() == [0, 12, 100]


def test_a_like_distribution_is_nearer_than_an_unlike_one(extractor: Extractor) -> None:
    reference = wavers(12, 1)
    near = gesture_distance(extractor, wavers(12, 2), reference)
    far = gesture_distance(extractor, wavers(12, 2, metres=0.12), reference)
    still = gesture_distance(extractor, [hands(frames=144)] * 12, reference)
    assert near < far
    assert near.ratio(still) < 0.25
    assert gesture_distance(extractor, reference, reference).value == pytest.approx(0, abs=1e-6)


def test_the_same_seed_gives_the_same_extractor(extractor: Extractor) -> None:
    assert train_extractor(wavers(12, 0), "waving", steps=40).identity == extractor.identity
    assert train_extractor(wavers(12, 0), "waving", seed=1, steps=40).identity != extractor.identity


def test_training_leaves_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train_extractor(wavers(1, 0), "waving", steps=1)
    assert torch.equal(torch.rand(3), expected)


def test_distances_of_different_extractors_are_not_compared() -> None:
    a, b = GestureDistance(1.0, "aaaa", 10, 10), GestureDistance(2.0, "bbbb", 10, 10)
    for compare in (lambda: a < b, lambda: a == b, lambda: a.ratio(b)):
        with pytest.raises(EvaluationError, match="FGDs of extractors aaaa and bbbb are not comparable"):
            compare()
    assert "extractor aaaa" in str(a)


def test_an_extractor_saves_and_loads(extractor: Extractor, tmp_path: Path) -> None:
    extractor.save(tmp_path / "extractor")
    loaded = load_extractor(tmp_path / "extractor")
    assert loaded.identity == extractor.identity
    motions = wavers(2, 5)
    assert loaded.features(motions) == pytest.approx(extractor.features(motions))


def test_other_frame_rates_are_resampled(extractor: Extractor) -> None:
    slow, fast = waving(6.0, 1.0, fps=24.0), waving(6.0, 1.0, fps=120.0)
    a, b = extractor.features([slow]), extractor.features([fast])
    assert len(a) == len(b)
    assert np.abs(a - b).max() < 0.1 * np.abs(a).max()


def test_damaged_weights_are_refused(extractor: Extractor, tmp_path: Path) -> None:
    extractor.save(tmp_path)
    record = tmp_path / "extractor.json"
    record.write_text(record.read_text().replace(extractor.identity, "0" * 12))
    with pytest.raises(EvaluationError, match="under the name 000000000000; train it again"):
        load_extractor(tmp_path)
    record.write_text("{")
    with pytest.raises(EvaluationError, match="damaged"):
        load_extractor(tmp_path)


def test_no_extractor_says_how_to_train_one(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="train one with: python -m"):
        load_extractor(tmp_path)


def test_motions_shorter_than_a_window_are_refused(extractor: Extractor) -> None:
    with pytest.raises(EvaluationError, match="2 s of a window"):
        extractor.features([hands(frames=20)])
    with pytest.raises(EvaluationError, match="2 s of a window"):
        train_extractor([hands(frames=20)], "nothing")


def test_the_command_trains_on_a_folder_of_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [
        Clip(np.zeros((len(m.times), 4), np.float32), encode(m.wrist_position, m.rotation), np.ones(1, np.float32))
        for m in wavers(3, 0)
    ]
    folder = tmp_path / "clips"
    write_description(folder, {"shards": 1, "style_names": ["neutral"], "fps": 24.0, "trained_on": "waving"})
    write_shard(folder / "shard-0000.npz", clips)
    assert main(["train", "--clips", str(folder), "--out", str(tmp_path / "out"), "--steps", "5"]) == 0
    extractor = load_extractor(tmp_path / "out")
    assert extractor.description["trained_on"] == "waving"
    assert extractor.identity in capsys.readouterr().out


def test_a_folder_without_clips_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--clips", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "holds no clips" in capsys.readouterr().err
