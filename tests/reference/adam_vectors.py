#!/usr/bin/env python3
"""Writes ../data/adam.txt: what torch.optim.Adam makes of eight weights in 100 steps.

    python3 tests/reference/adam_vectors.py        (torch 2.13.0, CPU)

The format is that of `torch_vectors.py`: a line `name rows cols`, then one line a column. `start` are the weights
before the first step, `gradients` has a column a step; `steps` are the steps after which the weights are given, in the
columns of `weights_0`, `weights_1`, ... `options_k` is what `weights_k` was made with: learning rate, beta1, beta2,
epsilon. The first are the defaults. The gradients are multiples of 1/1024 but for their scale: from weight to weight
they shrink from 100 to 1e-5, and one weight's are zero at first.
"""

import pathlib

import torch

WEIGHTS, STEPS, GIVEN = 8, 100, [1, 2, 3, 10, 50, 100]
OPTIONS = [(1e-3, 0.9, 0.999, 1e-8), (0.05, 0.8, 0.95, 1e-3), (1.0, 0.0, 0.5, 1e-12)]
FILE = pathlib.Path(__file__).resolve().parent.parent / "data" / "adam.txt"


def text(name, columns):
    lines = [f"{name} {len(columns[0])} {len(columns)}"]
    lines += [" ".join(repr(number).removesuffix(".0") for number in column) for column in columns]
    return "\n".join(lines) + "\n"


def train(start, gradients, options):
    """The weights after each step of GIVEN."""
    rate, beta1, beta2, epsilon = options
    weights = start.clone().requires_grad_()
    adam = torch.optim.Adam([weights], lr=rate, betas=(beta1, beta2), eps=epsilon)
    given = []
    for step, gradient in enumerate(gradients, start=1):
        weights.grad = gradient.clone()
        adam.step()
        if step in GIVEN:
            given.append(weights.tolist())
    return given


def main():
    torch.manual_seed(1)
    start = torch.randint(-1024, 1025, (WEIGHTS,)).double() / 1024
    gradients = torch.randint(-1024, 1025, (STEPS, WEIGHTS)).double() / 1024
    gradients *= torch.logspace(2, -5, WEIGHTS, dtype=torch.float64)
    gradients[:20, 2] = 0
    parts = [f"# adam_vectors.py, torch {torch.__version__}: torch.optim.Adam, {WEIGHTS} weights, {STEPS} steps, seed 1\n"]
    parts += [text("start", [start.tolist()]), text("gradients", gradients.tolist()), text("steps", [GIVEN])]
    for k, options in enumerate(OPTIONS):
        parts += [text(f"options_{k}", [list(options)]), text(f"weights_{k}", train(start, gradients, options))]
    FILE.write_text("".join(parts))
    print(f"{FILE.name} {FILE.stat().st_size}")


if __name__ == "__main__":
    main()
