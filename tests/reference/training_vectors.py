#!/usr/bin/env python3
"""Writes ../data/losses.txt, more_losses.txt, optimizers.txt, schedules.txt and lbfgs.txt there from PyTorch, in double.

    python3 tests/reference/training_vectors.py        (torch 2.13.0, CPU)

The format is that of `torch_vectors.py`: a line `name rows cols`, then one line a column.

losses: y is 5 x 12, 4 steps of 3 samples, one column far out; of each loss its value and gradient as
torch.nn.functional has them (`_plain`), and with the columns weighted by `weights`, 0 past `lengths` (`_masked`).

more_losses: the same of losses with options and of those that look at whole columns; `elements` weighs each number of
the target by `element_weights`; CTC and the error to signal see whole sequences of the ragged batch.

optimizers: eight weights, the last two a bias, take 100 steps on `gradients`; `NAME` has the weights after each of
`steps`. Those that end in `_frozen` decay all but the bias; GROUPS has what else differs for the bias.

schedules: the learning rate of each epoch, a column each; `plateau` beside the losses it was told.

lbfgs: all weights that torch.optim.LBFGS asks the loss of, line searches included, a column each: of Rosenbrock's
function, and of a tanh network of 3 units and a linear output that says the next value of a sine of 40 steps; the
weights are in the order of Unroll's tensors.
"""

import pathlib

