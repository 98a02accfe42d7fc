"""``python -m wptui`` is the same program as ``wptui``."""

import sys

from wptui.cli import main

if __name__ == "__main__":
    sys.exit(main())
