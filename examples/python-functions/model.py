import os

import numpy


def smooth(samples, *, window=3):
    """The moving average of an array, which numpy computes."""
    return numpy.convolve(samples, numpy.ones(window) / window, mode='valid')


def batches(rows, size):
    """A matrix in parts, one after the other: a generator is a stream at the other end."""
    for at in range(0, len(rows), size):
        yield rows[at : at + size].sum(axis=0)


async def describe(name):
    return {'name': name, 'numpy': numpy.__version__.split('.')[0].isdigit()}


def fall_over():
    os._exit(70)
