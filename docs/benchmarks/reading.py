"""Prints how fast the reader is: texts per second, time to import it, time for one megabyte.

Run from the project directory: python docs/benchmarks/reading.py
"""

import json
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from matching.engine.quantities import read  # noqa: E402

CASES = sorted((ROOT / "tests" / "matching" / "cases").glob("reading_*.jsonl"))
IMPORT = "import time; t = time.perf_counter(); import matching.engine.quantities; print(time.perf_counter() - t)"


def measure(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main():
    texts = [json.loads(line)["text"] for path in CASES for line in path.read_text(encoding="utf-8").splitlines()]
    best = min(measure(lambda: [read(text) for text in texts]) for _ in range(5))
    imports = [float(subprocess.check_output([sys.executable, "-c", IMPORT], cwd=ROOT)) for _ in range(5)]
    lines = [f"{platform.machine()}, Python {platform.python_version()}"]
    lines.append(f"{len(texts) / best:,.0f} texts/s ({sum(map(len, texts)) / len(texts):.0f} characters each)")
    lines.append(f"import {min(imports):.3f} s")
    sample = "\n".join(texts)
    for name, unit in (
        ("cases", sample),
        ("prose", "需要对产线设备进行校准，请联系我们。"),
        ("digits", "1"),
        ("brackets", "("),
        ("lists", "1,"),
    ):
        text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
        lines.append(f"1 MB of {name}: {measure(lambda text=text: read(text)):.3f} s")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
