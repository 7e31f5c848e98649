#!/usr/bin/env python3
"""Writes ../data/torch/*.txt: what PyTorch says of nn.RNN, nn.LSTM and nn.GRU, forward and all gradients.

    python3 tests/reference/torch_vectors.py        (torch 2.13.0, CPU)

One file a case. After a first line that names the case come tensors: a line `name rows cols`, then one line a column.
Features are rows; x and y have a column t * batch + b for step t of sample b, states a column for each sample, weights
and biases are PyTorch's own. Names are PyTorch's (`weight_ih_l1_reverse`; `h_0`, `c_0`, `h_n`, `c_n` with the same
endings). Given are the parameters, x, the initial state, the lengths of a ragged batch, and the cotangents `d_y`,
`d_h_n`, `d_c_n` of

    loss = sum(d_y * y) + sum(d_h_n * h_n) + sum(d_c_n * c_n)

Results begin with the precision PyTorch computed in, `f64.` or `f32.`: `f64.y`, `f64.h_n_l0`, `f64.d_x`,
`f64.d_weight_ih_l0`, ... What is given is a multiple of 1/1024, so that both precisions start from the same numbers.
In a ragged batch x and d_y are not zero past the ends: they must not matter there.
"""

import pathlib

import torch

STEPS, BATCH, INPUT = 6, 3, 4
HIDDEN = {1: 5, 3: 3}  # by the number of layers: the files stay small
LENGTHS = [6, 2, 4]
KINDS = {
    "rnn_tanh": (torch.nn.RNN, {"nonlinearity": "tanh"}),
    "rnn_relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (torch.nn.LSTM, {}),
    "gru": (torch.nn.GRU, {}),
}
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "torch"


def draw(*shape, bound):
    """Uniform on the multiples of 1/1024 in [-bound, bound]."""
    return torch.randint(-round(1024 * bound), round(1024 * bound) + 1, shape).double() / 1024


def endings(layers, bidirectional):
    return [f"_l{k}{end}" for k in range(layers) for end in (["", "_reverse"] if bidirectional else [""])]


def run(net, given, precision, lengths):
    """One forward and backward pass in `precision`; results by name."""
    dtype = {"f64": torch.float64, "f32": torch.float32}[precision]
    net = net.to(dtype)
    net.zero_grad()
    leaf = {name: value.to(dtype, copy=True).requires_grad_() for name, value in given.items()}
    state_names = [name for name in ("h", "c") if f"{name}_0" in leaf]
    initial = tuple(leaf[f"{name}_0"] for name in state_names)
    hx = initial if len(initial) == 2 else initial[0]
    if lengths:
        x = torch.nn.utils.rnn.pack_padded_sequence(leaf["x"], lengths, enforce_sorted=False)
        y, final = net(x, hx)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=STEPS)
    else:
        y, final = net(leaf["x"], hx)
    final = final if isinstance(final, tuple) else (final,)

    loss = (leaf["d_y"].detach() * y).sum()
    for name, value in zip(state_names, final):
        loss = loss + (leaf[f"d_{name}_n"].detach() * value).sum()
    loss.backward()

    results = {"y": y}
    results |= {f"{name}_n": value for name, value in zip(state_names, final)}
    results |= {f"d_{name}": leaf[name].grad for name in ["x"] + [f"{name}_0" for name in state_names]}
    results |= {f"d_{name}": parameter.grad for name, parameter in net.named_parameters()}
    return {name: value.detach().clone() for name, value in results.items()}


def blocks(name, tensor, ends):
    """The matrices that one tensor is written as, each transposed: a row is a column of the file."""
    if name.endswith(("_0", "_n")):
        for end, state in zip(ends, tensor):  # one for each layer and direction
            yield name + end, state
    elif "weight" in name:
        yield name, tensor.t()
    else:
        yield name, tensor.reshape(-1, tensor.shape[-1])


def text(name, matrix):
    """Digits enough to read back the same number."""
    digits = repr if matrix.dtype == torch.float64 else "{:.9g}".format
    lines = [f"{name} {matrix.shape[1]} {matrix.shape[0]}"]
    lines += [" ".join(digits(number).removesuffix(".0") for number in column) for column in matrix.tolist()]
    return "\n".join(lines) + "\n"


def write(kind, layers, bidirectional, lengths, seed):
    torch.manual_seed(seed)
    make, options = KINDS[kind]
    hidden, directions = HIDDEN[layers], 2 if bidirectional else 1
    net = make(INPUT, hidden, layers, bidirectional=bidirectional, **options).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(draw(*parameter.shape, bound=0.5) + (0.125 if kind == "rnn_relu" else 0))

    given = {"x": draw(STEPS, BATCH, INPUT, bound=2)}
    for name in ["h", "c"] if kind == "lstm" else ["h"]:
        given[f"{name}_0"] = draw(layers * directions, BATCH, hidden, bound=1)
    given["d_y"] = draw(STEPS, BATCH, directions * hidden, bound=1)
    for name in ["h", "c"] if kind == "lstm" else ["h"]:
        given[f"d_{name}_n"] = draw(layers * directions, BATCH, hidden, bound=1)
    parameters = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}

    results = {precision: run(net, given, precision, lengths) for precision in ("f64", "f32")}
    for name, value in results["f64"].items():  # float must not have taken another branch of a ReLU
        torch.testing.assert_close(results["f32"][name].double(), value, rtol=1.3e-6, atol=1e-5)
        zeros = (value == 0).double().mean()
        assert lengths or zeros < 0.4, f"{name}: too many zeros to be a test"
        assert name != "y" or kind != "rnn_relu" or zeros > 0.1, "the ReLU is never zero"

    case = f"{kind}_{layers}" + ("_bidirectional" if bidirectional else "") + ("_ragged" if lengths else "")
    ends = endings(layers, bidirectional)
    parts = [
        f"# torch_vectors.py, torch {torch.__version__}: {make.__name__} {case}, steps {STEPS}, batch {BATCH}, "
        f"input {INPUT}, hidden {hidden}, layers {layers}, directions {directions}, seed {seed}\n"
    ]
    if lengths:
        parts.append(text("lengths", torch.tensor([lengths], dtype=torch.float64).t()))
    for name, tensor in (parameters | given).items():
        parts += [text(*block) for block in blocks(name, tensor, ends)]
    for precision, tensors in results.items():
        for name, tensor in tensors.items():
            parts += [text(f"{precision}.{block}", matrix) for block, matrix in blocks(name, tensor, ends)]
    path = FOLDER / f"{case}.txt"
    path.write_text("".join(parts))
    print(f"{path.name} {path.stat().st_size}")


def main():
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # PyTorch's own kernels
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = [(kind, layers, both, None) for kind in KINDS for layers in (1, 3) for both in (False, True)]
    cases += [(kind, 1, True, LENGTHS) for kind in ("lstm", "gru")]
    for seed, case in enumerate(cases, start=17):  # the first seeds that pass the assertions on ReLU
        write(*case, seed)


if __name__ == "__main__":
    main()
