#!/usr/bin/env python3
"""Prints the numbers that core/random.cpp and engine/initializers.cpp pin, from definitions of their own.

    python3 tests/reference/random_numbers.py        (any NumPy)

xoshiro256** and splitmix64 follow Blackman's and Vigna's papers on Python's integers; the initializers follow the
formulas in their comments on NumPy's float32 and float64. A fingerprint is the 64-bit FNV-1a hash of the weights'
bytes, column by column.
"""

import math

import numpy

WORD = (1 << 64) - 1


class Random:
    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & WORD
            z = seed
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & WORD
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
            self.state.append(z ^ (z >> 31))

    @staticmethod
    def substream(seed, index):
        return Random((Random(seed).bits() + index * 0xD1342543DE82EF95) & WORD)

    def bits(self):
        def rotate(x, k):
            return ((x << k) | (x >> (64 - k))) & WORD

        a, b, c, d = self.state
        result = rotate(b * 5 & WORD, 7) * 9 & WORD
        c, d = c ^ a, d ^ b
        b, a = b ^ c, a ^ d
        self.state = [a, b, c ^ (self.state[1] << 17 & WORD), rotate(d, 45)]
        return result

    def uniform(self, limit=None):
        u = (self.bits() >> 11) / 2**53
        return u if limit is None else limit * (2 * u - 1)

    def normal(self):
        return float(sum(self.bits() >> 32 for _ in range(12)) - 6 * 2**32) / 2**32


def uniform(rows, cols, limit, random):
    return numpy.array([random.uniform(limit) for _ in range(rows * cols)]).reshape(cols, rows).T


def glorot(rows, cols, fan_in, fan_out, random):
    return uniform(rows, cols, math.sqrt(6 / (fan_in + fan_out)), random)


def orthogonal(blocks, n, random, at_once=32):
    """Blocks of n rows: reflections of the identity along random vectors, each times the sign that makes them random.

    32 reflections at once are I + V T V', in float32.
    """
    stacked = []
    for _ in range(blocks):
        q = numpy.eye(n, dtype=numpy.float32)
        signs = numpy.ones(n, dtype=numpy.float32)
        for first in range((n - 1) // at_once * at_once, -1, -at_once):
            count = min(at_once, n - first)
            vectors = numpy.zeros((n - first, count), dtype=numpy.float32)
            squares = [0.0] * count
            for j in range(count - 1, -1, -1):
                v = numpy.array([random.normal() for _ in range(n - first - j)], dtype=numpy.float32)
                total = ordered_dot(v, v)
                sign = -1.0 if v[0] < 0 else 1.0
                signs[first + j:] *= numpy.float32(-sign)
                others = total - float(v[0]) ** 2
                v[0] = numpy.float32(float(v[0]) + sign * math.sqrt(total))
                squares[j] = others + float(v[0]) ** 2
                vectors[j:, j] = v
            products = ordered_product(vectors.T, vectors)
            factor = numpy.zeros((count, count), dtype=numpy.float32)
            for j in range(count):
                factor[j, j] = numpy.float32(-2 / squares[j])
                for i in range(j):
                    factor[i, j] = numpy.float32(-2 / squares[j] * ordered_dot(factor[i, i:j], products[i:j, j]))
            part = q[first:, first:]
            part[:] = ordered_product(vectors, ordered_product(ordered_product(factor, vectors.T), part), part)
        stacked.append(q * signs)
    return numpy.vstack(stacked).astype(numpy.float64)


def ordered_product(a, b, start=None):
    """start + a b in float32, one k after the other."""
    total = numpy.zeros((a.shape[0], b.shape[1]), dtype=numpy.float32) if start is None else start.copy()
    for k in range(a.shape[1]):
        total += numpy.outer(a[:, k], b[k])
    return total


def ordered_dot(a, b):
    total = 0.0
    for x, y in zip(a.tolist(), b.tolist()):
        total += x * y
    return total


def fingerprint(tensors, dtype):
    value = 0xCBF29CE484222325
    for tensor in tensors:
        for byte in numpy.asarray(tensor).astype(dtype).tobytes(order="F"):
            value = (value ^ byte) * 0x100000001B3 & WORD
    return value


def standard_lstm(inputs, hidden, random):
    return (
        glorot(4 * hidden, inputs, inputs, hidden, random),
        orthogonal(4, hidden, random),
        numpy.repeat([0.0, 1.0, 0.0, 0.0], hidden),
    )


def pytorch_lstm(inputs, hidden, random):
    limit = 1 / math.sqrt(hidden)
    shapes = ((4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden, 1))
    return [uniform(rows, cols, limit, random) for rows, cols in shapes]


def main():
    print("core/random.cpp: seed, four bits(), uniform(), uniform(0.3), normal(), substream(seed, 5).bits()")
    for seed in (0, 1, 42, WORD):
        random = Random(seed)
        words = ", ".join(f"{random.bits():#x}u" for _ in range(4))
        numbers = [random.uniform(), random.uniform(0.3), random.normal()]
        print(f"{{{seed:#x}u, {{{words}}}, {', '.join(map(float.hex, numbers))}, "
              f"{Random.substream(seed, 5).bits():#x}u}},")

    print("engine/initializers.cpp: values by row")
    for name, matrix in (
        ("set_uniform 2 x 2, 0.7, seed 1", uniform(2, 2, 0.7, Random(1))),
        ("set_glorot 2 x 2, fans 3 and 7, seed 2", glorot(2, 2, 3, 7, Random(2))),
        ("set_orthogonal 2 x 2, seed 3", orthogonal(1, 2, Random(3))),
        ("set_orthogonal 3 x 1, seed 4", orthogonal(3, 1, Random(4))),
    ):
        print(f"{name}: {', '.join(map(float.hex, matrix.ravel().tolist()))}")

    print("engine/initializers.cpp: fingerprints of an LSTM, seed 5: I, H, {standard, pytorch} x {float, double}")
    for inputs, hidden in ((1, 1), (3, 7), (5, 64)):
        values = [fingerprint(make(inputs, hidden, Random(5)), dtype)
                  for make in (standard_lstm, pytorch_lstm) for dtype in ("<f4", "<f8")]
        print(f"{{{inputs}, {hidden}, {', '.join(f'{value:#x}u' for value in values)}}},")


if __name__ == "__main__":
    main()
