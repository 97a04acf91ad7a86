# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of file has a number, a chain of upgrades, and a sentence for files that are newer."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from chironomy.errors import ChironomyError
from chironomy.gesture.repertoire.own_hand_poses import HAND_POSE_FILE
from chironomy.motion.files import FACE_FILE, HANDS_FILE
from chironomy.reading import Arrays
from chironomy.schema import Schema
from chironomy.shot.fit import FIT_FILE
from chironomy.shot.shot import SHOT_FILE


def renamed(fields: dict) -> dict:
    return {**{name: value for name, value in fields.items() if name != "colour"}, "hue": fields["colour"]}


def lists(fields: dict) -> dict:
    return {**fields, "hue": [fields["hue"]]}


PAINT = Schema("chironomy.paint", "a paint", ChironomyError, "mix it anew", upgrades=(renamed, lists))


def paint(number: object, **fields: object) -> bytes:
    return json.dumps({"format": f"chironomy.paint/{number}", **fields}).encode()


def test_every_older_number_is_upgraded_step_by_step() -> None:
    newest = {"format": "chironomy.paint/3", "hue": ["red"]}
    assert PAINT.format == "chironomy.paint/3"
    assert PAINT.read_json(paint(1, colour="red")) == newest
    assert PAINT.read_json(paint(2, hue="red")) == newest
    assert PAINT.read_json(paint(3, hue=["red"])) == newest


def test_arrays_are_upgraded_too() -> None:
    def metres(fields: Arrays) -> Arrays:
        return fields.replaced(place=fields.numbers("place") / 100)

    schema = Schema("chironomy.place", "a place", ChironomyError, upgrades=(metres,))
    stream = io.BytesIO()
    np.savez(stream, format="chironomy.place/1", place=np.array([120.0, 50.0]))
    read = schema.read_arrays(stream.getvalue())
    np.testing.assert_array_equal(read.numbers("place"), [1.2, 0.5])
    assert schema.newest(read, "it").text("format") == "chironomy.place/2"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (paint(4), "cup was made by a newer Chironomy: its format is 'chironomy.paint/4'"),
        (paint("x"), "cup is not a paint: it has the format 'chironomy.paint/x', not 'chironomy.paint/3'; mix it anew"),
        (b'{"format": "chironomy.hands/1"}', "cup is not a paint: it has the format 'chironomy.hands/1'"),
        (b"{}", "cup is not a paint: it has no format, not 'chironomy.paint/3'; mix it anew"),
        (b"[]", "cup is not a paint: it has no format"),
        (b'{"format": ["chironomy.paint/3"]}', "cup is not a paint: it has the format ['chironomy.paint/3']"),
    ],
)
def test_a_file_of_another_kind_or_a_newer_program_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ChironomyError, match=re.escape(sentence)):
        PAINT.read_json(data, name="cup")


def test_what_is_too_old_says_so() -> None:
    young = Schema("chironomy.paint", "a paint", ChironomyError, "mix it anew", oldest=2)
    with pytest.raises(ChironomyError, match=r"made by an older Chironomy: .* reads from chironomy\.paint/2 on"):
        young.read_json(paint(1))


def test_what_is_written_is_what_is_read() -> None:
    assert [schema.format for schema in (HANDS_FILE, FACE_FILE, SHOT_FILE, FIT_FILE, HAND_POSE_FILE)] == [
        "chironomy.hands/1", "chironomy.face/1", "chironomy.shot/1", "chironomy.fit/1", "chironomy.hand_pose/1",
    ]  # fmt: skip


def test_no_reader_compares_a_format_by_itself(repository: Path) -> None:
    """What is only written (maps, evaluations) and the job between the command and its own script have no reader."""
    written = {"chironomy.maps/1", "chironomy.evaluation/1", "chironomy.job/1"}
    found = {
        name
        for path in (repository / "backend" / "chironomy").rglob("*.py")
        for name in re.findall(r'"(chironomy\.[a-z]+/[0-9]+)"', path.read_text(encoding="utf-8"))
    }
    assert found <= written
