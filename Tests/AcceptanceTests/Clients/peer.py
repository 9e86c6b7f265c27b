"""One side of one TCP connection, controlled by the test.

usage: peer.py connect PORT | peer.py listen PORT
"""

import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time

from common import BLOCK, Tally, connect, listen, obey, receive, send_random, tell

# More than any system buffers for a connection: a side that took this much takes everything.
ENDLESS = 192 * 1024 * 1024

# A side that takes nothing for this long has stopped.
STALL = 0.5


class Peer:
    def __init__(self, listener=None):
        self.listener = listener
        self.connection = None

    def accept(self):
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(self.listener.gettimeout())
        return {"done": True}

    def connect(self, port):
        try:
            self.connection = connect("127.0.0.1", port)
        except ConnectionResetError:
            # The other side accepted the connection and reset it before this side saw it established.
            pass
        return {"done": True}

    def send(self, count):
        return send_random(self.connection, count).report(end="open")

    def receive(self, count):
        received, end = receive(self.connection, count)
        return received.report(end=end)

    def drain(self):
        """Receives until the other side has half-closed."""
        if self.connection is None:
            return Tally().report(end="reset")
        received, end = receive(self.connection)
        return received.report(end=end)

    def exchange(self, count, stop_at=None):
        """Sends and half-closes, and concurrently receives until the other side half-closes.

        With `stop_at`, this whole process stops (SIGSTOP) after that many received bytes, until the test resumes it.
        """
        sent = []

        def send():
            sent.append(send_random(self.connection, count))
            self.connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = Tally()
        if stop_at is not None:
            received, end = receive(self.connection, stop_at)
            os.kill(os.getpid(), signal.SIGSTOP)
        received, end = receive(self.connection, tally=received)
        sender.join()
        return {"sent": sent[0].report(end="eof"), "received": received.report(end=end)}

    def fill(self):
        """Sends without receiving, until the other side takes no more."""
        sent = Tally()
        block = bytes(range(256)) * (BLOCK // 256)
        while sent.bytes < ENDLESS and select.select([], [self.connection], [], STALL)[1]:
            start = sent.bytes % BLOCK
            taken = self.connection.send(block[start:], socket.MSG_DONTWAIT)
            sent.add(block[start : start + taken])
        return sent.report(end="open")

    def finish(self):
        """Half-closes: still receives."""
        self.connection.shutdown(socket.SHUT_WR)
        return {"done": True}

    def reset(self):
        """Resets once the other side's system has everything that was sent: a reset discards what is queued here."""
        while unsent(self.connection) > 0:
            time.sleep(0.001)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return self.close()

    def close(self):
        self.connection.close()
        return {"done": True}


def unsent(connection):
    """The bytes that the other side has not acknowledged yet (SIOCOUTQ, which has the number of TIOCOUTQ)."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]


role, port = sys.argv[1], int(sys.argv[2])
if role == "listen":
    peer = Peer(listen(port))
else:
    peer = Peer()
    tell(**peer.connect(port))

obey(
    {
        name: getattr(peer, name)
        for name in ("accept", "send", "receive", "drain", "exchange", "fill", "finish", "reset", "close")
    }
)
