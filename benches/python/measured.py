"""What a command takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def measured(command: list[str]) -> dict:
    """Seconds, seconds of processors and peak MiB of a command, and what it says in JSON in its last line."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read().strip().rpartition("\n")[2]
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed")
    result = {"seconds": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime, "MiB": usage.ru_maxrss / 1024}
    return {**result, **(json.loads(said) if said.startswith("{") else {})}
