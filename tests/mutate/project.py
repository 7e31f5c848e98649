"""A build of the tests for a tool: what mutate.py and coverage.py share."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def configure(source, build, flags, tests, *options):
    """The tests of `source` at -O1 by clang++; `tests` as UNROLL_TESTS, or all."""
    done = subprocess.run(
        ["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_BUILD_TYPE=None",
         f"-DCMAKE_CXX_FLAGS=-O1 -w {flags}", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DUNROLL_BUILD_EXAMPLES=OFF",
         "-DUNROLL_INSTALL=OFF", f"-DUNROLL_TESTS={tests}" if tests else "-UUNROLL_TESTS", *options],
        capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)


def make(build, jobs, **environment):
    subprocess.run(["cmake", "--build", build, "-j", str(jobs)], check=True,
                   stdout=subprocess.DEVNULL, env=dict(os.environ, **environment))


def executables(build, **environment):
    """Those that hold the tests of a build."""
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, check=True,
                            env=dict(os.environ, **environment)).stdout
    commands = {test["command"][0] for test in json.loads(listed)["tests"] if "command" in test}
    return sorted(pathlib.Path(c) for c in commands if c.startswith(f"{build}/"))
