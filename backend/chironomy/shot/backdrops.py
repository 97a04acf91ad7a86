# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be behind the character, by name."""

BACKDROPS: dict[str, tuple[str, ...]] = {
    "studio": (),
    "white": ("#ffffff",),
    "grey": ("#8a8a8a",),
    "black": ("#000000",),
    "green": ("#00b140",),
    "blue": ("#0047bb",),
    "dawn": ("#d9b8a0", "#7d7a8c"),
    "dusk": ("#39415a", "#a98c86"),
    "portrait": (),
    "transparent": (),
}
"""Names of backdrops with their colours, top and bottom, where they have any; the first is the default.

Green and blue are the ones that studios paint for keying (Pantone 354 C and 2728 C).
"""
