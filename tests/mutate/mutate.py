#!/usr/bin/python3
"""Sampled mutation testing: small faults are built into the headers, one runs at a time, and a test must fail.

All mutants of a sample are compiled at once, each behind a switch that is read when a test starts. A first run of
every test without a mutant tells which tests reach which; these run against each mutant, the fastest first. What is
done is kept in build/mutate: the same call goes on where it was stopped.
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import project
import sites
from project import ROOT

OUT = ROOT / "build/mutate"
SOURCE, BUILD = OUT / "source", OUT / "build"
MEMORY = 8 << 30  # a mutant may ask for any


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="latin-1") != text:
        path.write_text(text, encoding="latin-1")


def write_headers(chosen):
    """Writes the headers with the mutants in them; returns by file where each lies."""
    places = {}
    for path in sorted((ROOT / "include").glob("unroll/**/*.hpp")):
        file = path.relative_to(ROOT / "include").as_posix()
        numbered = [(k, site) for k, site in enumerate(chosen, 1) if site.file == file]
        text, places[file] = sites.mutated(path.read_text(encoding="latin-1"), numbered)
        write_if_changed(SOURCE / "include" / file, text)
    for name in ("CMakeLists.txt", "cmake", "tests", "examples"):
        if not (SOURCE / name).exists():
            (SOURCE / name).symlink_to(ROOT / name)
    return places


def syntax_checks(tests):
    """The commands that check every source of the tests, without code or precompiled headers."""
    project.configure(SOURCE, BUILD, "-Wno-narrowing -ferror-limit=0 -D_GLIBCXX_ASSERTIONS "
                      f"-include {ROOT}/tests/mutate/mutant.hpp", tests)
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    return [re.sub(r" -o \S+ -c ", " -fsyntax-only ", re.sub(r"-Xclang -include-pch -Xclang \S+", "", c["command"]))
            for c in commands if c["file"].endswith(".cpp")]


def blamed(message, places):
    """The mutant that one error and its notes point into, or the first that stands in a line that they name."""
    in_lines = []
    for file, line, column in re.findall(rf"{re.escape(str(SOURCE))}/include/(\S+?):(\d+):(\d+)", message):
        lines = (SOURCE / "include" / file).read_text(encoding="latin-1").split("\n")
        begin_line = sum(len(text) + 1 for text in lines[:int(line) - 1])
        offset, end_line = begin_line + int(column) - 1, begin_line + len(lines[int(line) - 1])
        around = [(end - begin, number) for begin, end, number in places[file] if begin <= offset < end]
        if around:
            return min(around)[1]
        in_lines += [number for begin, end, number in places[file] if begin < end_line and end > begin_line]
    return in_lines[0] if in_lines else None


def rejected(errors, places):
    """The mutants that do not compile, by what the compiler wrote; other errors follow from theirs."""
    messages = re.split(r"^(?=\S+:\d+:\d+: (?:fatal )?error: |In file included)", errors, flags=re.M)
    found = {blamed(message, places) for message in messages if "error: " in message} - {None}
    if errors and not found:
        raise SystemExit("mutate: no mutant is at fault, but this does not compile:\n" + errors[:3000])
    return found


def compile_errors(command):
    done = subprocess.run(command, shell=True, cwd=BUILD, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def choose(order, count, tests, jobs):
    """The first `count` mutants that compile, written. Some more are tried, as some will not compile."""
    left = order[:count + count // 4 + 10]
    places = write_headers(left)
    commands = syntax_checks(tests)
    while commands:
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            errors = list(pool.map(compile_errors, commands))
        wrong = {number for error in errors for number in rejected(error, places)}
        commands = [command for command, error in zip(commands, errors) if error]
        print(f"mutate: {len(wrong)} of {len(left)} places do not compile", flush=True)
        left = [site for number, site in enumerate(left, 1) if number not in wrong]
        places = write_headers(left)
    write_headers(left[:count])
    return left[:count]


def run(test, mutant, limit, visited=None):
    """Whether the test passes, and its seconds."""
    environment = dict(os.environ, UNROLL_MUTANT=str(mutant), **({"UNROLL_VISITED": str(visited)} if visited else {}))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        environment["TMPDIR"] = folder
        try:
            done = subprocess.run(["prlimit", f"--as={MEMORY}", "--core=0", test, "--abort"], cwd=folder,
                                  env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=limit)
            return done.returncode == 0, time.monotonic() - start
        except subprocess.TimeoutExpired:
            return False, time.monotonic() - start


def first_run(count):
    """Every test without a mutant, fastest first: [(seconds, test, what it reaches)]."""
    result = []
    for test in project.executables(BUILD):
        visited = OUT / "visited"
        visited.write_bytes(bytes(1 << 16))
        passed, seconds = run(test, 0, 600, visited)
        if not passed:
            raise SystemExit(f"mutate: {test.name} fails without a mutant")
        result.append((seconds, test, {k for k, byte in enumerate(visited.read_bytes()[:count + 1]) if byte}))
    return sorted(result, key=lambda entry: entry[0])


def try_mutant(number, tests):
    reaching = [(seconds, test) for seconds, test, reached in tests if number in reached]
    for seconds, test in reaching:
        if not run(test, number, 10 * seconds + 10)[0]:
            return "killed", test.name
    return ("survived" if reaching else "not reached"), ""


def equivalents():
    """What tests/mutate/equivalent.txt names: (file, line's text, change)."""
    entries = re.findall(r"^(unroll/\S+)\n  line: (.*)\n  change: (.*)\n  why: .+", (
        ROOT / "tests/mutate/equivalent.txt").read_text(), flags=re.M)
    for file, line, _ in entries:
        if line not in map(str.strip, (ROOT / "include" / file).read_text().split("\n")):
            raise SystemExit(f"tests/mutate/equivalent.txt: {file} has no line {line!r}")
    return set(entries)


def naming(site):
    lines = (ROOT / "include" / site.file).read_text(encoding="latin-1").split("\n")
    return site.file, lines[site.line - 1].strip(), site.change


def digest_of(what, paths):
    state = hashlib.sha256(what.encode())
    for path in sorted(paths):
        if path.suffix in (".hpp", ".cpp", ".py", ".txt") and path.name != "equivalent.txt":
            state.update(path.read_bytes())
    return state.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=400, help="how many mutants (400)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression: headers to mutate, as unroll/core/")
    parser.add_argument("--tests", default="", help="folders and files of tests/ to use, with ; between (all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)

    results, sample = OUT / "results.tsv", OUT / "sample.json"
    digest = digest_of(f"{arguments.count} {arguments.seed} {arguments.only} {arguments.tests}",
                       [*(ROOT / "include").rglob("*"), *(ROOT / "tests/mutate").iterdir()])
    saved = json.loads(sample.read_text()) if sample.exists() else {}
    if saved.get("digest") == digest:
        chosen = [sites.Site(*fields) for fields in saved["sites"]]
    else:
        results.unlink(missing_ok=True)
        found = {file: of_file for file, of_file in sites.find(ROOT / "include").items()
                 if re.search(arguments.only, file)}
        print(f"mutate: {sum(map(len, found.values()))} places in {len(found)} headers", flush=True)
        chosen = choose(sites.in_order(found, arguments.seed), arguments.count, arguments.tests, arguments.jobs)
        sample.write_text(json.dumps({"digest": digest, "sites": [dataclasses.astuple(site) for site in chosen]}))
    print(f"mutate: building the tests with {len(chosen)} mutants", flush=True)
    project.make(BUILD, arguments.jobs)
    tests = first_run(len(chosen))

    # What was killed stays so; the others are tried again when the tests have changed.
    by_these = digest_of("", (ROOT / "tests").rglob("*"))
    lines = [line.split("\t") for line in results.read_text().splitlines()] if results.exists() else []
    known = {key: word for key, word, _, tests_then in lines if word == "killed" or tests_then == by_these}
    same = equivalents()
    known |= {site.key: "equivalent" for site in chosen if naming(site) in same}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool, results.open("a") as log:
        tried = {pool.submit(try_mutant, number, tests): site for number, site in enumerate(chosen, 1)
                 if site.key not in known}
        for future in concurrent.futures.as_completed(tried):
            site, (word, by) = tried[future], future.result()
            known[site.key] = word
            log.write(f"{site.key}\t{word}\t{by}\t{by_these}\n")
            log.flush()
            print(f"{word:<12}{site.file}:{site.line}  {site.change}  {by}", flush=True)
    return report(chosen, known)


def report(chosen, known):
    """Prints what lives, as equivalent.txt names it, and the sums."""
    for word in ("not reached", "survived"):
        alive = [site for site in chosen if known[site.key] == word]
        if alive:
            print(f"\n== {word}")
        for site in alive:
            print("%s\n  line: %s\n  change: %s" % naming(site) + f"\n  at: {site.line}")
    counts = {word: sum(known[site.key] == word for site in chosen)
              for word in ("killed", "survived", "not reached", "equivalent")}
    share = 100 * counts["killed"] / max(1, len(chosen) - counts["equivalent"])
    print("\n" + ", ".join(f"{count} {word}" for word, count in counts.items()) +
          f": {share:.1f} % of those that change anything die")
    return 0 if share >= 95 else 1


if __name__ == "__main__":
    sys.exit(main())
