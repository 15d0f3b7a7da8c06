"""Fits lines through points that arrive on descriptor 3, with numpy if it is installed."""

from multiprocessing.connection import Connection

try:
    import numpy
except ImportError:
    numpy = None


def fit(xs, ys):
    """Slope and intercept of the least squares line."""
    if numpy:
        # The arrays arrive as array.array, whose memory numpy uses as it is.
        xs, ys = numpy.asarray(xs), numpy.asarray(ys)
        dx = xs - xs.mean()
        slope = (dx @ ys) / (dx @ dx)
        return float(slope), float(ys.mean() - slope * xs.mean())
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    dxs = [x - mean_x for x in xs]
    slope = sum(dx * y for dx, y in zip(dxs, ys)) / sum(dx * dx for dx in dxs)
    return slope, mean_y - slope * mean_x


with Connection(3) as connection:
    print("computing with", "numpy" if numpy else "plain Python", flush=True)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            break
        slope, intercept = fit(job["xs"], job["ys"])
        connection.send({"id": job["id"], "slope": slope, "intercept": intercept})
