# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend without some of its parts: what it says that it can do."""

import sys

import pytest

from chironomy.service.kinds import engines, missing_parts


@pytest.fixture
def without(monkeypatch):
    """Hide packages, as where they are not installed."""

    def hide(*packages):
        for package in packages:
            for name in [name for name in sys.modules if name.partition(".")[0] == package]:
                monkeypatch.delitem(sys.modules, name)
            monkeypatch.setitem(sys.modules, package, None)

    return hide


def test_without_pytorch_previews_can_be_rendered_and_the_others_say_what_brings_it(without):
    without("torch", "diffusers", "transformers", "librosa", "safetensors")
    found = {engine["name"]: engine for engine in engines()}
    assert found["previz"]["available"]
    for name in ("emo2", "vace", "animate"):
        assert not found[name]["available"]
        assert found[name]["reason"] == (
            f"the engine {name} needs the Python package torch: pip install 'chironomy[networks]'"
        )
        assert found[name]["licence"]


def test_missing_parts_are_named_with_what_needs_them(without):
    without("pocketsphinx", "torch")
    found = {part["extra"]: part["purpose"] for part in missing_parts()}
    assert found["phones"] == "lips by the sounds of English"
    assert found["networks"] == "the engines emo2, vace and animate"
    assert "service" not in found
