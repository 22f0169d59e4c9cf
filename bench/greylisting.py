#!/usr/bin/env python3
"""How a mailing goes through a Postfix that greylists and slows down clients which make errors. Prints Markdown.

    cargo build --release && bench/greylisting.py [--vestnik PATH] [--recipients 1000] [--wait 30] [--stage rcpt|data]
        [--connections 10] [--first 3s] [--longest 30s]

It starts a Postfix of its own with its usual limits of errors (ten in a session, then a second before each reply; the end
of the session after twenty), which throws away what it takes, and a policy service that puts off each recipient until
`--wait` seconds after the first try. Needs root and the programs of Postfix (Debian's package `postfix`); one that runs
already is left alone.
"""

import argparse
import json
import os
import pwd
import re
import shutil
import signal
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from services import TARGET, free_port  # noqa: E402

PASSWORD = "an autumn coffee for 7"
# No run takes longer, unless something hangs.
PATIENCE = 1800


class Greylist(socketserver.ThreadingTCPServer):
    """Postfix's policy protocol: lines of name=value, an empty one, and an action for an answer."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, wait):
        super().__init__(("127.0.0.1", 0), Policy)
        self.wait, self.lock, self.first, self.tries = wait, threading.Lock(), {}, {}

    def action(self, recipient):
        now = time.monotonic()
        with self.lock:
            first = self.first.setdefault(recipient, now)
            self.tries[recipient] = self.tries.get(recipient, 0) + 1
        return "DUNNO" if now - first >= self.wait else "DEFER_IF_PERMIT 4.2.0 Greylisted, please try again later"


class Policy(socketserver.StreamRequestHandler):
    def handle(self):
        request = {}
        for line in self.rfile:
            name, _, value = line.decode("utf-8", "replace").strip().partition("=")
            if name:
                request[name] = value
                continue
            self.wfile.write(f"action={self.server.action(request.get('recipient', ''))}\n\n".encode())
            request = {}


class Postfix:
    """A Postfix of its own, with its data in a folder that goes away with it."""

    def __init__(self, folder, policy, stage):
        self.config, self.port, self.log = os.path.join(folder, "etc"), free_port(), os.path.join(folder, "mail.log")
        queue, data = os.path.join(folder, "queue"), os.path.join(folder, "data")
        for made in (self.config, queue, data):
            os.mkdir(made, 0o755)
        owner = pwd.getpwnam("postfix")
        os.chown(data, owner.pw_uid, owner.pw_gid)
        check = f"check_policy_service inet:127.0.0.1:{policy}"
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": queue,
            "data_directory": data,
            "maillog_file": self.log,
            "maillog_file_prefixes": folder,
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "bench.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "default_transport": "discard:",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "smtpd_recipient_restrictions": check if stage == "rcpt" else "permit_mynetworks, reject",
            "smtpd_data_restrictions": check if stage == "data" else "",
        }
        with open(os.path.join(self.config, "main.cf"), "w") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        services = [f"127.0.0.1:{self.port} inet n - n - - smtpd", "cleanup unix n - n - 0 cleanup"]
        services += ["qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite"]
        services += ["bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce"]
        services += ["anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache", "discard unix - - n - - discard"]
        services += ["error unix - - n - - error", "retry unix - - n - - error", "postlog unix-dgram n - n - 1 postlogd"]
        services += ["proxymap unix - - n - - proxymap", "tlsmgr unix - - n 1000? 1 tlsmgr"]
        with open(os.path.join(self.config, "master.cf"), "w") as file:
            file.writelines(service + "\n" for service in services)

    def __enter__(self):
        subprocess.run(["postfix", "-c", self.config, "start"], check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["postfix", "-c", self.config, "stop"], capture_output=True)

    def setting(self, name):
        return subprocess.run(["postconf", "-c", self.config, "-h", "-x", name], capture_output=True, text=True).stdout.strip()

    def count(self, pattern):
        with open(self.log, errors="replace") as file:
            return sum(1 for line in file if re.search(pattern, line))


class Vestnik:
    """An installation in a folder of its own, by its command line."""

    def __init__(self, program, folder, settings):
        self.program, self.folder = os.path.abspath(program), folder
        self.env = {"LANG": "C", "PATH": os.environ["PATH"], "VESTNIK_DATA_DIR": os.path.join(folder, "data"), **settings}
        os.mkdir(folder)

    def ok(self, *args):
        done = subprocess.run([self.program, *args], env=self.env, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"vestnik {' '.join(args)}: {done.stderr}")
        return done.stdout.strip()

    def worker(self):
        log = open(os.path.join(self.folder, "worker.log"), "w")
        return subprocess.Popen([self.program, "worker"], env=self.env, cwd=self.folder, stdout=log, stderr=log)

    def prepare(self, recipients):
        def write(name, text):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
            return os.path.join(self.folder, name)

        owner = ("--owner", "anna@example.com")
        self.ok("create-user", "--email", "anna@example.com", "--name", "Anna", "--password", PASSWORD)
        rows = "".join(f"r{number}@bench.example\n" for number in range(recipients))
        self.ok("recipients", "import", *owner, write("list.csv", "email\n" + rows))
        text = write("message.txt", "Hello {{ recipient.email }}")
        message = self.ok("message", "create", *owner, "--subject", "Hello", "--text", text).split()[-1]
        self.ok("mailing", "create", *owner, "--message", message, "--all-recipients")

    def shown(self):
        return json.loads(self.ok("mailing", "show", "1", "--json"))


def wait_for_end(vestnik, began):
    """Until the run is over; its last state, and when each tenth of it was sent."""
    tenths = []
    while time.monotonic() - began < PATIENCE:
        shown = vestnik.shown()
        total, sent = shown["recipients"] or 1, shown["sent"]
        while len(tenths) < 10 and sent * 10 >= total * (len(tenths) + 1):
            tenths.append(time.monotonic() - began)
        if shown["run_state"] == "completed":
            return shown, tenths
        time.sleep(0.5)
    sys.exit(f"it is not over after {PATIENCE} s: {shown}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--vestnik", default=os.path.join(TARGET, "release", "vestnik"))
    parser.add_argument("--recipients", type=int, default=1000)
    parser.add_argument("--wait", type=float, default=30)
    parser.add_argument("--stage", choices=["rcpt", "data"], default="rcpt")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--first", default="3s")
    parser.add_argument("--longest", default="30s")
    args = parser.parse_args()
    # So that Postfix is stopped and its folder removed, however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    if os.geteuid() or not shutil.which("postfix"):
        sys.exit("Postfix needs root and its programs (Debian: apt-get install postfix)")
    greylist = Greylist(args.wait)
    threading.Thread(target=greylist.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="vestnik-greylisting-") as folder:
        os.chmod(folder, 0o755)
        with Postfix(folder, greylist.server_address[1], args.stage) as postfix:
            settings = {
                "VESTNIK_SMTP_URL": f"smtp://127.0.0.1:{postfix.port}?starttls=off",
                "VESTNIK_SMTP_CONNECTIONS": str(args.connections),
                "VESTNIK_RETRY_FIRST_DELAY": args.first,
                "VESTNIK_RETRY_MAX_DELAY": args.longest,
                "VESTNIK_RETRY_ATTEMPTS": "12",
            }
            vestnik = Vestnik(args.vestnik, os.path.join(folder, "vestnik"), settings)
            vestnik.prepare(args.recipients)
            worker = vestnik.worker()
            try:
                began = time.monotonic()
                vestnik.ok("mailing", "send", "1")
                shown, tenths = wait_for_end(vestnik, began)
            finally:
                worker.terminate()
                worker.wait()
            tries = sorted(greylist.tries.values())
            limits = [postfix.setting(f"smtpd_{name}") for name in ("soft_error_limit", "hard_error_limit", "error_sleep_time")]
            print(f"{args.recipients:,} recipients, greylisted for {args.wait:g} s at {args.stage.upper()}, "
                  f"{args.connections} connections, first retry {args.first}, longest {args.longest}; "
                  f"limits of errors {limits[0]}, {limits[1]}, {limits[2]}.\n")
            print("| | |\n|---|--:|")
            print(f"| sent, failed, unknown | {shown['sent']}, {shown['failed']}, {shown['unknown']} |")
            print(f"| half of them sent after, s | {tenths[4]:.1f} |" if len(tenths) > 4 else "| half | never |")
            print(f"| all sent after, s | {tenths[9]:.1f} |" if len(tenths) > 9 else "| all | never |")
            print(f"| tries a recipient, median and most, as the policy saw them | {statistics.median(tries):g}, {tries[-1]} |")
            print(f"| sessions | {postfix.count(r'smtpd.*: connect from')} |")
            print(f"| sessions that Postfix ended for errors | {postfix.count('too many errors')} |")


if __name__ == "__main__":
    main()
