#!/usr/bin/env python3
"""Holds a listening socket, as systemd does (LISTEN_FDS), while the process that answers on it comes and goes.

Usage: held-socket.py ADDRESS:PORT COMMAND [ARGUMENT ...]

SIGHUP ends the process as a service manager would and starts it again; SIGTERM ends it, and this one with its status.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys

WAITED_FOR = {signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
FIRST = 3


def start(command):
    def prepare():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED_FOR)
        # PR_SET_PDEATHSIG: it is not left behind, however this one ends.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)

    return subprocess.Popen(command, env={**os.environ, "LISTEN_FDS": "1"}, pass_fds=[FIRST], preexec_fn=prepare)


def main(address, *command):
    host, port = address.rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=1024)
    os.dup2(listener.fileno(), FIRST)
    signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
    process = start(command)
    while True:
        wanted = signal.sigwait(WAITED_FOR)
        if wanted == signal.SIGCHLD:
            if process.poll() is not None:
                return process.returncode
            continue
        process.terminate()
        status = process.wait()
        if wanted == signal.SIGTERM or status != 0:
            return status
        process = start(command)


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.exit(128 - status if status < 0 else status)
