import numpy

# A frame's memory, and the array on it: the memory has to live as long as the array is used.
_frames = []


def add(memory, shape):
    _frames.append((memory, numpy.ndarray(shape, dtype='u1', buffer=memory.buf)))


def invert(number):
    _, pixels = _frames[number]
    numpy.subtract(255, pixels, out=pixels)
    return float(pixels.mean())
