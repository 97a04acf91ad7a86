# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual that the extension brings: complete, and every link in it leads somewhere."""

import re

import pytest

import make_manual


@pytest.fixture(scope="module")
def files():
    return dict(make_manual.manual())


def test_every_link_and_picture_of_the_manual_is_in_it(files):
    pages = {name: data.decode() for name, data in files.items() if name.endswith(".html")}
    places = {name: set(re.findall(r'id="([^"]+)"', text)) for name, text in pages.items()}
    links = 0
    for name, text in pages.items():
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            if target.startswith(("https:", "http:")):
                continue
            links += 1
            file, _, place = target.partition("#")
            assert (file or name) in files, f"{name}: {target}"
            assert not place or place in places[file or name], f"{name}: {target}"
    assert links > 100


def test_the_manual_begins_with_the_tutorial_and_its_pictures(files):
    text = files["tutorial.html"].decode()
    assert "<title>Five minutes with Chironomy</title>" in text
    assert files["pictures/tutorial/01-speech.jpg"].startswith(b"\xff\xd8")
    # It is read where there is no network.
    assert not re.search(r'(?:src|<link[^>]*href)="https?:', text)
    assert sum(map(len, files.values())) < 3_000_000


def test_what_the_manual_has_not_is_no_link(tmp_path):
    for page in make_manual.PAGES:
        (tmp_path / f"{page}.md").write_text(f"# About {page} & more\n")
    (tmp_path / "tutorial.md").write_text(
        "# First\n\nSee [takes](takes.md#a-part), [figures](benchmarks.md) and [the law](../SECURITY.md).\n\n"
        "## A (b), c\n"
    )
    text = dict(make_manual.manual(tmp_path))["tutorial.html"].decode()
    assert '<a href="takes.html#a-part">takes</a>, figures and the law.' in text
    assert '<h2 id="a-b-c">' in text
    assert "About takes &amp; more" in text


def test_a_picture_that_is_not_there_stops_the_build(tmp_path):
    for page in make_manual.PAGES:
        (tmp_path / f"{page}.md").write_text("# Page\n\n![gone](pictures/gone.jpg)\n")
    with pytest.raises(SystemExit, match=r"pictures/gone\.jpg"):
        make_manual.manual(tmp_path)
