"""Runs a command on a terminal of its own, and answers what it asks.

Usage: terminal.py DIALOGUE COMMAND... where DIALOGUE is a JSON list of pairs: words to wait for, and what is typed then.
After words that begin with "Password" it is typed as soon as the terminal shows nothing of it. What the terminal shows goes to standard output; the exit status is the command's.
"""

import json
import os
import pty
import sys
import termios
import time


def wait_for_silence(terminal):
    """Returns when what is typed is not shown any more; the test that waits for us has a limit."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        time.sleep(0.01)


def main():
    dialogue, command = json.loads(sys.argv[1]), sys.argv[2:]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(command[0], command)
    shown, waited_from = b"", 0
    while True:
        if dialogue and (found := shown.find(dialogue[0][0].encode(), waited_from)) >= 0:
            words, typed = dialogue.pop(0)
            waited_from = found + len(words.encode())
            if words.startswith("Password"):
                wait_for_silence(terminal)
            os.write(terminal, typed.encode())
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:
            # Linux says so when the command has closed its side.
            break
        if not read:
            break
        shown += read
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if dialogue:
        sys.exit(f"it never asked {dialogue[0][0]!r}")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


if __name__ == "__main__":
    main()
