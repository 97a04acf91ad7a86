# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's lines as a timeline, read by OpenTimelineIO."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.timeline import Clip, Row, rows_of, save_timeline

RATES = [24000 / 1001, 24.0, 30000 / 1001, 60.0]


def read(path):
    otio = pytest.importorskip("opentimelineio")
    timeline = otio.adapters.read_from_file(str(path))
    assert isinstance(timeline, otio.schema.Timeline)
    return timeline


@pytest.mark.parametrize("fps", RATES)
def test_the_library_finds_every_clip_where_it_is(tmp_path, fps):
    line = Clip("line.wav", 10, 100, Path("/sounds/line one.wav"), offset=12.5, available=480.0)
    answer = Clip("answer.wav", 130, 40, Path("/sounds/answer.wav"), enabled=False)
    take = Clip("Take 1", 0, 200, told={"label": "lively, seed 3", "seed": 3})
    save_timeline(
        [Row("Speech", "Audio", [answer, line]), Row("Character", "Video", [take])],
        tmp_path / "s.otio",
        fps,
        "Scene",
        1,
    )
    timeline = read(tmp_path / "s.otio")
    assert timeline.global_start_time.value == 1
    assert [(track.name, track.kind) for track in timeline.tracks] == [("Speech", "Audio"), ("Character", "Video")]
    for track, clips in zip(timeline.tracks, ([line, answer], [take]), strict=True):
        found = list(track.find_clips())
        assert [clip.name for clip in found] == [clip.name for clip in clips]
        for clip, wanted in zip(found, clips, strict=True):
            place = clip.range_in_parent()
            assert place.start_time.rate == fps
            assert (place.start_time.value, place.duration.value) == (wanted.first, wanted.frames)
            assert clip.source_range.start_time.value == wanted.offset
            assert clip.enabled == wanted.enabled
    first = next(iter(timeline.tracks[0].find_clips()))
    assert first.media_reference.target_url == "file:///sounds/line%20one.wav"
    assert first.media_reference.available_range.duration.value == 480.0
    (only,) = timeline.tracks[1].find_clips()
    assert only.media_reference.is_missing_reference
    assert dict(only.metadata["chironomy"]) == {"label": "lively, seed 3", "seed": 3}


def test_the_library_writes_the_same_again(tmp_path):
    otio = pytest.importorskip("opentimelineio")
    save_timeline([Row("Speech", "Audio", [Clip("a", 3, 5, Path("/a.wav"))])], tmp_path / "s.otio", 24.0, "Scene")
    timeline = read(tmp_path / "s.otio")
    otio.adapters.write_to_file(timeline, str(tmp_path / "again.otio"))
    assert read(tmp_path / "again.otio").is_equivalent_to(timeline)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), max_size=12))
def test_overlapping_clips_come_to_tracks_of_their_own(tmp_path_factory, places):
    path = tmp_path_factory.mktemp("otio") / "s.otio"
    clips = [Clip(f"clip {number}", first, frames) for number, (first, frames) in enumerate(places)]
    save_timeline(rows_of("Speech", "Audio", clips), path, 24.0, "Scene")
    found = {}
    timeline = read(path)
    for clip in timeline.find_clips():
        place = clip.range_in_parent()
        found[clip.name] = (place.start_time.value, place.duration.value)
    assert found == {clip.name: (clip.first, clip.frames) for clip in clips}


@pytest.mark.parametrize(
    ("clips", "sentence"),
    [
        ([Clip("a", 0, 10), Clip("b", 5, 10)], "b overlaps another clip"),
        ([Clip("a", 0, 0)], "lasts nothing"),
        ([Clip("a", 0, 10, told={"x": object()})], "cannot be written as JSON"),
    ],
)
def test_what_is_no_timeline_is_told_in_a_sentence(tmp_path, clips, sentence):
    with pytest.raises(ExchangeError, match=sentence):
        save_timeline([Row("Speech", "Audio", clips)], tmp_path / "s.otio", 24.0, "Scene")
    assert not list(tmp_path.iterdir())
