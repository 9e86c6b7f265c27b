"""Connects repeatedly, each time after the server has ended the previous connection.

usage: callers.py PORT COUNT

Prints the ports that it has connected from.
"""

import socket
import sys

from common import PATIENCE, receive, tell

port, count = int(sys.argv[1]), int(sys.argv[2])
ports = []
for _ in range(count):
    with socket.socket() as connection:
        connection.settimeout(PATIENCE)
        # Bound first, to know the port even if connect() already reports the end.
        connection.bind(("127.0.0.1", 0))
        ports.append(connection.getsockname()[1])
        try:
            connection.connect(("127.0.0.1", port))
        except ConnectionResetError:
            continue
        receive(connection)
tell(ports=ports)
