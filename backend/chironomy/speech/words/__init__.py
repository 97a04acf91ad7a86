# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when: the words of a recording, from its script, its captions or a recogniser.

Importing this needs numpy alone; `script_words` brings what it needs.
"""

from chironomy.speech.words.script import heard_words, script_words
from chironomy.speech.words.word import Mark, Word, language_of

__all__ = ["Mark", "Word", "heard_words", "language_of", "script_words"]
