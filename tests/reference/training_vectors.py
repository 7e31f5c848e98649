#!/usr/bin/env python3
"""Writes ../data/losses.txt, ../data/optimizers.txt and ../data/schedules.txt from PyTorch, in double.

    python3 tests/reference/training_vectors.py        (torch 2.13.0, CPU)

The format is that of `torch_vectors.py`: a line `name rows cols`, then one line a column.

losses: y is 5 x 12, 4 steps of 3 samples, one column far out; of each loss its value and gradient as
torch.nn.functional has them (`_plain`), and with the columns weighted by `weights`, 0 past `lengths` (`_masked`).

optimizers: eight weights, the last two a bias, take 100 steps on `gradients`; `NAME` has the weights after each of
`steps`. Those that end in `_frozen` decay all but the bias.

schedules: the learning rate of each epoch, a column each; `plateau` beside the losses it was told.
"""

import pathlib

import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
GIVEN = [1, 2, 3, 10, 50, 100]
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, dict(lr=0.05), 0),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.01, momentum=0.9), 0.125),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.01, momentum=0.75, nesterov=True), 0),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-6), 0),
    "rmsprop_momentum": (torch.optim.RMSprop, dict(lr=0.01, momentum=0.5), 0.25),
    "adagrad": (torch.optim.Adagrad, dict(lr=0.1), 0),
    "adagrad_decay": (torch.optim.Adagrad, dict(lr=0.1, lr_decay=0.01, eps=1e-6), 0.125),
    "adam_decay": (torch.optim.Adam, dict(lr=0.01), 0.25),
    "adamw": (torch.optim.AdamW, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-6), 0.5),
    "adamw_frozen": (torch.optim.AdamW, dict(lr=0.01), 0.5),
    "sgd_frozen": (torch.optim.SGD, dict(lr=0.01, momentum=0.9), 0.125),
}


def write(file, about, tensors):
    parts = [f"# training_vectors.py, torch {torch.__version__}: {about}\n"]
    for name, columns in tensors.items():
        lines = [f"{name} {len(columns[0])} {len(columns)}"]
        lines += [" ".join(repr(float(number)).removesuffix(".0") for number in column) for column in columns]
        parts.append("\n".join(lines) + "\n")
    (DATA / file).write_text("".join(parts))
    print(file, (DATA / file).stat().st_size)


def losses():
    torch.manual_seed(1)
    draw = lambda *size: torch.randint(-2048, 2049, size).double() / 1024
    y, target = draw(12, 5), draw(12, 5)
    y[4] *= 500
    target[1, 2] = y[1, 2]
    chance = torch.randint(0, 17, (12, 5)).double() / 16
    classes = torch.randint(0, 5, (12,))
    lengths, weights = [4, 2, 3], torch.randint(1, 9, (12,)).double() / 4
    active = torch.tensor([float(t < lengths[b]) for t in range(4) for b in range(3)], dtype=torch.float64)
    rules = {
        "mse": (F.mse_loss, target),
        "absolute": (F.l1_loss, target),
        "huber": (lambda a, b, **how: F.huber_loss(a, b, delta=0.75, **how), target),
        "binary": (F.binary_cross_entropy_with_logits, chance),
        "softmax": (F.cross_entropy, classes),
    }
    out = dict(y=y.tolist(), target=target.tolist(), chance=chance.tolist(), classes=[[c] for c in classes.tolist()],
               lengths=[lengths], weights=[weights.tolist()])
    for name, (rule, to) in rules.items():
        def masked(a, b):
            each = rule(a, b, reduction="none")
            each = each.mean(1) if each.dim() == 2 else each
            return (weights * active * each).sum() / (weights * active).sum()
        for which, loss in dict(plain=rule, masked=masked).items():
            leaf = y.clone().requires_grad_()
            value = loss(leaf, to)
            value.backward()
            out[f"{name}_{which}"] = [[value.item()]]
            out[f"d_{name}_{which}"] = leaf.grad.tolist()
    write("losses.txt", "losses and their gradients", out)


def optimizers():
    torch.manual_seed(2)
    start = torch.randint(-1024, 1025, (8,)).double() / 1024
    gradients = torch.randint(-1024, 1025, (100, 8)).double() / 1024
    gradients *= torch.logspace(1, -3, 8, dtype=torch.float64)
    out = dict(start=[start.tolist()], gradients=gradients.tolist(), steps=[GIVEN])
    for name, (kind, options, decay) in OPTIMIZERS.items():
        weight, bias = start[:6].clone().requires_grad_(), start[6:].clone().requires_grad_()
        of_bias = 0 if name.endswith("_frozen") else decay
        groups = [dict(params=[weight], weight_decay=decay), dict(params=[bias], weight_decay=of_bias)]
        optimizer = kind(groups, **options)
        out[name] = []
        for step, gradient in enumerate(gradients, start=1):
            weight.grad, bias.grad = gradient[:6].clone(), gradient[6:].clone()
            optimizer.step()
            if step in GIVEN:
                out[name].append(weight.tolist() + bias.tolist())
    write("optimizers.txt", "100 steps of torch.optim's optimizers", out)


def schedules():
    def rates(make, epochs=40, losses=None):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        schedule, found = make(optimizer), []
        for epoch in range(epochs):
            found.append([optimizer.param_groups[0]["lr"]])
            optimizer.step()
            schedule.step() if losses is None else schedule.step(losses[epoch])
        return found

    def warm_cosine(optimizer):
        warm = lr_scheduler.LinearLR(optimizer, start_factor=1 / 8, total_iters=7)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=32, eta_min=0.01)
        return lr_scheduler.SequentialLR(optimizer, [warm, cosine], milestones=[8])

    told = [3, 2.5, 2.5, 2.4999, 2.5, 2.6, 2.6, 2.6, 1, 1.5, 1.5, 0.99995, 2, 2, 2, 2] + [2.0] * 24
    out = dict(
        step=rates(lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
        exponential=rates(lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        cosine=rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40)),
        warm_cosine=rates(warm_cosine),
        losses=[[loss] for loss in told],
        plateau=rates(lambda o: lr_scheduler.ReduceLROnPlateau(
            o, factor=0.5, patience=2, cooldown=1, min_lr=0.02), losses=told),
    )
    write("schedules.txt", "learning rates from 0.5 on", out)


if __name__ == "__main__":
    losses()
    optimizers()
    schedules()
