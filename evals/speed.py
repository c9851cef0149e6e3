"""Speed: sentences a second end to end, time to the first result, peak memory. Prints what machine it ran on."""

import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent.parent / "samples"
REPORTS = 1500


def measure() -> dict[str, Any]:
    """Codes the samples over and over, in processes of their own, as a user would run them."""
    with tempfile.TemporaryDirectory() as scratch:
        many = Path(scratch) / "many.jsonl"
        texts = _sample_texts()
        with many.open("w", encoding="utf-8") as lines:
            for i in range(REPORTS):
                # A number in front makes each text another one, so that none is a duplicate.
                lines.write(json.dumps({"id": str(i), "text": f"Report {i}. {texts[i % len(texts)]}"}) + "\n")
        one = Path(scratch) / "one.txt"
        one.write_text(texts[0], encoding="utf-8")
        first = _seconds(["read", str(one)])
        started = time.perf_counter()
        summary = _legation(["run", str(many), "--store", str(Path(scratch) / "store")])
        wall = time.perf_counter() - started
        sentences = int(re.findall(r"([\d,]+) sentences in", summary)[0].replace(",", ""))
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "reports": REPORTS,
        "sentences_per_second": sentences / wall,
        "first_result_seconds": first,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def _sample_texts() -> list[str]:
    return [
        json.loads(line)["text"]
        for line in (SAMPLES / "reports" / "reports.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def _legation(arguments: list[str]) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "legation"), *arguments], check=True, capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.stdout


def _seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    _legation(arguments)
    return time.perf_counter() - started