import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
GIVEN = [1, 2, 3, 10, 50, 100]


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2, which PyTorch does not have."""

    def __init__(self, params, lr, betas):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                w.mul_(1 - group["lr"] * group["weight_decay"])
                w.sub_(group["lr"] * torch.sign(group["betas"][0] * m + (1 - group["betas"][0]) * w.grad))
                m.copy_(group["betas"][1] * m + (1 - group["betas"][1]) * w.grad)


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
    "adadelta": (torch.optim.Adadelta, dict(lr=1.0), 0),
    "adadelta_decay": (torch.optim.Adadelta, dict(lr=0.5, rho=0.75, eps=1e-4), 0.125),
    "nadam": (torch.optim.NAdam, dict(lr=0.01), 0),
    "nadam_decay": (torch.optim.NAdam, dict(lr=0.01, betas=(0.5, 0.95), eps=1e-6, momentum_decay=0.25), 0.25),
    "radam": (torch.optim.RAdam, dict(lr=0.01), 0),
    "radam_decay": (torch.optim.RAdam, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-6), 0.25),
    "lion": (Lion, dict(lr=0.01, betas=(0.9, 0.99)), 0),
    "lion_decay": (Lion, dict(lr=0.01, betas=(0.5, 0.75)), 0.5),
    "adam_groups": (torch.optim.Adam, dict(lr=0.01), 0.25),
}
# Of the bias, where it is treated in another way.
GROUPS = {"adam_groups": dict(lr=0.0025, weight_decay=0.5)}


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


def more_losses():
    torch.manual_seed(3)
    draw = lambda *size: torch.randint(-2048, 2049, size).double() / 1024
    lengths, weights = [4, 2, 3], torch.randint(1, 9, (12,)).double() / 4
    active = torch.tensor([float(t < lengths[b]) for t in range(4) for b in range(3)], dtype=torch.float64)
    y, target, y6, target2 = draw(12, 5), draw(12, 5), draw(12, 6), draw(12, 2)
    classes, class_weights = torch.randint(0, 5, (12,)), torch.tensor([0.5, 2, 1, 4, 1], dtype=torch.float64)
    soft = torch.softmax(draw(12, 5), 1)
    element_weights = torch.randint(0, 3, (12, 5)).double() / 2
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64).repeat_interleave(2)

    def pinball(a):
        error = target2.repeat(1, 3) - a
        return torch.where(error > 0, levels * error, (levels - 1) * error).mean(1)

    cross_entropy = lambda a, **how: F.cross_entropy(a, classes, reduction="none", **how)
    ones = torch.ones(12, dtype=torch.float64)
    # name: the loss of each column, y, and a factor of the columns' weights
    rules = {
        "smoothed": (lambda a: cross_entropy(a, label_smoothing=0.125), y, ones),
        "classes": (lambda a: cross_entropy(a, label_smoothing=0.125, weight=class_weights) / class_weights[classes], y,
                    class_weights[classes]),
        "kl": (lambda a: F.kl_div(torch.log_softmax(a, 1), soft, reduction="none").sum(1), y, ones),
        "cosine": (lambda a: 1 - F.cosine_similarity(a, target, dim=1), y, ones),
        "quantile": (pinball, y6, ones),
    }
    out = dict(y=y.tolist(), target=target.tolist(), y6=y6.tolist(), target2=target2.tolist(), soft=soft.tolist(),
               classes=[[c] for c in classes.tolist()], weights=[weights.tolist()],
               element_weights=element_weights.tolist())

    def add(name, start, loss):
        leaf = start.clone().requires_grad_()
        value = loss(leaf)
        value.backward()
        out[name] = [[value.item()]]
        out["d_" + name] = leaf.grad.reshape(-1, leaf.shape[-1]).tolist()

    for name, (each, start, factor) in rules.items():
        for which, weigh in dict(plain=factor, masked=factor * weights * active).items():
            add(f"{name}_{which}", start, lambda a: (weigh * each(a)).sum() / weigh.sum())
    torch.testing.assert_close(out["classes_plain"][0][0],
                               F.cross_entropy(y, classes, label_smoothing=0.125, weight=class_weights).item())
    w = element_weights * active[:, None]
    add("elements", y, lambda a: (w * F.huber_loss(a, target, delta=0.75, reduction="none")).sum() / w.sum())

    def error_to_signal(a, a_filter=0.75, dc=0.5, epsilon=1e-3):
        error, signal = (target - a).reshape(4, 3, 5), target.reshape(4, 3, 5)
        mask = active.reshape(4, 3, 1)
        filtered = lambda s: torch.cat([s[:1], s[1:] - a_filter * s[:-1]])
        mean = lambda s: (s * mask).sum() / (mask.sum() * 5)
        offset = ((error * mask).sum(0) / torch.tensor(lengths)[:, None]) ** 2
        return (mean(filtered(error) ** 2) / (mean(filtered(signal) ** 2) + epsilon)
                + dc * offset.mean() / (mean(signal**2) + epsilon))

    add("error_to_signal", y, error_to_signal)

    logits, labels = draw(7, 4, 5), torch.tensor([[2, 2, 1, 2], [3, 4, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    steps, counts = torch.tensor([7, 4, 3, 1]), torch.tensor([4, 2, 0, 1])
    each = lambda a: F.ctc_loss(torch.log_softmax(a, 2), labels, steps, counts, blank=0, reduction="none")
    of_samples = torch.tensor([1, 2, 0.5, 3], dtype=torch.float64)
    out["ctc_y"] = logits.reshape(28, 5).tolist()
    add("ctc_plain", logits, lambda a: each(a).mean())
    add("ctc_masked", logits, lambda a: (of_samples * each(a)).sum() / of_samples.sum())
    write("more_losses.txt", "losses with options, and of whole sequences", out)


def optimizers():
    torch.set_default_dtype(torch.float64)  # else NAdam keeps the product of its momenta in float
    torch.manual_seed(2)
    start = torch.randint(-1024, 1025, (8,)).double() / 1024
    gradients = torch.randint(-1024, 1025, (100, 8)).double() / 1024
    gradients *= torch.logspace(1, -3, 8, dtype=torch.float64)
    out = dict(start=[start.tolist()], gradients=gradients.tolist(), steps=[GIVEN])
    for name, (kind, options, decay) in OPTIMIZERS.items():
        weight, bias = start[:6].clone().requires_grad_(), start[6:].clone().requires_grad_()
        of_bias = 0 if name.endswith("_frozen") else decay
        groups = [dict(params=[weight], weight_decay=decay), dict(params=[bias], weight_decay=of_bias) | GROUPS.get(name, {})]
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
    one_cycle = lambda o, **how: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=40, cycle_momentum=False, **how)
    out = dict(
        one_cycle=rates(one_cycle),
        one_cycle_linear=rates(lambda o: one_cycle(
            o, pct_start=0.25, anneal_strategy="linear", div_factor=10, final_div_factor=100)),
        step=rates(lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
        exponential=rates(lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        cosine=rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40)),
        warm_cosine=rates(warm_cosine),
        losses=[[loss] for loss in told],
        plateau=rates(lambda o: lr_scheduler.ReduceLROnPlateau(
            o, factor=0.5, patience=2, cooldown=1, min_lr=0.02), losses=told),
    )
    write("schedules.txt", "learning rates from 0.5 on", out)


def lbfgs():
    def asked(start, loss, **how):
        w, seen = torch.tensor(start, dtype=torch.float64, requires_grad=True), []
        optimizer = torch.optim.LBFGS([w], lr=1, max_eval=1000, history_size=10, line_search_fn="strong_wolfe", **how)

        def closure():
            optimizer.zero_grad()
            value = loss(w)
            value.backward()
            seen.append(w.tolist())
            return value

        optimizer.step(closure)
        return seen

    def network(w):
        ih, hh, h, total = w[:3], w[3:12].reshape(3, 3).t(), torch.zeros(3, dtype=torch.float64), 0
        for t in range(40):
            h = torch.tanh(ih * wave[t] + hh @ h + w[12:15])
            total = total + (w[15:18] @ h + w[18] - wave[t + 1]) ** 2
        return total / 40

    wave = torch.sin(0.3 * torch.arange(41, dtype=torch.float64))
    start = [((7 * k + 3) % 19 - 9) / 16 for k in range(19)]
    rosenbrock = asked([-1.2, 1.0], lambda w: 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2, max_iter=100)
    write("lbfgs.txt", "what torch.optim.LBFGS asks", dict(rosenbrock=rosenbrock, network=asked(start, network, max_iter=15)))


if __name__ == "__main__":
    losses()
    more_losses()
    optimizers()
    schedules()
    lbfgs()
