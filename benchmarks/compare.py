#!/usr/bin/env python3
"""Measures unroll and its peers in turn and writes a table and a JSON file. See README.md; `./run bench` calls this.

    compare.py                                    the quick set
    compare.py --all --threads 2 --json all.json  every row
    compare.py --rows "lstm,train,64,128,100,32"  cell,kind,I,H,T,B or cell,kind,I,H,T,B,layers; repeats
    compare.py --narrow                           inference with weights in bfloat16 and int8, beside full ones
    compare.py --stacks                           several layers
    compare.py --growth                           how our time grows with T, B and H
    compare.py --flags "-O2"                      our program built with these flags alone
"""

import argparse
import array
import json
import math
import pathlib
import statistics
import sys
import tempfile
import time

import contestants
import machine
import report
import rows as benchmark
from contestants import OURS, Contestant, Lost

# How far a peer's results may be from ours, as a norm: rounding alone. A first step of Adam divides by the gradient's
# own size, which makes much of the rounding of small ones. With weights in fewer bits: how far anyone's outputs may be
# from ours in full, the largest difference over the largest output.
TOLERANCE = {"step": 2e-2, "fwd_bfloat16": 2e-2, "fwd_int8": 5e-2}
DEFAULT_TOLERANCE = 1e-5


def distance(row, values, expected):
    if len(values) != len(expected):
        return math.inf
    if row.storage:
        return max(abs(a - b) for a, b in zip(values, expected)) / max(map(abs, expected))
    return math.dist(values, expected) / math.hypot(*expected)


def words():
    """The command line; argparse would take flags that begin with a dash for options of its own."""
    found = sys.argv[1:]
    if "--flags" in found[:-1]:
        at = found.index("--flags")
        found[at : at + 2] = ["=".join(found[at : at + 2])]
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every row of the benchmark")
    which.add_argument("--growth", action="store_true", help="ours alone, T, B and H doubled again and again")
    which.add_argument("--rows", action="append", metavar="ROW", help="cell,kind,I,H,T,B[,layers]: one row; repeats")
    which.add_argument("--narrow", action="store_true", help="inference with weights in fewer bits, beside full ones")
    which.add_argument("--stacks", action="store_true", help="several layers")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="cores for everyone (default 1)")
    parser.add_argument("--json", metavar="FILE", help="write the results there")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="measurements of each, at least 5 (default 7)")
    parser.add_argument("--flags", metavar="FLAGS", help="builds our program with these instead of -O3 -march=native")
    parser.add_argument("--peers", metavar="NAMES", help="only these, with commas; an empty string: none")
    options = parser.parse_args(words())
    names = list(contestants.peers())
    options.peers = names if options.peers is None else [name for name in options.peers.split(",") if name]
    for name in options.peers:
        if name not in names:
            parser.error(f"--peers: {name}, expected some of {','.join(names)}")
    if not 1 <= options.threads <= len(machine.cores()):
        parser.error(f"--threads: {options.threads}, expected 1 to {len(machine.cores())}, the cores there are")
    if options.rounds < 5:
        parser.error(f"--rounds: {options.rounds}, expected at least 5")
    try:
        named = [benchmark.parse(text) for text in options.rows or []]
    except ValueError as error:
        parser.error(f"--rows: {error}")
    options.selected = named or selected(options)
    if options.growth:
        options.peers = []
    return options


def selected(options):
    if options.growth:
        return [row for series in benchmark.growth_rows() for row in series]
    if options.narrow:
        return benchmark.narrow_rows()
    if options.stacks:
        return benchmark.stack_rows()
    return benchmark.all_rows() if options.all else benchmark.quick_rows()


