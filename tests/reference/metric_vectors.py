#!/usr/bin/env python3
"""Writes ../data/metrics.txt: what scikit-learn makes of outputs, targets and weights.

    python3 tests/reference/metric_vectors.py        (scikit-learn 1.9.1, numpy)

The format is that of `torch_vectors.py`: a line `name rows cols`, then one line a column. 40 columns of 5 classes, of
which the last never occurs and is never guessed; 40 columns of 3 numbers, of which the last never change. `NAME` is of
all columns, `NAME_weighted` by `weights`, some of which are 0. Perplexity is exp(log_loss); MASE is the mean absolute
error over that of the forecast "3 steps ago" on `series` (Hyndman & Koehler 2006), which scikit-learn does not have.
"""

import pathlib

import numpy as np
import sklearn
from sklearn import metrics as sk

FILE = pathlib.Path(__file__).resolve().parent.parent / "data" / "metrics.txt"


def main():
    random = np.random.default_rng(1)
    draw = lambda *size: random.integers(-2048, 2049, size) / 1024
    logits, classes = draw(40, 5), random.integers(0, 4, 40)
    logits[:, 4] = -3
    logits[np.arange(40), classes] += 1
    y, target = draw(40, 3), draw(40, 3)
    target[:, 2] = 0.5
    weights, series = random.integers(0, 5, 40) / 4, draw(20, 3)
    guess, naive = logits.argmax(1), np.abs(series[3:] - series[:-3]).mean(0)
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    macro = dict(average="macro", zero_division=0)
    of = {
        "accuracy": lambda w: sk.accuracy_score(classes, guess, sample_weight=w),
        "precision": lambda w: sk.precision_score(classes, guess, sample_weight=w, **macro),
        "recall": lambda w: sk.recall_score(classes, guess, sample_weight=w, **macro),
        "f1": lambda w: sk.f1_score(classes, guess, sample_weight=w, **macro),
        "perplexity": lambda w: np.exp(sk.log_loss(classes, chance, sample_weight=w, labels=range(5))),
        "binary_accuracy": lambda w: np.average(((y > 0) == (target > 0.5)).mean(1), weights=w),
        "mae": lambda w: sk.mean_absolute_error(target, y, sample_weight=w),
        "rmse": lambda w: sk.mean_squared_error(target, y, sample_weight=w) ** 0.5,
        "mase": lambda w: (sk.mean_absolute_error(target, y, sample_weight=w, multioutput="raw_values") / naive).mean(),
        "r2": lambda w: sk.r2_score(target, y, sample_weight=w),
    }
    out = dict(logits=logits, classes=classes[:, None], y=y, target=target, weights=[weights], series=series)
    for name, value in of.items():
        out[name], out[name + "_weighted"] = [[value(None)]], [[value(weights)]]
    out["confusion"] = sk.confusion_matrix(classes, guess, labels=range(5)).T  # written column by column
    parts = [f"# metric_vectors.py, scikit-learn {sklearn.__version__}\n"]
    for name, columns in out.items():
        parts.append(f"{name} {len(columns[0])} {len(columns)}\n")
        parts += [" ".join(repr(float(x)).removesuffix(".0") for x in column) + "\n" for column in columns]
    FILE.write_text("".join(parts))
    print(FILE.name, FILE.stat().st_size)


if __name__ == "__main__":
    main()
