"""Python's own HTTP server, with connections that stay, and a thread for each."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy
from service import add, give, take


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # Header and body leave as one.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/add':
            answer = json.dumps(add(*json.loads(body))).encode()
        elif self.path == '/give':
            answer = json.dumps(give(numpy.frombuffer(body))).encode()
        else:
            answer = memoryview(take()).cast('B')
        self.send_response(200)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
