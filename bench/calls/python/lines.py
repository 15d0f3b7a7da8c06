"""Answers requests that are lines of JSON, for python-shell."""

import json
import sys

from service import add

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({'id': request['id'], 'value': add(*request['args'])}))
