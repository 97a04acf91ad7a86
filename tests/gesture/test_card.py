# SPDX-License-Identifier: GPL-3.0-or-later
from chironomy.gesture.training.card import MEASURED, with_measured

CARD = f"# A model\n\nWords.\n\n{MEASURED}\n\nNot measured yet.\n\n## What it cannot do\n\nMuch.\n"


def test_measured_figures_take_the_place_of_earlier_ones_and_of_nothing_else() -> None:
    once = with_measured(CARD, "| a | 1 |\n")
    assert once == with_measured(with_measured(CARD, "| b | 2 |"), "| a | 1 |")
    assert "Not measured yet." not in once
    assert once.endswith("| a | 1 |\n\n## What it cannot do\n\nMuch.\n")


def test_a_card_without_such_a_section_stays_as_it_is() -> None:
    assert with_measured("# Another card\n", "| a | 1 |") == "# Another card\n"
