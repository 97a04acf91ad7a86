# SPDX-License-Identifier: GPL-3.0-or-later
"""Train stage 1: `python -m chironomy.gesture.training`."""

import sys

from chironomy.gesture.training.run import main

sys.exit(main())
