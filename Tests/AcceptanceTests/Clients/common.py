"""Shared by the clients: random bytes that are counted and hashed as they pass, and commands from the test."""

import hashlib
import json
import os
import socket
import sys

BLOCK = 64 * 1024

# No client waits longer than this for the other side. The test's own time limit is the one that matters.
PATIENCE = 240


class Tally:
    """Counts and hashes the bytes of one direction."""

    def __init__(self):
        self.bytes = 0
        self.hash = hashlib.sha256()

    def add(self, data):
        self.bytes += len(data)
        self.hash.update(data)

    def report(self, **more):
        return {"bytes": self.bytes, "digest": self.hash.hexdigest(), **more}


def shrink(connection):
    """Gives a socket the smallest send buffer (socket(7): smaller requests are raised to it) and a small window.

    With the smallest receive buffer, the systems' own timers would dominate: every few hundred bytes wait for a probe.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)


def connect(host, port):
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if "TINY_BUFFERS" in os.environ:
        # Before it connects, since the window is negotiated then.
        shrink(connection)
    connection.connect((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def listen(port=0):
    """Listens on the port, or on one that the system chooses, and prints it."""
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    listener.settimeout(PATIENCE)
    if "TINY_BUFFERS" in os.environ:
        shrink(listener)
    tell_line("listening on 127.0.0.1:%d" % listener.getsockname()[1])
    return listener


def send_random(connection, count, piece=BLOCK):
    """Sends the given number of random bytes in pieces of `piece` bytes."""
    sent = Tally()
    while sent.bytes < count:
        data = memoryview(os.urandom(min(BLOCK, count - sent.bytes)))
        for start in range(0, len(data), piece):
            connection.sendall(data[start : start + piece])
        sent.add(data)
    return sent


def receive(connection, count=None, tally=None):
    """Receives the given number of bytes, or all. Also returns how it ended: "open", "eof" or "reset"."""
    received = tally or Tally()
    while count is None or received.bytes < count:
        wanted = BLOCK if count is None else min(BLOCK, count - received.bytes)
        try:
            data = connection.recv(wanted)
        except ConnectionResetError:
            return received, "reset"
        if not data:
            return received, "eof"
        received.add(data)
    return received, "open"


def tell(**facts):
    """Prints one line of results, which the test checks."""
    tell_line(json.dumps(facts))


def tell_line(line):
    print(line, flush=True)


def obey(commands):
    """Runs the commands on standard input, one per line, such as `send 1000`, until it ends."""
    for line in sys.stdin:
        name, *arguments = line.split()
        tell(**commands[name](*map(int, arguments)))
