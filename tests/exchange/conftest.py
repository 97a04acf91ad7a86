# SPDX-License-Identifier: GPL-3.0-or-later
"""The character's rig."""

from typing import Any

import pytest


@pytest.fixture(scope="session")
def rig() -> Any:
    from chironomy.body import load_rig

    return load_rig()
