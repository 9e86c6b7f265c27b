"""Activates a service with two sockets as systemd does, and execs the service.

usage: activate.py NAME:NAME COMMAND...

Two sockets listen on ports that the system chooses, as descriptors 3 and 4.
"""

import os
import socket
import sys

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
# Moved out of the way first: they may be 4 and 3.
spare = [os.dup2(one.fileno(), 100 + number) for number, one in enumerate(sockets)]
for number, descriptor in enumerate(spare):
    os.dup2(descriptor, 3 + number, inheritable=True)

os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = "2"
os.environ["LISTEN_FDNAMES"] = sys.argv[1]
os.execvp(sys.argv[2], sys.argv[2:])
