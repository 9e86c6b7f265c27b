"""Runs a command in a network of its own, where one address drops every packet.

usage: black_hole.py COMMAND [ARGUMENT...]

The network has only a loopback interface. 10.9.0.0/24 is routed to it, but no interface has such an address and the
system does not forward, so it drops the packets silently (ip_error() of Linux's net/ipv4/route.c). Connects to 10.9.0.1
hang, as with a firewall that drops packets.

Exits with 77 if the system allows no network namespace.
"""

import os
import subprocess
import sys

REFUSED = 77


if sys.argv[1] == "--inside":
    for command in (["link", "set", "lo", "up"], ["route", "add", "10.9.0.0/24", "dev", "lo"]):
        subprocess.run(["ip", *command], check=True)
    os.execvp(sys.argv[2], sys.argv[2:])

probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True)
if probe.returncode != 0:
    print("no network namespace available: " + probe.stderr.strip(), file=sys.stderr)
    sys.exit(REFUSED)
os.execvp("unshare", ["unshare", "-rn", sys.executable, "-B", __file__, "--inside", *sys.argv[1:]])
