#!/usr/bin/env python3
"""Writes ../data/torch/layer_norm_lstm*.txt: a layer-normalised LSTM in PyTorch's operations, and all its gradients.

    python3 tests/reference/layer_norm_vectors.py        (torch 2.13.0, CPU)

Ba, Kiros & Hinton 2016, equations 20 to 22, with torch.nn.functional.layer_norm. The files are written as
torch_vectors.py says; the parameters' names are those of unroll::LayerNormLstm. The second file is of a reverse layer
over a ragged batch: each sequence is run alone, from its own last step to its first.
"""

import torch
from torch.nn.functional import layer_norm

from torch_vectors import BATCH, FOLDER, INPUT, LENGTHS, STEPS, draw, text

HIDDEN = 5


def step(p, x, h, c):
    gates = p["gain_ih"] * layer_norm(x @ p["weight_ih"].t(), (4 * HIDDEN,))
    gates = gates + p["gain_hh"] * layer_norm(h @ p["weight_hh"].t(), (4 * HIDDEN,)) + p["bias"]
    i, f, g, o = gates.chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(layer_norm(c, (HIDDEN,), p["gain_c"], p["bias_c"])), c


def unroll(p, lengths, reverse):
    """Every sample alone: y is steps x batch x hidden, zero past a sequence's end."""
    y, h_n, c_n = [], [], []
    for b, length in enumerate(lengths):
        h, c, outputs = p["h_0"][b], p["c_0"][b], [torch.zeros_like(p["h_0"][b])] * STEPS
        for t in reversed(range(length)) if reverse else range(length):
            h, c = step(p, p["x"][t, b], h, c)
            outputs[t] = h
        y.append(torch.stack(outputs))
        h_n.append(h)
        c_n.append(c)
    return {"y": torch.stack(y, dim=1), "h_n": torch.stack(h_n), "c_n": torch.stack(c_n)}


def run(given, precision, lengths, reverse):
    dtype = {"f64": torch.float64, "f32": torch.float32}[precision]
    p = {name: value.to(dtype, copy=True).requires_grad_(not name.startswith("d_")) for name, value in given.items()}
    results = unroll(p, lengths, reverse)
    sum((p[f"d_{name}"] * value).sum() for name, value in results.items()).backward()
    results |= {f"d_{name}": value.grad for name, value in p.items() if not name.startswith("d_")}
    return {name: value.detach() for name, value in results.items()}


def write(case, lengths, reverse, seed):
    torch.manual_seed(seed)
    given = {
        "weight_ih": draw(4 * HIDDEN, INPUT, bound=0.5),
        "weight_hh": draw(4 * HIDDEN, HIDDEN, bound=0.5),
        "bias": draw(4 * HIDDEN, bound=0.5),
        "gain_ih": 1 + draw(4 * HIDDEN, bound=0.5),
        "gain_hh": 1 + draw(4 * HIDDEN, bound=0.5),
        "gain_c": 1 + draw(HIDDEN, bound=0.5),
        "bias_c": draw(HIDDEN, bound=0.5),
        "x": draw(STEPS, BATCH, INPUT, bound=2),
        "h_0": draw(BATCH, HIDDEN, bound=1),
        "c_0": draw(BATCH, HIDDEN, bound=1),
        "d_y": draw(STEPS, BATCH, HIDDEN, bound=1),
        "d_h_n": draw(BATCH, HIDDEN, bound=1),
        "d_c_n": draw(BATCH, HIDDEN, bound=1),
    }
    results = {precision: run(given, precision, lengths, reverse) for precision in ("f64", "f32")}

    def block(name, tensor):
        """Vectors are columns; a weight's rows are its columns in the file."""
        if tensor.dim() == 1:
            return text(name, tensor[None])
        return text(name, tensor.t() if "weight" in name else tensor.reshape(-1, tensor.shape[-1]))

    parts = [
        f"# layer_norm_vectors.py, torch {torch.__version__}: steps {STEPS}, batch {BATCH}, input {INPUT}, "
        f"hidden {HIDDEN}, {'reverse' if reverse else 'forward'}, seed {seed}\n"
    ]
    if lengths != [STEPS] * BATCH:
        parts.append(text("lengths", torch.tensor([lengths], dtype=torch.float64).t()))
    parts += [block(name, tensor) for name, tensor in given.items()]
    for precision, tensors in results.items():
        parts += [block(f"{precision}.{name}", tensor) for name, tensor in tensors.items()]
    path = FOLDER / f"{case}.txt"
    path.write_text("".join(parts))
    print(f"{path.name} {path.stat().st_size}")


def main():
    torch.set_num_threads(1)
    write("layer_norm_lstm", [STEPS] * BATCH, reverse=False, seed=1)
    write("layer_norm_lstm_reverse_ragged", LENGTHS, reverse=True, seed=2)


if __name__ == "__main__":
    main()
