"""`python -m bench [NAME…] [--quick]`: runs the benchmarks, each as a process of its own, and prints a line a figure.

The names are the modules beside this one. What each measures, and what came of it, stands in docs/benchmarks.md.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time

from bench.figures import arguments
from bench.serving import REPOSITORY

NAMES = ("terminal", "idle", "latency", "webhooks", "fanout", "sync", "queries", "team")


def main() -> int:
    """Runs what was asked for; 1 if one of them broke. A missed target is told, and is no failure."""
    parser = arguments(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"# {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {python}, load {os.getloadavg()[0]:.2f}", flush=True)
    broken = 0
    for name in asked.names or NAMES:
        print(f"\n## {name}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if asked.quick else [])]
        broken |= subprocess.run(command, cwd=REPOSITORY).returncode != 0
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
