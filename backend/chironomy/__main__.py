# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m chironomy` is the command line."""

import sys

from chironomy.cli import main

if __name__ == "__main__":
    sys.exit(main())