class Comparison:
    def __init__(self, options):
        self.options = options
        self.notes = []
        others = machine.processors_used_by_others()
        if others > 0.1:
            self.note(f"The machine was BUSY at the start with {others:.1f} processors' work of others: do not trust this")
        self.peaks = []
        self.differing = set()  # (contestant, function): what does not compute our function
        cpus = machine.cores()[-options.threads :]  # the first serves more of the system's interrupts
        native = contestants.ours(options.threads)
        wanted = {OURS: native} | {name: peer for name, peer in contestants.peers().items() if name in options.peers}
        if options.flags is not None:
            wanted[OURS] = contestants.ours(options.threads, contestants.build_with(options.flags))
        self.contestants = [Contestant(name, command, cpus) for name, command in wanted.items()]
        for contestant in self.contestants:
            if contestant.missing:
                self.note(f"{contestant.name} is MISSING: {contestant.missing}")
        self.ours = self.contestants[0]
        # The peak is the processor's, whatever our flags use of it.
        self.gauge = self.ours if options.flags is None else Contestant("peak", native, cpus)
        if self.ours.missing or self.gauge.missing:
            sys.exit("compare.py: without our own program there is nothing to compare; ./run bench builds it")

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def ask(self, contestant, line, row):
        """The answer's rest; None where the contestant leaves the row out or fails, which is noted."""
        if contestant.missing:
            return None
        try:
            word, rest = contestant.ask(line)
        except Lost as reason:
            self.note(f"{contestant.name} was lost at {row}: {reason}")
            if contestant.missing:
                self.note(f"{contestant.name} is MISSING from there on: {contestant.missing}")
            return None
        if word == "error":
            self.note(f"{contestant.name} failed at {row}: {rest}")
        elif word == "no":
            self.note(f"{contestant.name} leaves out rows: {rest}")
        return None if word in ("error", "no") else rest

    def measure_peak(self):
        answer = self.ask(self.gauge, "peak", "peak")
        if answer is None:
            sys.exit("compare.py: the peak could not be measured")
        self.peaks.append(float(answer))

    def results(self, contestant, row):
        """Of one call, as floats; None where the contestant leaves the row out or fails. The row stays prepared."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "results")
            for line in (f"prepare {row.name}", f"check {path}"):
                if self.ask(contestant, line, row.name) is None:
                    return None
            return array.array("f", path.read_bytes())

    def distances(self, row):
        """How far the results of the contestants are from ours, with full weights: only who computes our function takes
        part."""
        expected = self.results(self.ours, row._replace(kind="fwd")) if row.storage else None
        found = {}
        for contestant in self.contestants:
            values = self.results(contestant, row)
            if values is None:
                continue
            expected = expected or values
            found[contestant.name] = distance(row, values, expected)
            if not found[contestant.name] <= TOLERANCE.get(row.kind, DEFAULT_TOLERANCE):
                self.differing.add((contestant.name, row.function))
                what = " ".join(str(part) for part in row.function)
                self.note(f"{contestant.name} is LEFT OUT of {what}: its results differ by {found[contestant.name]:.1e}")
        return found

    def measure(self, row):
        """The medians of all contestants by name, measured in turn; None for ours where it has no result."""
        ready = [
            contestant
            for contestant in self.contestants
            if (contestant.name, row.function) not in self.differing
            and self.ask(contestant, f"prepare {row.name}", row.name) is not None
        ]
        seconds = {contestant.name: [] for contestant in ready}
        for turn in range(self.options.rounds):
            for contestant in ready:
                if turn > 0 and not seconds[contestant.name]:
                    continue  # lost in an earlier round
                time.sleep(0.01)  # the others' threads go to sleep
                answer = self.ask(contestant, "run", row.name)
                if answer is None:
                    seconds[contestant.name] = []
                else:
                    seconds[contestant.name].append(float(answer))
        return {name: 1e3 * statistics.median(values) for name, values in seconds.items() if values}

    def run(self):
        selected = self.options.selected
        distances = {row: self.distances(row) for row in dict.fromkeys(row.checked() for row in selected)}
        self.measure_peak()
        measured = []
        for number, row in enumerate(selected, start=1):
            measured.append(self.measure(row))
            self.measure_peak()
            text = ", ".join(f"{name} {milliseconds:.4g}" for name, milliseconds in measured[-1].items())
            print(f"{number}/{len(selected)} {row.name}: {text}", file=sys.stderr, flush=True)
        peak = statistics.median(self.peaks)
        return {
            "machine": machine.description(self.options.threads),
            "build": self.ours.version,
            "peak_gflops": peak,
            "rows": [self.entry(row, times, peak, distances) for row, times in zip(selected, measured)],
        }

    @staticmethod
    def entry(row, times, peak, distances):
        ours = times.get(OURS)
        peers = {name: milliseconds for name, milliseconds in times.items() if name != OURS}
        gflops = row.operations() / ours * 1e-6 if ours else None
        return {
            "name": row.name,
            "ours_ms": ours,
            "peers": peers,
            "ratio": min(peers.values()) / ours if ours and peers else None,
            "gflops": gflops,
            "share_of_peak": gflops / peak if gflops else None,
            "distances": distances[row] if row.storage else {},
        }

    def memory(self):
        """Name, peak and needed bytes of each shape that is trained."""
        trained = [row for row in self.options.selected if row.kind in ("train", "step") and row.layers == 1]
        shapes = dict.fromkeys(row._replace(kind="step") for row in trained)
        answers = {row: self.ask(self.ours, f"memory {row.name}", row.name) for row in shapes}
        return [
            (",".join([row.cell, *row.name.split(",")[2:]]), *(int(number) for number in answer.split()))
            for row, answer in answers.items()
            if answer is not None
        ]


def main():
    options = arguments()
    comparison = Comparison(options)
    try:
        result = comparison.run()
        bytes_of_rows = [] if options.growth else comparison.memory()
    finally:
        for contestant in [*comparison.contestants, comparison.gauge]:
            contestant.stop()
    versions = [contestant.version for contestant in comparison.contestants[1:] if not contestant.missing]
    notes = [f"Peers: {', '.join(versions) or 'none'}.", *comparison.notes]
    grown = None
    if options.growth:
        grown = benchmark.growth_rows(), {row["name"]: row["ours_ms"] for row in result["rows"]}, machine.caches()
    print(report.report(result, comparison.peaks, bytes_of_rows, notes, grown))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
