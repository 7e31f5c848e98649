"""The numbers of every contestant, as in ../row.hpp: parameters, x and d_y in PyTorch's layout and gate order."""

import math

import numpy as np

TIMED_LEARNING_RATE, CHECKED_LEARNING_RATE, CLIP_NORM = 1e-6, 1e-3, 1.0
TENSORS = ["x", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "d_y", "dense_weight", "dense_bias"]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def numbers(tensor, shape, bound=1.0):
    h = np.arange(math.prod(shape), dtype=np.uint32)
    h += np.uint32(0x9E3779B9 * (TENSORS.index(tensor) + 1) % 2**32)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    unit = (h >> np.uint32(8)).astype(np.float32) * np.float32(2**-23) - np.float32(1)
    return (unit * np.float32(bound)).reshape(shape)


def data(row, steps=None):
    """All tensors by name; `steps` replaces the row's."""
    rows, steps = GATES[row.cell] * row.hidden, steps or row.steps
    bound = 1 / math.sqrt(row.hidden)
    return {
        "x": numbers("x", (steps, row.batch, row.input)),
        "weight_ih": numbers("weight_ih", (rows, row.input), bound),
        "weight_hh": numbers("weight_hh", (rows, row.hidden), bound),
        "bias_ih": numbers("bias_ih", (rows,), bound),
        "bias_hh": numbers("bias_hh", (rows,), bound),
        "d_y": numbers("d_y", (steps, row.batch, row.hidden)),
        "dense_weight": numbers("dense_weight", (1, row.hidden), bound),
        "dense_bias": numbers("dense_bias", (1,), bound),
    }
