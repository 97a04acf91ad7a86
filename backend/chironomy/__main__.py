# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m chironomy` is the command line."""

import sys

try:
    from chironomy.cli import main
except KeyboardInterrupt:
    print("chironomy: stopped before it was done", file=sys.stderr)
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
