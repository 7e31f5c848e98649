"""The tables of compare.py, in Markdown."""

import math

import rows as benchmark

TITLES = {
    "fwd": "Inference",
    "train": "Training: forward and backward",
    "step": "Training step: with clipping and Adam",
    "stream": "Streaming: one step a call",
    "stream_fixed": "Streaming, our sizes known at compile time",
    "narrow": "Inference with weights in fewer bits",
    "stacked fwd": "Several layers: inference",
    "stacked train": "Several layers: forward and backward",
    "stacked step": "Several layers: with clipping and Adam",
}
FULL = "full"  # the storage of weights that are floats


def digits(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def by_table(entries):
    """The entries of each title, with their rows. Inference with full weights is beside that of its shape in fewer bits."""
    rows = [benchmark.parse(entry["name"]) for entry in entries]
    narrow = {(row.cell, row.sizes) for row in rows if row.storage}
    tables = {title: [] for title in TITLES}
    for row, entry in zip(rows, entries):
        if row.storage or (row.kind == "fwd" and (row.cell, row.sizes) in narrow):
            tables["narrow"].append((row, entry))
        else:
            tables[row.kind if row.layers == 1 else f"stacked {row.kind}"].append((row, entry))
    return {title: found for title, found in tables.items() if found}


def means(found):
    """Of the ratios, for each storage of the weights."""
    lines, storages = [], dict.fromkeys(row.storage for row, _ in found)
    for storage in storages:
        ratios = [entry["ratio"] for row, entry in found if row.storage == storage and entry["ratio"] is not None]
        if ratios:
            of = f" of {storage or FULL}" if len(storages) > 1 else ""
            lines.append(f"Geometric mean{of} {geometric_mean(ratios):.2f}, least {min(ratios):.2f}.")
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def times(title, found):
    """One table; streams are in nanoseconds, which is what they last."""
    unit, scale = ("ns", 1e6) if title.startswith("stream") else ("ms", 1)
    peers = list(dict.fromkeys(peer for _, entry in found for peer in entry["peers"]))
    narrow = title == "narrow"
    first = f"cell, {'weights, ' if narrow else ''}I, H, T, B{', layers' if title.startswith('stacked') else ''}"
    header = [first, "unroll", *peers, "best peer / unroll", "GFLOP/s", "of peak"]

    def cell(entry, name, milliseconds):
        if milliseconds is None or name not in entry["distances"]:
            return digits(None if milliseconds is None else milliseconds * scale)
        return f"{digits(milliseconds * scale)} ({100 * entry['distances'][name]:.2g}%)"

    body = []
    for row, entry in found:
        weights = [row.storage or FULL] if narrow else []
        times_by_name = {"unroll": entry["ours_ms"]} | {peer: entry["peers"].get(peer) for peer in peers}
        share = entry["share_of_peak"]
        body.append(
            [" ".join([row.cell, *weights, *row.name.split(",")[2:]])]
            + [cell(entry, name, milliseconds) for name, milliseconds in times_by_name.items()]
            + ["-" if entry["ratio"] is None else f"**{entry['ratio']:.2f}**", digits(entry["gflops"])]
            + ["-" if share is None else f"{100 * share:.0f}%"]
        )
    distance = " and the distance of the outputs from ours with full weights" if narrow else ""
    return f"### {TITLES[title]} ({unit}{distance})\n\n{table(header, body)}{means(found)}"


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
    parts += [times(title, found) for title, found in by_table(result["rows"]).items()]
    if bytes_of_rows:
        parts.append(memory(bytes_of_rows))
    if grown:
        parts.append(growth(*grown))
    if notes:
        parts.append("### Notes\n\n" + "\n".join(f"- {note}" for note in notes) + "\n")
    return "\n".join(parts)
