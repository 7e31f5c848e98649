"""The benchmark's rows, and the arithmetic of a row."""

from typing import NamedTuple

KINDS = ["fwd", "fwd_bfloat16", "fwd_int8", "train", "step", "stream", "stream_fixed"]
STACKED = ["fwd", "train", "step"]  # of several layers
CELLS = ["rnn", "lstm", "gru"]
SHAPES = [
    (32, 32, 100, 1),
    (64, 128, 100, 1),
    (256, 256, 100, 1),
    (512, 512, 100, 1),
    (64, 128, 100, 32),
    (256, 256, 64, 32),
    (512, 512, 64, 64),
    (650, 650, 35, 20),
    (40, 100, 77, 17),
]
STREAMED = [8, 16, 24, 32, 40, 64, 128]
NARROW = [(hidden, hidden, 64, batch) for hidden in (256, 512, 1024) for batch in (1, 16)]
STACKS = [(64, 64, 1000, 1), (256, 256, 100, 1), (256, 256, 64, 32)]


class Row(NamedTuple):
    cell: str
    kind: str
    input: int
    hidden: int
    steps: int
    batch: int
    layers: int = 1

    @property
    def name(self):
        return ",".join(str(field) for field in (self if self.layers > 1 else self[:6]))

    @property
    def sizes(self):
        return self[2:]

    @property
    def storage(self):
        """What the weights are kept in where it is fewer bits than a float, else an empty string."""
        return self.kind.partition("fwd_")[2]

    def operations(self):
        """2 x the multiply-adds of the matrix products, a step of one sample for streams; training counts 3 x forward."""
        gates = {"rnn": 1, "lstm": 4, "gru": 3}[self.cell]
        column = 2 * gates * self.hidden * (self.input + self.hidden)
        if self.kind.startswith("stream"):
            return column + 2 * self.hidden  # the dense head
        column += (self.layers - 1) * 4 * gates * self.hidden**2
        return column * self.steps * self.batch * (1 if self.kind.startswith("fwd") else 3)

    def bytes(self):
        """What one call walks over: the weights; in training the gates and states of all steps too."""
        weights, tape = {"rnn": (1, 2), "lstm": (4, 6), "gru": (3, 5)}[self.cell]  # tape: gates and states
        steps = 1 if self.kind == "fwd" else self.steps
        return 4 * self.hidden * (weights * (self.input + self.hidden) + tape * steps * self.batch)

    @property
    def function(self):
        """What is computed, whatever the sizes; with weights in fewer bits the distance depends on them."""
        if self.storage:
            return (self.name,)
        return (self.cell, self.kind) if self.layers == 1 else (self.cell, self.kind, self.layers, "layers")

    def checked(self):
        """The row whose results are compared in this one's place: a small one of the same function, or itself."""
        if self.storage:
            return self
        sizes = (1, 16, 1, 1) if self.kind.startswith("stream") else (5, 20, 7, 3)
        return Row(self.cell, self.kind, *sizes, self.layers)


def parse(text):
    """Throws ValueError unless it is "cell,kind,I,H,T,B" or, of several layers, "cell,kind,I,H,T,B,layers"."""
    fields = text.replace(" ", "").split(",")
    expected = f"'{text}', expected \"cell,kind,I,H,T,B[,layers]\" with cell {', '.join(CELLS)} and kind {', '.join(KINDS)}"
    if len(fields) not in (6, 7) or fields[0] not in CELLS or fields[1] not in KINDS:
        raise ValueError(expected)
    if not all(size.isdecimal() and 0 < int(size) < 10**9 for size in fields[2:]):
        raise ValueError(expected + " and sizes of at least 1")
    row = Row(fields[0], fields[1], *(int(size) for size in fields[2:]))
    if row.layers > 1 and row.kind not in STACKED:
        raise ValueError(f"'{text}', expected one layer: several are of kind {', '.join(STACKED)}")
    return row


def narrow_rows():
    """Each with full weights too."""
    return [Row("lstm", kind, *shape) for shape in NARROW for kind in ("fwd", "fwd_bfloat16", "fwd_int8")]


def stack_rows():
    return [Row("lstm", kind, *shape, layers) for kind in ("fwd", "train") for shape in STACKS for layers in (2, 4)]


def all_rows():
    rows = [Row(cell, kind, *shape) for kind in ("fwd", "train", "step") for cell in CELLS for shape in SHAPES]
    streams = [(cell, hidden) for cell in ("lstm", "gru") for hidden in STREAMED]
    rows += [Row(cell, kind, 1, hidden, 1, 1) for kind in ("stream", "stream_fixed") for cell, hidden in streams]
    return rows + narrow_rows() + stack_rows()


def quick_rows():
    names = [f"lstm,{kind},{shape}" for kind in ("fwd", "train") for shape in ("32,32,100,1", "256,256,64,32")]
    names += [f"{cell},{kind},64,128,100,32" for kind in ("fwd", "train") for cell in CELLS]
    names += [f"gru,{kind},40,100,77,17" for kind in ("fwd", "train")]
    names += [f"{cell},step,{shape}" for cell, shape in (("lstm", "32,32,100,1"), ("gru", "64,128,100,32"))]
    names += [f"{cell},stream,1,{hidden},1,1" for cell, hidden in (("lstm", 16), ("lstm", 32), ("gru", 64))]
    rows = [parse(name) for name in names]
    return sorted(rows, key=lambda row: KINDS.index(row.kind))


def growth_rows():
    """Rows in which T, B or H (and I with it) doubles from one to the next."""
    rows = []
    for kind in ("fwd", "train"):
        rows += [[Row("lstm", kind, 64, 64, steps, 16) for steps in (25, 50, 100, 200, 400)]]
        rows += [[Row("lstm", kind, 64, 64, 50, batch) for batch in (12, 24, 48, 96, 192)]]
        rows += [[Row("lstm", kind, hidden, hidden, 50, 24) for hidden in (16, 32, 64, 128, 256, 512)]]
    return rows
