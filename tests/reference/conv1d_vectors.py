#!/usr/bin/env python3
"""Writes ../data/conv1d.txt: torch.nn.functional.conv1d over columns that came before and x, and all its gradients.

    python3 tests/reference/conv1d_vectors.py        (torch 2.13.0, CPU)

The file is written as torch_vectors.py says, but in double alone; a case's tensors begin with its number. The weights lie
as in Conv1d: those of the oldest step first. `past` has one column a sample: its columns of x, the oldest first.
"""

import torch

from torch_vectors import BATCH, FOLDER, STEPS, draw, text

# inputs, outputs, kernel_size, dilation, groups
CASES = [(3, 5, 1, 1, 1), (3, 5, 3, 1, 1), (4, 6, 2, 3, 2), (4, 8, 3, 2, 4)]


def by_steps(weight):
    """O x (K I / groups), of PyTorch's O x (I / groups) x K."""
    return weight.permute(0, 2, 1).flatten(1)


def case(inputs, outputs, kernel_size, dilation, groups):
    before = (kernel_size - 1) * dilation
    given = {
        "weight": draw(outputs, inputs // groups, kernel_size, bound=0.5),
        "bias": draw(outputs, bound=0.5),
        "past": draw(before, BATCH, inputs, bound=2),
        "x": draw(STEPS, BATCH, inputs, bound=2),
    }
    d_y = draw(STEPS, BATCH, outputs, bound=1)
    for value in given.values():
        value.requires_grad_()
    all_steps = torch.cat([given["past"], given["x"]]).permute(1, 2, 0)  # B x I x T
    y = torch.nn.functional.conv1d(all_steps, given["weight"], given["bias"], dilation=dilation, groups=groups)
    y = y.permute(2, 0, 1)
    y.backward(d_y)
    tensors = given | {"d_y": d_y, "y": y} | {f"d_{name}": value.grad for name, value in given.items()}
    return {name: value.detach() for name, value in tensors.items()}


def block(name, tensor):
    """As rows that are columns of the file."""
    if name.endswith("weight"):
        return by_steps(tensor).t()
    if name.endswith("bias"):
        return tensor[None]
    return tensor.permute(1, 0, 2).flatten(1) if name.endswith("past") else tensor.flatten(0, 1)


def main():
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # PyTorch's own kernels
    torch.manual_seed(1)
    parts = [f"# conv1d_vectors.py, torch {torch.__version__}\n"]
    for number, sizes in enumerate(CASES):
        parts.append(text(f"{number}.sizes", torch.tensor([sizes], dtype=torch.float64)))
        parts += [text(f"{number}.{name}", block(name, tensor)) for name, tensor in case(*sizes).items()]
    path = FOLDER.parent / "conv1d.txt"
    path.write_text("".join(parts))
    print(f"{path.name} {path.stat().st_size}")


if __name__ == "__main__":
    main()
