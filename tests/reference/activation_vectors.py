#!/usr/bin/env python3
"""Writes ../data/activations.txt: PyTorch's activations and their gradients.

    python3 tests/reference/activation_vectors.py        (torch 2.13.0, CPU)

The files are written as torch_vectors.py says. x holds kinks and the neighbourhood of zero, but none of the numbers past
which torch.nn.Softplus is a straight line.
"""

import torch

from torch_vectors import FOLDER, draw, text


class HardSigmoid(torch.nn.Module):
    """torch.nn.Hardsigmoid has 1/6 in float in its gradient of double."""

    def forward(self, x):
        return torch.nn.functional.relu6(x + 3) / 6


CASES = {
    "Tanh": torch.nn.Tanh(),
    "Sigmoid": torch.nn.Sigmoid(),
    "Relu": torch.nn.ReLU(),
    "LeakyRelu": torch.nn.LeakyReLU(0.125),
    "Elu": torch.nn.ELU(0.75),
    "Softplus": torch.nn.Softplus(1.5),
    "HardSigmoid": HardSigmoid(),
    "Softmax": torch.nn.Softmax(dim=-1),
    "Prelu": torch.nn.PReLU(5),
}


def main():
    torch.manual_seed(1)
    x = draw(12, 5, bound=6)
    x[0] = torch.tensor([0.0, 3.0, -3.0, 1e-9, -1e-9], dtype=torch.float64)
    d_y = draw(12, 5, bound=1)
    parts = [f"# activation_vectors.py, torch {torch.__version__}\n", text("x", x), text("d_y", d_y)]
    for name, module in CASES.items():
        given = x.clone().requires_grad_()
        y = module.double()(given)
        y.backward(d_y)
        parts += [text(name, y.detach()), text(f"d_{name}", given.grad)]
        if name == "Prelu":
            parts.append(text("d_weight", module.weight.grad[None]))
    path = FOLDER.parent / "activations.txt"
    path.write_text("".join(parts))
    print(f"{path.name} {path.stat().st_size}")


if __name__ == "__main__":
    main()
