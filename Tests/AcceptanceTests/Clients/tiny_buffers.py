"""Execs a server whose listening socket, descriptor 3, has buffers of a few KiB.

usage: tiny_buffers.py COMMAND...

Accepted connections inherit them (tcp(7)). The system chooses the port.
"""

import os
import socket
import sys

from common import shrink

listener = socket.socket()
shrink(listener)
listener.bind(("127.0.0.1", 0))
listener.listen(256)
# If the number is 3 already, dup2() does nothing, and the descriptor remains close-on-exec.
if listener.fileno() == 3:
    os.set_inheritable(3, True)
else:
    os.dup2(listener.fileno(), 3, inheritable=True)
os.execvp(sys.argv[1], sys.argv[1:])
