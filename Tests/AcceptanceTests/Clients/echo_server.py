"""An echo server that does not use Eddy, for the load client.

usage: echo_server.py [AT]

With AT, it flips one bit of the byte at that position of each connection.
"""

import sys
import threading

from common import BLOCK, listen

at = int(sys.argv[1]) if len(sys.argv) > 1 else None


def serve(connection):
    place = 0
    try:
        while data := connection.recv(BLOCK):
            if at is not None and place <= at < place + len(data):
                data = bytearray(data)
                data[at - place] ^= 1
            place += len(data)
            connection.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        connection.close()


listener = listen()
listener.settimeout(None)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
