"""How benchmarks speak: one JSON object per line on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def tell(
    name: str, value: float, unit: str, n: int, *, ratio: float | None = None, to: str | None = None
) -> None:
    """One measurement. `ratio` is value ÷ that of `to`, a limit or peer measured in the same run."""
    line: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit, "n": n}
    if ratio is not None and to is not None:
        line |= {"ratio": round(ratio, 3), "to": to}
    print(json.dumps(line), flush=True)


def rate(act: Callable[[], object], seconds: float) -> tuple[float, int]:
    """How often per second `act` can be done, one after the other, measured for about `seconds`; and how often."""
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        act()
        done += 1
    return done / (time.perf_counter() - began), done


def is_short() -> bool:
    """Whether two minutes are the limit."""
    return "--short" in sys.argv[1:]
