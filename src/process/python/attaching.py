"""Opens the shared memory that pickles name, so that it outlives this process.

Python's resource tracker unlinks each segment that a process has opened, when that ends, as if it had made it: up to 3.12
always, since 3.13 unless it is opened with `track=False`. What comes from the other end is the other end's to unlink.
"""

import functools
import io
import pickle
import sys
import threading


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if module == 'multiprocessing.shared_memory' and name == 'SharedMemory':
            return attached_class()
        return super().find_class(module, name)


# Up to how many bytes it is sooner known that no shared memory is in messages than they are read with it in mind.
SHORT = 1 << 17


def loader_of(data):
    """The function that reads the pickles in `data`, or any where that is `None`."""
    return pickle.loads if data is not None and len(data) <= SHORT and b'SharedMemory' not in data else loads


def loads(data):
    return Unpickler(io.BytesIO(data)).load()


@functools.lru_cache(maxsize=None)
def attached_class():
    """`SharedMemory`, whose objects the resource tracker does not know. To the program, and in its pickles, it is Python's own."""
    from multiprocessing.shared_memory import SharedMemory

    if sys.version_info >= (3, 13):
        return functools.partial(SharedMemory, track=False)

    from multiprocessing import resource_tracker

    attaching = threading.local()

    def except_while_attaching(call):
        @functools.wraps(call)
        def replacement(name, rtype):
            if rtype != 'shared_memory' or not getattr(attaching, 'now', False):
                call(name, rtype)

        return replacement

    # Another thread may make a segment meanwhile, which is to be known.
    resource_tracker.register = except_while_attaching(resource_tracker.register)
    resource_tracker.unregister = except_while_attaching(resource_tracker.unregister)

    def untracked(call):
        @functools.wraps(call)
        def replacement(*args, **kwargs):
            attaching.now = True
            try:
                return call(*args, **kwargs)
            finally:
                attaching.now = False

        return replacement

    class Attached(SharedMemory):
        __init__ = untracked(SharedMemory.__init__)
        unlink = untracked(SharedMemory.unlink)

        def __reduce__(self):
            return (SharedMemory, *super().__reduce__()[1:])

    Attached.__name__, Attached.__qualname__ = SharedMemory.__name__, SharedMemory.__qualname__
    Attached.__module__ = SharedMemory.__module__
    return Attached
