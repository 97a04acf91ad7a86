# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables there are, by language; `proposal` gives texts of other languages their marks alone."""

from collections.abc import Mapping

from chironomy.gesture.meaning.english import ENGLISH
from chironomy.gesture.meaning.korean import KOREAN
from chironomy.gesture.meaning.table import Table

TABLES: Mapping[str, Table] = {"en": ENGLISH, "ko": KOREAN}
