"""The other end of shared-memory.spec.ts."""

from multiprocessing import resource_tracker, shared_memory

__all__ = ['double', 'touch', 'unlink']


def talk(control):
    made = None
    while True:
        what, *args = control.recv()
        if what == 'open':
            memory = shared_memory.SharedMemory(args[0])
            resource_tracker.unregister(memory._name, 'shared_memory')
            found = [memory.size, memory.buf[4999]]
            memory.buf[0] = 100
            memory.close()
            control.send(found)
        elif what == 'make':
            made = shared_memory.SharedMemory(create=True, size=args[0])
            made.buf[args[0] - 1] = 50
            control.send(made.name)
        elif what == 'look':
            control.send(made.buf[args[0]])
        elif what == 'give':
            control.send(made)
        else:
            # The other end has unlinked it.
            resource_tracker.unregister(made._name, 'shared_memory')
            made.close()
            return


def touch(memory, byte):
    assert isinstance(memory, shared_memory.SharedMemory)
    memory.buf[0] = byte
    memory.close()
    return memory


def unlink(memory):
    memory.unlink()
    memory.close()


def double(memory):
    import numpy

    numbers = numpy.ndarray((1000,), dtype='f8', buffer=memory.buf)
    numbers *= 2
    total = float(numbers.sum())
    del numbers
    memory.close()
    return total
