"""Runs a command without access to io_uring, as under a container's seccomp profile.

usage: without_io_uring.py [--error NAME] [--call setup|enter|register] COMMAND [ARGUMENT...]

The call fails with EPERM, or with the named error: some profiles return ENOSYS, as if the kernel lacked the call.
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

# From <linux/bpf_common.h> and <linux/seccomp.h>.
LOAD_WORD = 0x20
JUMP_IF_EQUAL = 0x15
RETURN = 0x06
ALLOW = 0x7FFF0000
FAIL_WITH = 0x00050000

# The calls have these numbers on every architecture.
CALLS = {"setup": 425, "enter": 426, "register": 427}

error, call, command = errno.EPERM, CALLS["setup"], sys.argv[1:]
while command[0].startswith("--"):
    option, value, *command = command
    if option == "--error":
        error = getattr(errno, value)
    else:
        call = CALLS[value]


def instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


program = (
    instruction(LOAD_WORD, 0)  # the number of the system call
    + instruction(JUMP_IF_EQUAL, call, if_true=0, if_false=1)
    + instruction(RETURN, FAIL_WITH | error)
    + instruction(RETURN, ALLOW)
)
code = ctypes.create_string_buffer(program, len(program))
# struct sock_fprog: the number of instructions and where they are.
filter = ctypes.create_string_buffer(struct.pack("HL", len(program) // 8, ctypes.addressof(code)))

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0):
    sys.exit("cannot install the filter: " + os.strerror(ctypes.get_errno()))

os.execvp(command[0], command)
