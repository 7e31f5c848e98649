"""The numbers of every contestant, as in ../row.hpp: parameters, x and d_y in PyTorch's layout and gate order."""

import math

import numpy as np

TIMED_LEARNING_RATE, CHECKED_LEARNING_RATE, CLIP_NORM = 1e-6, 1e-3, 1.0
TENSORS = ["x", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "d_y", "dense_weight", "dense_bias"]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def numbers(tensor, shape, bound=1.0, layer=0):
    h = np.arange(math.prod(shape), dtype=np.uint32)
    h += np.uint32(0x9E3779B9 * (TENSORS.index(tensor) + 1 + len(TENSORS) * layer) % 2**32)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    unit = (h >> np.uint32(8)).astype(np.float32) * np.float32(2**-23) - np.float32(1)
    return (unit * np.float32(bound)).reshape(shape)


def weights(row, layer=0):
    """The parameters of one layer by name; each layer but the first is fed by the one before."""
    rows, inputs = GATES[row.cell] * row.hidden, row.hidden if layer else row.input
    shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, row.hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    return {name: numbers(name, shape, 1 / math.sqrt(row.hidden), layer) for name, shape in shapes.items()}


def data(row, steps=None):
    """All tensors by name, the parameters those of the first layer; `steps` replaces the row's."""
    steps, bound = steps or row.steps, 1 / math.sqrt(row.hidden)
    return {
        "x": numbers("x", (steps, row.batch, row.input)),
        **weights(row),
        "d_y": numbers("d_y", (steps, row.batch, row.hidden)),
        "dense_weight": numbers("dense_weight", (1, row.hidden), bound),
        "dense_bias": numbers("dense_bias", (1,), bound),
    }
