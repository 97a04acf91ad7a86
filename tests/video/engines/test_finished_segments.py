# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders of the pipeline engines that go on where they were stopped, on small random weights."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
from engine_samples import Fed, edited, longer, portrait_bytes
from numpy.typing import NDArray

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.shot import Media, Shot
from chironomy.video.engines.animate import AnimateEngine
from chironomy.video.engines.pipeline_engine import PipelineEngine
from chironomy.video.engines.vace import VaceEngine
from chironomy.work import Work

LOAD = "chironomy.video.engines.pipeline_engine.load_pipeline"


@dataclass(frozen=True)
class Long:
    """A shot of three segments, two steps each."""

    kind: type[PipelineEngine]
    weights: Path
    shot: Shot
    whole: NDArray[np.uint8]
    second: int
    """The first frame that is not of the first segment."""


# Of five frames that are shared the pictures are blended; one is the earlier segment's.
@pytest.fixture(
    scope="module",
    params=[(VaceEngine, "wan2.1-vace-1.3b", 5, 17, 4), (AnimateEngine, "wan2.2-animate-14b", 1, 25, 8)],
    ids=["vace", "animate"],
)
def long(request, models, silent_shot, rig) -> Long:
    kind, folder, overlap, count, second = request.param
    shot = with_settings(longer(silent_shot, rig, count), segment_frames=9, overlap_frames=overlap)
    whole = rendered(kind(models / folder), with_settings(shot, keep_finished=False))
    return Long(kind, models / folder, shot, whole, second)


@pytest.fixture
def engine(long, unfinished) -> PipelineEngine:
    return long.kind(long.weights, unfinished)


@pytest.fixture
def fed(long, monkeypatch) -> Fed:
    """What is made from here on."""
    return Fed(monkeypatch, getattr(diffusers, long.kind.kind))


def with_settings(shot: Shot, **settings: Any) -> Shot:
    return shot.replaced(settings={**shot.settings, **settings})


def rendered(engine: PipelineEngine, shot: Shot) -> NDArray[np.uint8]:
    return np.stack(list(engine.render(shot)))


def begun(engine: PipelineEngine, shot: Shot) -> None:
    """Make the first segment and stop."""
    stream: Any = engine.render(shot)
    next(stream)
    stream.close()


def parts(unfinished: Path) -> list[Path]:
    return sorted(unfinished.rglob("part-*.npz"), key=lambda path: path.name)


@pytest.mark.parametrize("finished", [1, 2])
def test_a_stopped_render_goes_on_to_the_same_frames(engine, long, fed, unfinished, finished) -> None:
    stream: Any = engine.render(long.shot)
    for _ in range(long.second * (finished - 1) + 1):
        next(stream)
    stream.close()
    assert len(parts(unfinished)) == finished
    fed.calls.clear()
    np.testing.assert_array_equal(rendered(engine, long.shot), long.whole)
    assert len(fed.calls) == 3 - finished


def test_nothing_is_loaded_for_a_shot_that_is_finished(engine, long, monkeypatch) -> None:
    rendered(engine, long.shot)
    monkeypatch.setattr(LOAD, lambda *a: pytest.fail("weights were read"))
    told = []
    again = np.stack(list(engine.render(long.shot, Work(lambda done, *_: told.append(done)))))
    np.testing.assert_array_equal(again, long.whole)
    assert told[-1] == 1


def test_a_cancelled_render_keeps_what_was_finished(engine, long, fed, unfinished) -> None:
    with pytest.raises(RenderCancelled):
        list(engine.render(long.shot, Work(cancelled=lambda: len(fed.calls) == 2)))
    assert len(parts(unfinished)) == 1
    np.testing.assert_array_equal(rendered(engine, long.shot), long.whole)


def test_an_edited_key_is_made_anew_from_its_segment_on(engine, long, fed, rig) -> None:
    rendered(engine, long.shot)
    fed.calls.clear()
    late = edited(long.shot, rig, len(long.shot.frames) - 1)
    again = rendered(engine, late)
    assert len(fed.calls) == 1
    np.testing.assert_array_equal(again[: 2 * long.second], long.whole[: 2 * long.second])
    assert (again[-1] != long.whole[-1]).any()
    np.testing.assert_array_equal(again, rendered(engine, with_settings(late, keep_finished=False)))
    fed.calls.clear()
    rendered(engine, edited(long.shot, rig, long.second + 5))
    assert len(fed.calls) == 2


def test_a_damaged_part_is_made_anew(engine, long, fed, unfinished) -> None:
    rendered(engine, long.shot)
    second = parts(unfinished)[1]
    content = second.read_bytes()
    middle = len(content) // 2
    for damaged in (content[:100], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]):
        second.write_bytes(damaged)
        fed.calls.clear()
        np.testing.assert_array_equal(rendered(engine, long.shot), long.whole)
        assert len(fed.calls) == 1


@pytest.mark.parametrize(
    "settings",
    [{"seed": 1}, {"num_inference_steps": 1}, {"prompt_embeds": "both"}, {"prompt_embeds": "both", "guidance_scale": 2},
     {"float8": True}, {"dtype": "bfloat16"}, {"segment_frames": 13}],
    ids=str,
)  # fmt: skip
def test_other_settings_never_meet_the_parts_of_these(engine, long, fed, unfinished, settings) -> None:
    begun(engine, long.shot)
    begun(engine, with_settings(long.shot, **settings))
    assert len(fed.calls) == len(parts(unfinished)) == 2


def test_another_portrait_never_meets_the_parts_of_this(engine, long, fed) -> None:
    begun(engine, long.shot)
    begun(engine, long.shot.replaced(reference=Media("other.png", portrait_bytes(90, 130))))
    assert len(fed.calls) == 2


def test_other_weights_never_meet_the_parts_of_these(engine, long, fed, tmp_path, unfinished) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(long.weights, copy)
    other = long.kind(copy, unfinished)
    for made in (engine, other, other):
        begun(made, long.shot)
    assert len(fed.calls) == 2
    # The same file written again counts as another one: contents are not read.
    (changed,) = (copy / "vae").glob("*.safetensors")
    os.utime(changed, ns=(0, changed.stat().st_mtime_ns + 1_000_000_000))
    begun(other, long.shot)
    assert len(fed.calls) == 3


def test_a_changed_prompt_never_meets_the_parts_of_the_older_one(long, fed, tmp_path, unfinished) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(long.weights, copy)
    engine = long.kind(copy, unfinished)
    begun(engine, long.shot)
    shutil.copy(copy / "prompts" / "both.safetensors", copy / "prompts" / "default.safetensors")
    begun(engine, long.shot)
    assert len(fed.calls) == 2


def test_nothing_is_kept_where_that_is_not_wanted(engine, long, fed, unfinished) -> None:
    rendered(engine, with_settings(long.shot, keep_finished=False))
    assert not unfinished.exists()
    rendered(engine, long.shot)
    fed.calls.clear()
    rendered(engine, with_settings(long.shot, keep_finished=False))
    assert len(fed.calls) == 3


def test_a_folder_that_cannot_be_written_ends_the_render_with_a_sentence(engine, long, unfinished) -> None:
    unfinished.write_bytes(b"")
    with pytest.raises(VideoError, match=r"cannot be written .*or set keep_finished to false") as raised:
        rendered(engine, long.shot)
    assert "\n" not in str(raised.value)
