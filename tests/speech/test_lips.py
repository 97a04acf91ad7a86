# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips shut on p, b and m, round on oo, open by vowel; brows and blinks."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.motion.face import FACE_ACTIONS
from chironomy.speech import Phone, Speech, SpeechError, lip_opening, lip_track, load_speech, recognise_phones
from chironomy.speech.phone import VOWELS
from chironomy.speech.visemes import DIPHTHONGS, VISEMES

RATE = 16000
SHUT = 0.02  # of the widest gape: under a millimetre


def spoken(*labels_and_seconds) -> list[Phone]:
    phones, begin = [], 0.5
    for label, seconds in labels_and_seconds:
        phones.append(Phone(label, begin, begin + seconds))
        begin += seconds
    return phones


def track_of(phones, fps=24.0, duration=None):
    end = phones[-1].end + 0.5 if duration is None else duration
    return lip_track(Speech.from_samples(np.zeros(round(end * RATE)), RATE), fps, phones=phones)


def at(track, curve, time):
    return float(np.interp(time, track.times, curve))


def test_silence_is_a_closed_neutral_mouth_that_blinks(silence):
    track = lip_track(Speech.from_samples(silence(8.0), RATE), 24)
    moving = {name for name, curve in zip(FACE_ACTIONS, track.values.T, strict=True) if curve.any()}
    assert track.frame_count == 192
    assert moving == {"eyeBlinkLeft", "eyeBlinkRight", "eyeSquintLeft", "eyeSquintRight"}


@settings(max_examples=40, deadline=None)
@given(
    labels=st.lists(st.sampled_from(sorted(VISEMES) + sorted(DIPHTHONGS)), min_size=1, max_size=12),
    seconds=st.floats(0.03, 0.3),
    fps=st.sampled_from([12.0, 24.0, 29.97, 60.0]),
)
def test_any_phones_give_actions_between_zero_and_one(labels, seconds, fps):
    track = track_of(spoken(*((label, seconds) for label in labels)), fps)
    assert ((track.values >= 0) & (track.values <= 1)).all()
    closing = track.action("mouthClose") - track.action("jawOpen")
    assert closing.max() <= 1e-9  # lips that close further than the jaw is open would cross


@settings(max_examples=40, deadline=None)
@given(
    label=st.sampled_from("PBM"),
    seconds=st.floats(0.03, 0.12),
    offset=st.floats(0.0, 0.1),
    fps=st.sampled_from([12.0, 24.0, 25.0, 30.0, 60.0]),
)
def test_lips_meet_in_every_closure_at_every_frame_rate(label, seconds, offset, fps):
    phones = spoken(("AA", 0.2 + offset), (label, seconds), ("AA", 0.25))
    track = track_of(phones, fps)
    near = np.abs(track.times - phones[1].middle) <= max(0.06, 0.75 / fps)
    assert lip_opening(track)[near].min() < SHUT


def test_lips_are_open_before_and_after_a_closure():
    phones = spoken(("AA", 0.25), ("P", 0.08), ("AA", 0.25))
    track = track_of(phones)
    for vowel in (phones[0], phones[2]):
        assert at(track, lip_opening(track), vowel.middle) > 0.25


def test_open_vowels_open_wider_than_close_ones():
    openings = []
    for label in ("AA", "EH", "IY", "UW"):
        phones = spoken((label, 0.3))
        openings.append(at(track := track_of(phones), lip_opening(track), phones[0].middle))
    assert openings == sorted(openings, reverse=True)


def test_rounded_sounds_pucker_and_spread_ones_stretch():
    phones = spoken(("UW", 0.25), ("T", 0.08), ("IY", 0.25), ("T", 0.08), ("W", 0.12), ("AA", 0.2))
    track = track_of(phones)
    pucker, stretch = track.action("mouthPucker"), track.action("mouthStretchLeft")
    oo, ee, w = phones[0].middle, phones[2].middle, phones[4].middle
    assert at(track, pucker, oo) > 0.35
    assert at(track, pucker, w) > 0.35
    assert at(track, pucker, ee) < 0.1
    assert at(track, stretch, ee) > 0.2
    assert at(track, stretch, oo) < 0.1


def test_rounding_begins_in_the_consonant_before():
    before_oo = spoken(("AA", 0.2), ("T", 0.1), ("UW", 0.2))
    before_ee = spoken(("AA", 0.2), ("T", 0.1), ("IY", 0.2))
    pucker = [at(track := track_of(p), track.action("mouthPucker"), p[1].middle) for p in (before_oo, before_ee)]
    assert pucker[0] > pucker[1] + 0.15


def test_f_puts_the_lower_lip_under_the_teeth():
    phones = spoken(("AA", 0.2), ("F", 0.1), ("AA", 0.2))
    track = track_of(phones)
    roll = track.action("mouthRollLower")
    assert at(track, roll, phones[1].middle) > 0.3
    assert at(track, roll, phones[0].start) < 0.1


