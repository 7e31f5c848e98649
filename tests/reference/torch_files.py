#!/usr/bin/env python3
"""Files between PyTorch and us, both ways (torch 2.13.0, safetensors from PyPI, CPU).

    python3 tests/reference/torch_files.py                  writes ../data/torch_files: what tests/io/pytorch.cpp reads
    python3 tests/reference/torch_files.py --check FILE...  loads files that it wrote: strictly, outputs compared

A case is two files: NAME.safetensors is a state_dict, NAME.io.safetensors holds x and y = module(x), (T, B, features).
The architecture goes by NAME. `--check` reads the same pair, written by our `save_pytorch`:

    UNROLL_TORCH_OUT=/tmp/out test_io_pytorch && python3 tests/reference/torch_files.py --check /tmp/out/*
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file

STEPS, BATCH, INPUT, HIDDEN, OUTPUT, TOKENS = 5, 2, 3, 4, 2, 7
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "torch_files"


class Model(torch.nn.Module):
    """A recurrent network and a head, after an embedding if there are tokens."""

    def __init__(self, kind, tokens=0, **options):
        super().__init__()
        self.embedding = torch.nn.Embedding(tokens, INPUT) if tokens else None
        self.rnn = kind(INPUT, HIDDEN, **options)
        self.head = torch.nn.Linear(HIDDEN * (2 if options.get("bidirectional") else 1), OUTPUT)

    def forward(self, x):
        if self.embedding:
            x = self.embedding(x.squeeze(-1).long())
        return self.head(self.rnn(x)[0])


class Convolved(torch.nn.Module):
    """A causal convolution, a recurrent network and a head."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv1d(INPUT, 6, kernel_size=2, dilation=3, groups=3)
        self.rnn = torch.nn.LSTM(6, HIDDEN)
        self.head = torch.nn.Linear(HIDDEN, OUTPUT)

    def forward(self, x):
        x = torch.nn.functional.pad(x.permute(1, 2, 0), (3, 0))  # B x I x T
        return self.head(self.rnn(self.conv(x).permute(2, 0, 1))[0])


class Bare(torch.nn.LSTM):
    """One nn.LSTM: its state_dict has no prefix."""

    def forward(self, x):
        return super().forward(x)[0]


DEEP = {"num_layers": 2, "bidirectional": True}
CASES = {
    "rnn_tanh": lambda: Model(torch.nn.RNN, nonlinearity="tanh", **DEEP),
    "rnn_relu": lambda: Model(torch.nn.RNN, nonlinearity="relu", **DEEP),
    "lstm": lambda: Model(torch.nn.LSTM, **DEEP),
    "gru": lambda: Model(torch.nn.GRU, **DEEP),
    "tokens": lambda: Model(torch.nn.GRU, tokens=TOKENS, num_layers=2),
    "bare": lambda: Bare(INPUT, HIDDEN).double(),
    "bare_f16": lambda: Bare(INPUT, HIDDEN),
    "bare_bf16": lambda: Bare(INPUT, HIDDEN),
    "projected": lambda: Bare(INPUT, HIDDEN, proj_size=2, num_layers=2, bidirectional=True).double(),
    "convolved": Convolved,
}
HALF = {"bare_f16": torch.float16, "bare_bf16": torch.bfloat16}  # the file's numbers; the outputs are float's


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, make) in enumerate(CASES.items(), start=1):
        torch.manual_seed(seed)
        module = make()
        dtype = next(module.parameters()).dtype
        if name == "tokens":
            x = torch.randint(0, TOKENS, (STEPS, BATCH, 1)).to(dtype)
        else:
            x = torch.randn(STEPS, BATCH, INPUT, dtype=dtype)
        state = {key: value.to(HALF.get(name, dtype)) for key, value in module.state_dict().items()}
        module.load_state_dict({key: value.to(dtype) for key, value in state.items()})
        with torch.no_grad():
            y = module(x)
        save_file(state, FOLDER / f"{name}.safetensors")
        save_file({"x": x, "y": y.contiguous()}, FOLDER / f"{name}.io.safetensors")
        print(f"{name}: y is {tuple(y.shape)}, {y.abs().min():.3f} to {y.abs().max():.3f}")


def check(paths):
    paths = [path for path in paths if not path.name.endswith(".io.safetensors")]
    for path in paths:
        module = CASES[path.stem]()
        module.load_state_dict(load_file(path), strict=True)
        ours = load_file(path.with_suffix(".io.safetensors"))
        with torch.no_grad():
            y = module(ours["x"])
        torch.testing.assert_close(ours["y"], y)  # float: rtol 1.3e-6, atol 1e-5
        print(f"{path.name}: PyTorch agrees, largest difference {(ours['y'] - y).abs().max():.2g}")
    print(f"{len(paths)} files checked with torch {torch.__version__}")


if __name__ == "__main__":
    torch.backends.mkldnn.enabled = False
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--check"] and len(sys.argv) > 2:
        check([pathlib.Path(name) for name in sys.argv[2:]])
    elif len(sys.argv) == 1:
        write()
    else:
        sys.exit(__doc__)
