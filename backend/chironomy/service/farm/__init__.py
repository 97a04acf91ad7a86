# SPDX-License-Identifier: GPL-3.0-or-later
"""Many recordings at once: a plan, the stages of each of its items, and who does them, on one machine or many."""
