# SPDX-License-Identifier: GPL-3.0-or-later
"""What the character wears: colours of its regions, by a name or one by one."""

import re
from collections.abc import Mapping

from chironomy.body.errors import BodyError
from chironomy.body.rig import REGION_COLOURS

Colour = tuple[int, int, int]

OUTFITS: dict[str, dict[str, Colour]] = {
    "teal": {},
    "charcoal": {"top": (54, 56, 62), "trousers": (38, 39, 44), "shoes": (26, 25, 25)},
    "burgundy": {"top": (112, 42, 52), "trousers": (52, 50, 56), "shoes": (40, 30, 28)},
    "olive": {"top": (96, 100, 66), "trousers": (74, 64, 54), "shoes": (58, 42, 32)},
    "navy": {"top": (40, 54, 92), "trousers": (150, 140, 122), "shoes": (70, 48, 36)},
    "oat": {"top": (186, 172, 150), "trousers": (66, 72, 84), "shoes": (60, 54, 50)},
}
"""sRGB colours, 0 to 255, by outfit and region, where they differ from `REGION_COLOURS`; the first is the default.

Each keeps its distance from the colour of the skin, so that hands read in front of it.
"""

_HEXADECIMAL = re.compile(r"#[0-9a-fA-F]{6}")


def parsed_colour(text: object, what: str = "colour") -> Colour:
    """Return the sRGB colour, 0 to 255, of a text such as "#3a5c70".

    Raises:
        BodyError: it is not one; the sentence says `what` was wrong.
    """
    if not isinstance(text, str) or not _HEXADECIMAL.fullmatch(text):
        raise BodyError(f"{what} is {text!r}; write a colour as #rrggbb, such as #3a5c70")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def outfit_colours(outfit: str | Mapping[str, str] | None = None) -> dict[str, Colour]:
    """Return the sRGB colour, 0 to 255, of every region of the mesh, in the order of `REGION_NAMES`.

    Args:
        outfit: a name of `OUTFITS`; or colours by region, such as `{"top": "#803020", "hair": "#c0a060"}`, the rest
            being the default's.

    Raises:
        BodyError: there is no such outfit or region, or a colour is not one.
    """
    if outfit is None:
        return dict(REGION_COLOURS)
    if isinstance(outfit, str):
        if outfit not in OUTFITS:
            raise BodyError(
                f"there is no outfit {outfit!r}; choose one of {', '.join(OUTFITS)}, or give colours by region, "
                "such as top=#803020"
            )
        return REGION_COLOURS | OUTFITS[outfit]
    if not isinstance(outfit, Mapping):
        raise BodyError(f"outfit is {outfit!r}; it must be a name or colours by region")
    for region in outfit:
        if region not in REGION_COLOURS:
            raise BodyError(f"the character has no region {region!r}; it has {', '.join(REGION_COLOURS)}")
    return REGION_COLOURS | {region: parsed_colour(text, f"outfit {region}") for region, text in outfit.items()}
