"""The program numpy_demo.cpp once more, in NumPy: the same options, the same text.

The numbers are drawn from np.random.RandomState(seed).randn in this order:
  rnn   x, a0, Waa, Wax, Wya, ba, by
  lstm  x, a0, Wf, bf, Wi, bi, Wo, bo, Wc, bc, Wy, by
  gru   x, a0, Wr, br, Wz, bz, Wn, bn, bhn, Wy, by
"""
import argparse
import sys

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def softmax(v):
    e = np.exp(v - v.max(axis=0))
    return e / e.sum(axis=0)


def make_rnn(randn, n_x, n_a, n_y):
    Waa, Wax, Wya = randn(n_a, n_a), randn(n_a, n_x), randn(n_y, n_a)
    ba, by = randn(n_a, 1), randn(n_y, 1)

    def step(x, a, c):
        return np.tanh(Wax @ x + Waa @ a + ba), c

    return step, Wya, by


def make_lstm(randn, n_x, n_a, n_y):
    (Wf, bf), (Wi, bi), (Wo, bo), (Wc, bc) = [(randn(n_a, n_a + n_x), randn(n_a, 1)) for _ in "fioc"]
    Wy, by = randn(n_y, n_a), randn(n_y, 1)

    def step(x, a, c):
        ax = np.concatenate([a, x])
        c = sigmoid(Wf @ ax + bf) * c + sigmoid(Wi @ ax + bi) * np.tanh(Wc @ ax + bc)
        return sigmoid(Wo @ ax + bo) * np.tanh(c), c

    return step, Wy, by


def make_gru(randn, n_x, n_a, n_y):
    (Wr, br), (Wz, bz), (Wn, bn) = [(randn(n_a, n_a + n_x), randn(n_a, 1)) for _ in "rzn"]
    bhn, Wy, by = randn(n_a, 1), randn(n_y, n_a), randn(n_y, 1)

    def step(x, a, c):
        ax = np.concatenate([a, x])
        r, z = sigmoid(Wr @ ax + br), sigmoid(Wz @ ax + bz)
        n = np.tanh(Wn[:, n_a:] @ x + bn + r * (Wn[:, :n_a] @ a + bhn))
        return (1 - z) * n + z * a, c

    return step, Wy, by


def show(name, array, *index):
    """Prints one row or number, if the array reaches so far. A number has an array's 8 digits, not the 17 of str():
    the last of those depend on the order of summation, which is another one in C++."""
    if all(i < n for i, n in zip(index, array.shape)):
        print(name + "".join(f"[{i}]" for i in index), "=", np.array2string(array[index]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", choices=["rnn", "lstm", "gru"], default="rnn")
    for name, size in dict(input=3, hidden=5, output=2, batch=10, steps=4, seed=1).items():
        parser.add_argument("--" + name, type=int, default=size)
    parser.add_argument("--full", action="store_true", help="print whole arrays")
    o = parser.parse_args()

    randn = np.random.RandomState(o.seed).randn
    x = randn(o.input, o.batch, o.steps)
    a0 = randn(o.hidden, o.batch)
    make = dict(rnn=make_rnn, lstm=make_lstm, gru=make_gru)[o.cell]
    step, Wy, by = make(randn, o.input, o.hidden, o.output)

    a = np.zeros((o.hidden, o.batch, o.steps))
    c = np.zeros((o.hidden, o.batch, o.steps))
    y_pred = np.zeros((o.output, o.batch, o.steps))
    a_t, c_t = a0, np.zeros_like(a0)
    for t in range(o.steps):
        a_t, c_t = step(x[:, :, t], a_t, c_t)
        a[:, :, t], c[:, :, t] = a_t, c_t
        y_pred[:, :, t] = softmax(Wy @ a_t + by)

    np.set_printoptions(threshold=sys.maxsize)  # never "..."
    arrays = dict(x=x, a0=a0, a=a, y_pred=y_pred)
    for name, array in arrays.items():
        print(f"{name}.shape = {array.shape}")
    show("a", a, 4, 1)
    show("y_pred", y_pred, 1, 3)
    if o.cell == "lstm":
        arrays = dict(x=x, a0=a0, a=a, c=c, y_pred=y_pred)
        print(f"c.shape = {c.shape}")
        show("c", c, 1, 2, 1)
        show("a", a, 4, 3, 6)
    if o.full:
        for name, array in arrays.items():
            print(f"{name} =\n{array}")


main()
