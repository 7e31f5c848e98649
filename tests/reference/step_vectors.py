#!/usr/bin/env python3
"""Writes ../data/torch/{layer_norm_lstm,projected_lstm,peephole_lstm,min_gru,min_lstm}*.txt: layers of one step each in
PyTorch's operations, and all their gradients.

    python3 tests/reference/step_vectors.py        (torch 2.13.0, CPU)

The files are written as torch_vectors.py says; the parameters' names are those of Unroll's layers, and the formulas
those of the papers that the headers name. Of each layer there is a forward pass over whole sequences, and a reverse one
over a ragged batch: each sequence is run alone, from its own last step to its first. The projected LSTM is compared with
torch.nn.LSTM(proj_size) before it is written.
"""

import torch
from torch import sigmoid, tanh
from torch.nn.functional import layer_norm

from torch_vectors import BATCH, FOLDER, INPUT, LENGTHS, STEPS, draw, text

HIDDEN, PROJECTED = 5, 3


def gates(p, x, h, count):
    return (x @ p["weight_ih"].t() + h @ p["weight_hh"].t() + p["bias"]).chunk(count, dim=-1)


def layer_norm_lstm(p, x, h, c):
    z = p["gain_ih"] * layer_norm(x @ p["weight_ih"].t(), (4 * HIDDEN,))
    z = z + p["gain_hh"] * layer_norm(h @ p["weight_hh"].t(), (4 * HIDDEN,)) + p["bias"]
    i, f, g, o = z.chunk(4, dim=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(layer_norm(c, (HIDDEN,), p["gain_c"], p["bias_c"])), c


def projected_lstm(p, x, h, c):
    i, f, g, o = gates(p, x, h, 4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return (sigmoid(o) * tanh(c)) @ p["weight_hr"].t(), c


def peephole_lstm(p, x, h, c):
    bias, p_i, p_f, p_o = p["bias"].split([4 * HIDDEN, HIDDEN, HIDDEN, HIDDEN])
    i, f, g, o = gates(p | {"bias": bias}, x, h, 4)
    new_c = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * tanh(g)
    return sigmoid(o + p_o * new_c) * tanh(new_c), new_c


def min_gru(p, x, h):
    z, n = (x @ p["weight_ih"].t() + p["bias"]).chunk(2, dim=-1)
    return ((1 - sigmoid(z)) * h + sigmoid(z) * n,)


def min_lstm(p, x, h):
    i, f, n = (x @ p["weight_ih"].t() + p["bias"]).chunk(3, dim=-1)
    i, f = sigmoid(i), sigmoid(f)
    return (f / (f + i) * h + i / (f + i) * n,)


def recurrent(outputs=HIDDEN, rows=4, biases=4):
    return {
        "weight_ih": (rows * HIDDEN, INPUT),
        "weight_hh": (rows * HIDDEN, outputs),
        "bias": (biases * HIDDEN,),
    }


# step, states and their sizes, shapes of the parameters
LAYERS = {
    "layer_norm_lstm": (
        layer_norm_lstm,
        {"h": HIDDEN, "c": HIDDEN},
        recurrent() | {"gain_ih": (4 * HIDDEN,), "gain_hh": (4 * HIDDEN,), "gain_c": (HIDDEN,), "bias_c": (HIDDEN,)},
    ),
    "projected_lstm": (
        projected_lstm,
        {"h": PROJECTED, "c": HIDDEN},
        recurrent(PROJECTED) | {"weight_hr": (PROJECTED, HIDDEN)},
    ),
    "peephole_lstm": (peephole_lstm, {"h": HIDDEN, "c": HIDDEN}, recurrent(biases=7)),
    "min_gru": (min_gru, {"h": HIDDEN}, {"weight_ih": (2 * HIDDEN, INPUT), "bias": (2 * HIDDEN,)}),
    "min_lstm": (min_lstm, {"h": HIDDEN}, {"weight_ih": (3 * HIDDEN, INPUT), "bias": (3 * HIDDEN,)}),
}


def unroll(step, names, p, lengths, reverse):
    """Every sample alone: y is steps x batch x outputs, zero past a sequence's end."""
    y, last = [], {name: [] for name in names}
    for b, length in enumerate(lengths):
        states = [p[f"{name}_0"][b] for name in names]
        outputs = [torch.zeros_like(states[0])] * STEPS
        for t in reversed(range(length)) if reverse else range(length):
            states = step(p, p["x"][t, b], *states)
            outputs[t] = states[0]
        y.append(torch.stack(outputs))
        for name, state in zip(names, states):
            last[name].append(state)
    return {"y": torch.stack(y, dim=1)} | {f"{name}_n": torch.stack(states) for name, states in last.items()}


def run(step, names, given, precision, lengths, reverse):
    dtype = {"f64": torch.float64, "f32": torch.float32}[precision]
    p = {name: value.to(dtype, copy=True).requires_grad_(not name.startswith("d_")) for name, value in given.items()}
    results = unroll(step, names, p, lengths, reverse)
    sum((p[f"d_{name}"] * value).sum() for name, value in results.items()).backward()
    results |= {f"d_{name}": value.grad for name, value in p.items() if not name.startswith("d_")}
    return {name: value.detach() for name, value in results.items()}


def compare_with_torch(given, y):
    lstm = torch.nn.LSTM(INPUT, HIDDEN, proj_size=PROJECTED, dtype=torch.float64)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(given["weight_ih"])
        lstm.weight_hh_l0.copy_(given["weight_hh"])
        lstm.weight_hr_l0.copy_(given["weight_hr"])
        lstm.bias_ih_l0.copy_(given["bias"])
        lstm.bias_hh_l0.zero_()
        torchs, _ = lstm(given["x"], (given["h_0"][None], given["c_0"][None]))
    assert (torchs - y).abs().max() < 1e-15


def write(layer, reverse, seed):
    step, states, shapes = LAYERS[layer]
    torch.manual_seed(seed)
    given = {name: draw(*shape, bound=0.5) + (1 if "gain" in name else 0) for name, shape in shapes.items()}
    given["x"] = draw(STEPS, BATCH, INPUT, bound=2)
    given |= {f"{name}_0": draw(BATCH, size, bound=1) for name, size in states.items()}
    given["d_y"] = draw(STEPS, BATCH, states["h"], bound=1)
    given |= {f"d_{name}_n": draw(BATCH, size, bound=1) for name, size in states.items()}
    lengths = LENGTHS if reverse else [STEPS] * BATCH
    results = {precision: run(step, list(states), given, precision, lengths, reverse) for precision in ("f64", "f32")}
    if layer == "projected_lstm" and not reverse:
        compare_with_torch(given, results["f64"]["y"])

    def block(name, tensor):
        """Vectors are columns; a weight's rows are its columns in the file."""
        if tensor.dim() == 1:
            return text(name, tensor[None])
        return text(name, tensor.t() if "weight" in name else tensor.reshape(-1, tensor.shape[-1]))

    parts = [
        f"# step_vectors.py, torch {torch.__version__}: steps {STEPS}, batch {BATCH}, input {INPUT}, "
        f"hidden {HIDDEN}, {'reverse' if reverse else 'forward'}, seed {seed}\n"
    ]
    if reverse:
        parts.append(text("lengths", torch.tensor([lengths], dtype=torch.float64).t()))
    parts += [block(name, tensor) for name, tensor in given.items()]
    for precision, tensors in results.items():
        parts += [block(f"{precision}.{name}", tensor) for name, tensor in tensors.items()]
    path = FOLDER / f"{layer}{'_reverse_ragged' if reverse else ''}.txt"
    path.write_text("".join(parts))
    print(f"{path.name} {path.stat().st_size}")


def main():
    torch.set_num_threads(1)
    for layer in LAYERS:
        write(layer, reverse=False, seed=1)
        write(layer, reverse=True, seed=2)


if __name__ == "__main__":
    main()
