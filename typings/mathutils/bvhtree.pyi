# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own names may be anything: the type checker looks at ours. See CONTRIBUTING.md."""

from typing import Any

def __getattr__(name: str) -> Any: ...
