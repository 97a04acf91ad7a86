# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the manual that the extension brings with it: web pages of what `docs` says for users, for `build_extension`.

The pages need nothing from elsewhere. A link to what the manual has not is its text alone.
"""

import html
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(__file__).resolve().parents[1] / "docs"

PAGES = (
    "tutorial",
    "gestures",
    "takes",
    "editing",
    "hand-poses",
    "scenes",
    "retarget",
    "live",
    "batch",
    "export",
    "fit",
    "previz",
    "engines",
    "backend",
)
"""The documents, in the order in which they are to be read; the first is where the manual begins."""

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
nav { font-size: 0.9rem; border-bottom: 1px solid #8886; padding-bottom: 0.6rem; }
img { max-width: 100%; height: auto; border-radius: 4px; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #8886; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
pre { overflow-x: auto; background: #8882; padding: 0.7rem; border-radius: 4px; }
code { font-size: 0.92em; }
"""

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_NO_ANCHOR = re.compile(r"[^\w\- ]")


def manual(docs: Path = DOCS) -> list[tuple[str, bytes]]:
    """Return the manual's files by their names: `tutorial.html` …, and the pictures that these show.

    Raises:
        SystemExit: a document has no title, or shows a picture that is not there.
    """
    titles = {page: _title(docs / f"{page}.md") for page in PAGES}
    pictures: set[str] = set()
    pages = [(f"{page}.html", _page(docs, page, titles, pictures).encode()) for page in PAGES]
    missing = sorted(name for name in pictures if not (docs / name).is_file())
    if missing:
        raise SystemExit(f"the manual shows {missing[0]}, which is not in {docs}")
    return pages + [(name, (docs / name).read_bytes()) for name in sorted(pictures)]


def _title(document: Path) -> str:
    found = _TITLE.search(document.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{document} has no title")
    return found[1].strip()


def _page(docs: Path, page: str, titles: dict[str, str], pictures: set[str]) -> str:
    """Return a page; the pictures that it shows are added to `pictures`."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((docs / f"{page}.md").read_text(encoding="utf-8"))
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            before.attrSet("id", anchor(token.content))
        if token.children:
            token.children = _linked(token.children, titles, pictures)
    body: Any = markdown.renderer.render(tokens, markdown.options, {})
    links = " · ".join(
        f"<b>{html.escape(title)}</b>" if name == page else f'<a href="{name}.html">{html.escape(title)}</a>'
        for name, title in titles.items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(titles[page])}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>{STYLE}</style>\n'
        f"<nav>{links}</nav>\n{body}</html>\n"
    )


def _linked(tokens: Sequence[Token], titles: dict[str, str], pictures: set[str]) -> list[Token]:
    """Return the parts of a text with links to pages of the manual, and without those to what it has not."""
    found: list[Token] = []
    kept: list[bool] = []
    for token in tokens:
        if token.type == "image":
            pictures.add(str(token.attrGet("src")))
        elif token.type == "link_open":
            target = _target(str(token.attrGet("href")), titles)
            kept.append(target is not None)
            if target is None:
                continue
            token.attrSet("href", target)
        elif token.type == "link_close" and not kept.pop():
            continue
        found.append(token)
    return found


def _target(link: str, titles: dict[str, str]) -> str | None:
    """Return where a link of a document leads in the manual; None where that is not a part of it."""
    if link.startswith(("https:", "http:", "#")):
        return link
    path, _, place = link.partition("#")
    document = PurePosixPath(path)
    if document.suffix != ".md" or document.parent != PurePosixPath() or document.stem not in titles:
        return None
    return f"{document.stem}.html" + (f"#{quote(place)}" if place else "")


def anchor(heading: str) -> str:
    """Return the name by which a link finds a heading, as code forges make it."""
    return _NO_ANCHOR.sub("", heading.lower()).replace(" ", "-")
