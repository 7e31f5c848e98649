"""What is known of the machine: its processors, caches, and who else uses them."""

import os
import pathlib
import platform
import time


def description(threads):
    name = platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        fields = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        name = next((value.strip() for key, _, value in fields if key.strip() == "model name"), name)
    return f"{name}, {threads} of {os.cpu_count()} processors, {platform.system()} {platform.machine()}"


def caches():
    """The sizes of a core's data caches by name, in bytes; empty where the system does not tell."""
    sizes = {}
    for folder in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            sizes[f"L{level}"] = int(size.removesuffix("K")) * 1024
    return sizes


def processors_used_by_others():
    """How many processors were busy during a second in which we did nothing."""
    stat = pathlib.Path("/proc/stat")
    if not stat.exists():
        return 0.0

    def ticks():
        fields = [int(number) for number in stat.read_text().splitlines()[0].split()[1:9]]
        idle = fields[3] + fields[4]
        return sum(fields) - idle, sum(fields)

    (busy_before, all_before), _, (busy, all_ticks) = ticks(), time.sleep(1), ticks()
    return (os.cpu_count() or 1) * (busy - busy_before) / max(all_ticks - all_before, 1)


def cores():
    """One logical processor of each physical core that this process may use."""
    chosen, seen = [], set()
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text().strip() if siblings.exists() else str(cpu)
        if core not in seen:
            seen.add(core)
            chosen.append(cpu)
    return chosen
