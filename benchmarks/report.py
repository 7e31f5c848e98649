"""The tables of compare.py, in Markdown."""

import math

TITLES = {
    "fwd": "Inference",
    "train": "Training: forward and backward",
    "step": "Training step: with clipping and Adam",
    "stream": "Streaming: one step a call",
    "stream_fixed": "Streaming, our sizes known at compile time",
}


def digits(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def kind_of(row):
    return row["name"].split(",")[1]


def times(kind, rows):
    """One kind's table; streams are in nanoseconds, which is what they last."""
    unit, scale = ("ns", 1e6) if kind.startswith("stream") else ("ms", 1)
    peers = list(dict.fromkeys(peer for row in rows for peer in row["peers"]))
    header = ["cell, I, H, T, B", "unroll", *peers, "best peer / unroll", "GFLOP/s", "of peak"]
    body = []
    for row in rows:
        cell, _, *sizes = row["name"].split(",")
        values = [row["ours_ms"], *(row["peers"].get(peer) for peer in peers)]
        share = row["share_of_peak"]
        body.append(
            [" ".join([cell, *sizes])]
            + [digits(None if value is None else value * scale) for value in values]
            + ["-" if row["ratio"] is None else f"**{row['ratio']:.2f}**", digits(row["gflops"])]
            + ["-" if share is None else f"{100 * share:.0f}%"]
        )
    ratios = [row["ratio"] for row in rows if row["ratio"] is not None]
    mean = f"\nGeometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}.\n" if ratios else ""
    return f"### {TITLES[kind]} ({unit})\n\n{table(header, body)}{mean}"


def growth(series, milliseconds, caches):
    """How time grows beside the operations, from each row of a series to the next, and which cache is outgrown there."""
    header = ["cell, kind, I, H, T, B", "then", "operations", "time", "time / operations", "outgrows"]
    body = []
    for rows in series:
        for row, larger in zip(rows, rows[1:]):
            before, after = milliseconds.get(row.name), milliseconds.get(larger.name)
            if before is None or after is None:
                continue
            work, time = larger.operations() / row.operations(), after / before
            outgrown = [name for name, size in caches.items() if row.bytes() <= size < larger.bytes()]
            names = [row.name.replace(",", " "), " ".join(larger.name.split(",")[2:])]
            body.append([*names, f"x {work:.2f}", f"x {time:.2f}", f"**{time / work:.2f}**", " ".join(outgrown)])
    sizes = ", ".join(f"{name} {size // 1024} KiB" for name, size in caches.items())
    return f"### Growth of our time (caches: {sizes})\n\n{table(header, body)}"


def memory(bytes_of_rows):
    """Rows of name, peak and needed bytes."""
    header = ["cell, I, H, T, B", "peak MB", "needed MB", "peak / needed"]
    body = [
        [name.replace(",", " "), f"{peak / 1e6:.3f}", f"{needed / 1e6:.3f}", f"{peak / needed:.2f}"]
        for name, peak, needed in bytes_of_rows
    ]
    return f"### Memory of our training step\n\n{table(header, body)}"


def report(result, peaks, bytes_of_rows, notes, grown=None):
    """Everything, from what is written as JSON, the measured peaks and what there is to say; `grown` is what growth()
    takes."""
    parts = [
        f"{result['machine']}; {result['build']}.\n",
        f"Peak: {result['peak_gflops']:.0f} GFLOP/s, the median of {len(peaks)} measurements between the rows "
        f"({min(peaks):.0f} to {max(peaks):.0f}).\n",
    ]
    for kind in TITLES:
        rows = [row for row in result["rows"] if kind_of(row) == kind]
        if rows:
            parts.append(times(kind, rows))
    if bytes_of_rows:
        parts.append(memory(bytes_of_rows))
    if grown:
        parts.append(growth(*grown))
    if notes:
        parts.append("### Notes\n\n" + "\n".join(f"- {note}" for note in notes) + "\n")
    return "\n".join(parts)