def test_the_mouth_rests_in_pauses():
    phones = [Phone("AA", 0.5, 0.8), Phone("AA", 1.8, 2.1)]
    track = track_of(phones)
    assert at(track, lip_opening(track), 1.3) < SHUT
    assert lip_opening(track)[0] < SHUT


def test_shapes_do_not_lag_their_sound():
    phones = spoken(("AA", 0.3))
    track = track_of(phones, fps=60)
    opening = lip_opening(track)
    half = track.times[opening > opening.max() / 2]
    assert half[0] < phones[0].start + 0.02
    assert half[0] > phones[0].start - 0.12


def test_louder_vowels_open_wider(voice, silence):
    samples = np.concatenate([silence(0.5), voice("a", 0.3, level=0.05), voice("m", 0.1), voice("a", 0.3, level=0.3)])
    phones = spoken(("AA", 0.3), ("N", 0.1), ("AA", 0.3))
    track = lip_track(Speech.from_samples(samples, RATE), 24, phones=phones)
    assert at(track, lip_opening(track), phones[2].middle) > at(track, lip_opening(track), phones[0].middle) + 0.03


def test_sides_move_alike(babble):
    track = lip_track(Speech.from_samples(babble(4.0, 0), RATE), 24)
    for name in FACE_ACTIONS:
        if name.endswith("Left") and not name.startswith("eyeLook"):
            np.testing.assert_array_equal(track.action(name), track.action(name[:-4] + "Right"))


def test_brows_rise_a_little_on_strong_accents(babble):
    track = lip_track(Speech.from_samples(babble(10.0, 4), RATE), 24)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        assert 0.1 < track.action(name).max() <= 0.35


class TestBlinks:
    def shut(self, track):
        lids = track.action("eyeBlinkLeft")
        return np.flatnonzero(lids > 0.95) / track.fps

    def test_they_come_every_two_to_six_seconds(self, silence):
        times = self.shut(lip_track(Speech.from_samples(silence(60.0), RATE), 24))
        assert len(times) >= 10
        assert np.diff(times).min() >= 1.9
        assert np.diff(times).max() <= 6.1

    def test_they_are_brief(self, silence):
        track = lip_track(Speech.from_samples(silence(20.0), RATE), 120)
        lids = track.action("eyeBlinkLeft") > 0.02
        lengths = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], lids, [0]]))))[::2] / 120
        assert (lengths > 0.1).all()
        assert (lengths < 0.25).all()

    def test_the_same_recording_blinks_alike_and_another_does_not(self, silence, babble):
        first, again = (lip_track(Speech.from_samples(silence(20.0), RATE), 24) for _ in range(2))
        other = lip_track(Speech.from_samples(silence(20.5), RATE), 24, frame_count=first.frame_count)
        np.testing.assert_array_equal(first.values, again.values)
        assert not np.array_equal(first.action("eyeBlinkLeft"), other.action("eyeBlinkLeft"))

    def test_a_pause_draws_them(self, voice, silence):
        parts = [part for _ in range(12) for part in (voice("a", 1.6), silence(0.6))]
        speech = Speech.from_samples(np.concatenate(parts), RATE)
        ends = 1.6 + 2.2 * np.arange(12)
        times = self.shut(lip_track(speech, 24, phones=[]))
        nearest = np.abs(times[:, None] - ends).min(axis=1)
        assert np.median(nearest) < 0.3


def test_frames_can_be_more_than_the_speech(voice):
    track = lip_track(Speech.from_samples(voice("a", 1.0), RATE), 24, frame_count=60)
    assert track.frame_count == 60
    assert lip_opening(track)[40:].max() < SHUT


@pytest.mark.parametrize(("fps", "count"), [(0, None), (float("inf"), None), (24, 0)])
def test_impossible_frame_rates_and_counts_are_refused(silence, fps, count):
    with pytest.raises(SpeechError, match="give"):
        lip_track(Speech.from_samples(silence(1.0), RATE), fps, count)


def test_read_speech_opens_on_vowels_and_shuts_on_p_b_m(shared_speech):
    recordings = sorted(shared_speech.glob("austen-*.wav"))
    if not recordings:
        pytest.skip("no recordings with phones")
    vowels, closures, met = [], [], []
    for path in recordings:
        speech = load_speech(path)
        track = lip_track(speech, 24, phones=recognise_phones(speech))
        opening = lip_opening(track)
        for word in json.loads(path.with_suffix(".phones.json").read_text())["w"]:
            for phone in word["w"]:
                middle = phone["b"] + phone["d"] / 2
                if phone["t"] in VOWELS:
                    vowels.append(at(track, opening, middle))
                elif phone["t"] in {"P", "B", "M"}:
                    closures.append(at(track, opening, middle))
                    met.append(opening[np.abs(track.times - middle) <= 0.06].min() < SHUT)
    assert np.mean(vowels) > 10 * np.mean(closures)
    assert np.mean(met) > 0.9
