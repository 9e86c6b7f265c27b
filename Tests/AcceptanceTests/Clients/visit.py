"""Connects to an echo server by any kind of address, sends random bytes, and compares the echo.

usage: visit.py ADDRESS BYTES

ADDRESS is HOST:PORT, [HOST]:PORT, unix:PATH or unix:@NAME.
"""

import socket
import sys
import threading

from common import PATIENCE, receive, send_random, tell


def connect_by(address):
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        path = address.removeprefix("unix:")
        connection.connect("\0" + path[1:] if path.startswith("@") else path)
        return connection
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)


connection = connect_by(sys.argv[1])
sent = []


def send():
    sent.append(send_random(connection, int(sys.argv[2])))
    connection.shutdown(socket.SHUT_WR)


sender = threading.Thread(target=send)
sender.start()
received, end = receive(connection)
sender.join()
tell(identical=end == "eof" and received.report() == sent[0].report())
