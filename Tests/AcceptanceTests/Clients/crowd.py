"""Many connections to one server, controlled by the test.

usage: crowd.py PORT
"""

import selectors
import socket
import struct
import sys

from common import connect, obey

# If nothing arrives for this long, nothing more is expected.
QUIET = 5

# If nothing can be sent for this long, the other side takes no more.
STALL = 1

port = int(sys.argv[1])
connections = []


def open_more(count):
    """Opens `count` connections. connect() may already report an immediate reset; then no greeting is sent."""
    for _ in range(count):
        try:
            connections.append(connect("127.0.0.1", port))
        except ConnectionResetError:
            continue
    return {"done": True}


def greet():
    """Sends each connection's own greeting, and counts those that are echoed."""
    waiting = selectors.DefaultSelector()
    for number, connection in enumerate(connections):
        greeting = b"greeting %6d" % number
        try:
            connection.sendall(greeting)
        except (ConnectionResetError, BrokenPipeError):
            continue
        waiting.register(connection, selectors.EVENT_READ, greeting)

    answered = 0
    while waiting.get_map() and (ready := waiting.select(QUIET if answered else None)):
        for key, _ in ready:
            answered += answers(key.fileobj, key.data)
            waiting.unregister(key.fileobj)
    return {"answered": answered}


def answers(connection, greeting):
    try:
        return connection.recv(len(greeting), socket.MSG_WAITALL) == greeting
    except ConnectionResetError:
        return False


def fill():
    """Sends up to 1 MiB on each connection without receiving, until the server has taken nothing for a while."""
    block = bytes(64 * 1024)
    waiting = selectors.DefaultSelector()
    left = {connection: 1024 * 1024 for connection in connections}
    for connection in connections:
        waiting.register(connection, selectors.EVENT_WRITE)
    while waiting.get_map() and (ready := waiting.select(STALL)):
        for key, _ in ready:
            try:
                left[key.fileobj] -= key.fileobj.send(block, socket.MSG_DONTWAIT)
            except (ConnectionResetError, BrokenPipeError):
                left[key.fileobj] = 0
            if left[key.fileobj] <= 0:
                waiting.unregister(key.fileobj)
    return {"done": True}


def close():
    for connection in connections:
        connection.close()
    connections.clear()
    return {"done": True}


def reset():
    """Closes with a reset, while the other side is sending."""
    for connection in connections:
        connection.sendall(bytes(100_000))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return close()


obey({"open": open_more, "greet": greet, "fill": fill, "close": close, "reset": reset})
