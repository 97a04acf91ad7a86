# SPDX-License-Identifier: GPL-3.0-or-later
"""From words to a score: which of what is said can be shown by hands, a table a language, as data.

Importing this needs numpy alone.
"""

from chironomy.gesture.meaning.proposal import MOST_A_MINUTE, propose
from chironomy.gesture.meaning.table import Meaning, Show, Table, find
from chironomy.gesture.meaning.tables import TABLES

__all__ = ["MOST_A_MINUTE", "TABLES", "Meaning", "Show", "Table", "find", "propose"]
