"""The conversation of a Python peer with compare.py, one line each way: see ../protocol.hpp, its twin in C++."""

import gc
import os
import sys
import time
from typing import Callable, NamedTuple

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rows  # compare.py's own

MEASUREMENT = 0.08  # seconds: enough calls to last this long


class Unsupported(Exception):
    """Says why a contestant leaves a row out."""


class Job(NamedTuple):
    """One prepared row: `check` gives numpy arrays in PyTorch's layout."""

    call: Callable
    check: Callable
    steps_per_call: int = 1


def seconds_of(call, repetitions):
    start = time.perf_counter()
    for _ in range(repetitions):
        call()
    return time.perf_counter() - start


def warm_up(call, enough):
    """Calls until one measurement lasts `enough` seconds; its repetitions and the seconds of a call."""
    call()
    repetitions = 1
    while (seconds := seconds_of(call, repetitions)) < enough:
        repetitions = int(repetitions * min(1.2 * enough / max(seconds, 1e-9), 10)) + 1
    return repetitions, seconds / repetitions


def best_of(variants):
    """The fastest of several settings of one peer, each a function that makes a job: its best honest setting."""

    def seconds(variant):
        job = variant()
        return min(warm_up(job.call, MEASUREMENT / 2)[1] for _ in range(2))

    return (min(variants, key=seconds) if len(variants) > 1 else variants[0])()


def serve(name, variants):
    """variants(row) lists functions that make a job each, or raises Unsupported. Ends with its input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(text):
        print(text.replace("\n", " "), file=answers, flush=True)

    job, repetitions = None, 1
    answer(f"hello {name}")
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        try:
            if command == "prepare":
                job = None
                gc.collect()
                job = best_of(variants(rows.parse(argument)))
                repetitions, _ = warm_up(job.call, MEASUREMENT)
                answer("ready")
            elif command == "run":
                gc.collect()
                gc.disable()
                waking = 0.0
                while waking < MEASUREMENT / 8:  # caches, clock frequency
                    waking += seconds_of(job.call, 1)
                seconds = seconds_of(job.call, repetitions) / (repetitions * job.steps_per_call)
                gc.enable()
                answer(f"seconds {seconds:.9g}")
            elif command == "check":
                with open(argument, "wb") as file:
                    for array in job.check():
                        file.write(array.astype("float32").tobytes())
                answer("ready")
            else:
                answer(f"error unknown command {command!r}")
        except Unsupported as reason:
            answer(f"no {reason}")
        except Exception as error:  # any failure of a peer is reported in the table's notes
            answer(f"error {type(error).__name__}: {error}"[:500])


def threads():
    """The number given by compare.py, to which the process is pinned."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))
