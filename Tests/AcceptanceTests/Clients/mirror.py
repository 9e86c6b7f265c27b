"""Sends random bytes to an echo server on many connections at once, and compares the echo.

usage: mirror.py PORT CONNECTIONS BYTES PIECE

Each connection sends BYTES in pieces of PIECE bytes and half-closes; it receives until the server closes too.
"""

import socket
import sys
import threading

from common import connect, receive, send_random, tell

port, count, size, piece = map(int, sys.argv[1:])
outcomes = []


def mirror():
    connection = connect("127.0.0.1", port)
    sent = []

    def send():
        sent.append(send_random(connection, size, piece))
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received, end = receive(connection)
    sender.join()
    outcomes.append(end == "eof" and bool(sent) and received.report() == sent[0].report())


threads = [threading.Thread(target=mirror) for _ in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

tell(identical=outcomes.count(True), different=count - outcomes.count(True))
