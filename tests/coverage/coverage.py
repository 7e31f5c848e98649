#!/usr/bin/python3
"""Lines and branches of include/unroll that the tests run, by clang's source-based coverage.

A line counts as run if any instantiation of a template ran it, a branch as taken if any took it. A condition has two
branches; one that is constant (if constexpr) has none. Functions that no test instantiates count as lines that did not
run. What cannot run here says so at the end of its line, with the reason, for that line or the block it opens:

    // not covered: only without <poll.h>
"""

import argparse
import bisect
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mutate"))
import project  # noqa: E402
import sites  # noqa: E402
from project import ROOT  # noqa: E402

BUILD = ROOT / "build/coverage"
UNMEASURED = {"LLVM_PROFILE_FILE": "/dev/null"}  # executables run while they are built, to list their tests
LINES_WANTED, BRANCHES_WANTED = 100, 95


def call(*command, **how):
    subprocess.run([str(part) for part in command], check=True, **how)


def run(test):
    environment = dict(os.environ, LLVM_PROFILE_FILE=str(BUILD / f"profiles/{test.name}.%p.profraw"))
    if subprocess.run([test], env=environment, stdout=subprocess.DEVNULL).returncode != 0:
        raise SystemExit(f"coverage: {test.name} fails")


def measure(executables, headers, jobs):
    """What llvm-cov knows about each header."""
    shutil.rmtree(BUILD / "profiles", ignore_errors=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, executables))
    profile, report = BUILD / "tests.profdata", BUILD / "coverage.json"
    call("llvm-profdata", "merge", "-sparse", "-o", profile, *(BUILD / "profiles").glob("*.profraw"))
    objects = [part for executable in executables[1:] for part in ("-object", executable)]
    with report.open("w") as out:
        call("llvm-cov", "export", "-skip-functions", "-skip-expansions", f"-instr-profile={profile}", executables[0],
             *objects, *headers, stdout=out)
    return {entry["filename"]: entry for entry in json.loads(report.read_text())["data"][0]["files"]}


def count_at(segments, line, column):
    """How often the code at a place ran, or None where there is no code."""
    k = bisect.bisect_right(segments, [line, column, float("inf")]) - 1
    return segments[k][2] if k >= 0 and segments[k][3] else None


def lines_of(segments):
    """How often each line ran that has code: as llvm-cov counts, the most of what starts in it and what runs on."""
    counts = {}
    for line in range(1, max((s[0] for s in segments), default=0) + 1):
        here = segments[bisect.bisect_left(segments, [line]):bisect.bisect_left(segments, [line + 1])]
        starting = [s[2] for s in here if s[3] and s[4] and not s[5]]
        running = count_at(segments, line, 0)
        if starting or running is not None:
            counts[line] = max([*starting, running or 0])
    return counts


def branches_of(entry):
    """(line, how often true, how often false) of each condition that is not constant, over all instantiations."""
    merged = {}
    for begin_line, begin, end_line, end, true, false, *_ in entry.get("branches", []):
        sums = merged.setdefault((begin_line, begin, end_line, end), [0, 0])
        sums[0] += true
        sums[1] += false
    return [(line, true, false) for (line, column, *_), (true, false) in sorted(merged.items())
            if true or false or not count_at(entry["segments"], line, column)]


def never_instantiated(bodies, counts):
    """The lines of functions of which llvm-cov knows nothing."""
    lost = set()
    for begin, end in bodies:
        if not any(line in counts for line in range(begin, end + 1)):
            lost |= set(range(begin, end + 1))
    return lost


def runs(numbers):
    """1, 2, 3, 7 as "1-3 7"."""
    parts = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def share(part, whole):
    return 100 * part / whole if whole else 100.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a regular expression: headers to report, as unroll/core/")
    parser.add_argument("--tests", default="", help="folders and files of tests/ to use, with ; between (all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()

    include = ROOT / "include"
    headers = [p for p in sorted(include.glob("unroll/**/*.hpp"))
               if re.search(arguments.only, p.relative_to(include).as_posix())]
    # clang 14 loses what comes from a precompiled header.
    project.configure(ROOT, BUILD, "-fprofile-instr-generate -fcoverage-mapping", arguments.tests,
                      "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON")
    project.make(BUILD, arguments.jobs, **UNMEASURED)
    known = measure(project.executables(BUILD, **UNMEASURED), headers, arguments.jobs)
    bodies = sites.function_bodies(include)

    totals, missing = [0, 0, 0, 0], []
    print(f"{'header':<40}{'lines':>7}{'not run':>9}{'%':>8}{'branches':>10}{'not taken':>11}{'%':>8}")
    for header in headers:
        name, text = header.relative_to(include).as_posix(), header.read_text()
        entry = known.get(str(header), {"segments": []})
        skip = sites.excused(text)
        counts = lines_of(entry["segments"])
        counts.update(dict.fromkeys(never_instantiated(bodies.get(name, []), counts), 0))
        # What is defaulted is clang's own code, and a directive none.
        own = {number for number, line in enumerate(text.split("\n"), 1)
               if "= default;" not in line and not line.startswith("#")} - skip
        counts = {line: count for line, count in counts.items() if line in own}
        branches = [b for b in branches_of(entry) if b[0] in own]
        not_run = {line for line, count in counts.items() if count == 0}
        not_taken = [(line, word) for line, true, false in branches for word, n in (("true", true), ("false", false))
                     if n == 0]
        row = [len(counts), len(not_run), 2 * len(branches), len(not_taken)]
        totals = [a + b for a, b in zip(totals, row)]
        print_row(name, row)
        if not_run:
            missing.append(f"{name}: not run: {runs(not_run)}")
        if not_taken:
            missing.append(f"{name}: never " + ", ".join(f"{word} at {line}" for line, word in not_taken))
    print_row("all", totals)
    print("\n" + "\n".join(missing))
    good = (share(totals[0] - totals[1], totals[0]) >= LINES_WANTED and
            share(totals[2] - totals[3], totals[2]) >= BRANCHES_WANTED)
    print(f"\n{'good' if good else 'TOO LITTLE'}: {LINES_WANTED} % of lines and {BRANCHES_WANTED} % of branches are wanted")
    return 0 if good else 1


def print_row(name, row):
    lines, not_run, branches, not_taken = row
    print(f"{name:<40}{lines:>7}{not_run:>9}{share(lines - not_run, lines):>8.1f}"
          f"{branches:>10}{not_taken:>11}{share(branches - not_taken, branches):>8.1f}")


if __name__ == "__main__":
    sys.exit(main())
