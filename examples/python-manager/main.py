import json
import multiprocessing
import pickle
import subprocess
import sys
from multiprocessing.managers import BaseManager


class Shop(BaseManager):
    """The manager that the Node process serves."""


Shop.register('prices')


def main():
    key = multiprocessing.current_process().authkey
    with multiprocessing.Manager() as manager:
        stock, orders = manager.dict({'cue': 3, 'chalk': 100}), manager.Queue()
        worker = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # A process that has the key can do anything with both managers: it goes through a pipe, which no other process can read.
        hello = {'address': manager.address, 'key': key.hex(), 'shared': pickle.dumps((stock, orders)).hex()}
        worker.stdin.write(json.dumps(hello).encode() + b'\n')
        worker.stdin.flush()

        shop = Shop(address=json.loads(worker.stdout.readline()), authkey=key)
        shop.connect()
        prices = shop.prices('EUR')
        print('2 cues cost', prices.total('cue', 2))
        try:
            prices.total('table', 1)
        except Exception as error:
            print('a table:', error)

        for order in ('cue', 2), ('chalk', 40), ('cue', 2), None:
            orders.put(order)
        orders.join()
        print('left:', stock.copy())
        worker.stdin.close()
        worker.wait()


if __name__ == '__main__':
    main()
