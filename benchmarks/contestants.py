"""The programs that compare.py measures, each a process of its own that stays alive and waits for its turn."""

import os
import pathlib
import select
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
OURS = "unroll"


class Lost(Exception):
    """A contestant that ended, or did not answer in time."""


class Contestant:
    def __init__(self, name, command, cpus):
        self.name, self.command, self.cpus = name, command, cpus
        self.missing = None  # why it takes no part
        self.version = name
        self.process = None
        self.start()

    def start(self):
        threads = str(len(self.cpus))
        names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
        self.errors = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env=os.environ | {name: threads for name in names} | {"OMP_PROC_BIND": "true"},
                preexec_fn=lambda: os.sched_setaffinity(0, self.cpus),
            )
            word, self.version = self.answer(120)
            if word != "hello":
                raise Lost(f"said {word} {self.version}")
        except (OSError, Lost) as reason:
            self.stop()
            self.missing = str(reason)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def ask(self, line, timeout=600):
        """The answer's first word and the rest. Throws Lost, after which the contestant has been started anew."""
        try:
            self.process.stdin.write(f"{line}\n".encode())
            self.process.stdin.flush()
            return self.answer(timeout)
        except (BrokenPipeError, Lost) as error:
            reason = error if isinstance(error, Lost) else self.last_words()
            self.stop()
            self.start()
            raise Lost(reason) from None

    def answer(self, timeout):
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            raise Lost(f"no answer in {timeout} s")
        line = self.process.stdout.readline().decode()
        if not line.endswith("\n"):
            raise Lost(self.last_words())
        word, _, rest = line.strip().partition(" ")
        return word, rest

    def last_words(self):
        """What the process printed last before it ended."""
        self.process.wait(10)
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return f"ended with {self.process.returncode}: {lines[-1] if lines else 'without a word'}"


def build_with(flags):
    """Builds our program with these flags alone, in a folder of their own, which is returned."""
    folder = ROOT / "build" / ("bench_flags" + "".join(c if c.isalnum() or c in "-+=.,_" else "_" for c in flags))
    settings = ["-DCMAKE_BUILD_TYPE=None", f"-DUNROLL_BENCH_FLAGS={flags}"]
    for arguments in (["--preset", "bench", "-B", folder, *settings], ["--build", folder, "--target", "unroll_bench"]):
        if subprocess.run(["cmake", *arguments], cwd=ROOT, stdout=sys.stderr).returncode != 0:
            sys.exit(f"compare.py: our program does not build with {flags}")
    return folder


def ours(threads, build=BUILD):
    return [str(build / "benchmarks" / "unroll_bench"), "--threads", str(threads)]


def peers():
    """Every peer and how it is started."""
    python = BUILD / "venv" / "bin" / "python"
    python = str(python) if python.exists() else sys.executable
    scripts = HERE / "peers"
    return {
        "pytorch": [python, str(scripts / "torch_peer.py")],
        "torch.compile": [python, str(scripts / "torch_peer.py"), "--compile"],
        "onnxruntime": [python, str(scripts / "onnxruntime_peer.py")],
        "openvino": [python, str(scripts / "openvino_peer.py")],
        "onednn": [str(BUILD / "benchmarks" / "onednn_bench")],
    }
