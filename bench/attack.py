#!/usr/bin/env python3
"""How long another person's pages take while one account attacks the service: previews of slow messages, searches,
imports, exports and event streams, all at once. On SQLite and on PostgreSQL. Prints Markdown.

    cargo build --release && bench/attack.py [--vestnik PATH] [--recipients 500000] [--seconds 60] [--database sqlite]

The attacker's clients run as processes of their own with the lowest priority, and end after the time that is given. The
other person looks at the overview and at their recipients, and signs in, one after the other. The same is measured before
without the attack. The server counts clients by address, so each client of the attacker comes from one of its own.
"""

import argparse
import collections
import http.client
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from services import TARGET, Services, free_port  # noqa: E402
from visits import Browser, memory_of, quantiles, table, timed  # noqa: E402

PASSWORD = "an autumn coffee for 7"
ATTACKER, VICTIM = "attacker@example.com", "victim@example.com"
# As much as a template may do within its limits.
SLOW = "{% for a in range(1000) %}{% for b in range(1000) %}{{ recipient.full_name }}{% endfor %}{% endfor %}"
DEEP = "<div>" * 20_000 + "text" + "</div>" * 20_000


class Server:
    """`vestnik serve` in an empty folder, with two accounts."""

    def __init__(self, vestnik, folder, database):
        self.vestnik, self.folder = vestnik, folder
        self.options = ["--data-dir", os.path.join(folder, "data")]
        if database:
            self.options += ["--database-url", database]
        listen = f"127.0.0.1:{free_port()}"
        self.url = f"http://{listen}/"
        self.environment = {"PATH": os.environ["PATH"], "VESTNIK_USER_PASSWORD": PASSWORD, "VESTNIK_ADMIN_PASSWORD": PASSWORD}
        self.run("create-admin", "--email", "admin@example.com", "--name", "Admin")
        for email in (ATTACKER, VICTIM):
            self.run("create-user", "--email", email, "--name", email.split("@")[0], "--language", "en")
        command = [vestnik, "serve", "--listen", listen, "--behind-proxy", "--base-url", "http://attack.example/"]
        self.log = open(os.path.join(folder, "log"), "w")
        self.process = subprocess.Popen([*command, *self.options], stdout=self.log, stderr=self.log, cwd=folder,
                                        env=self.environment)
        while not self.answers():
            if self.process.poll() is not None:
                raise SystemExit(open(self.log.name).read())
            time.sleep(0.1)

    def answers(self):
        try:
            return Browser(self.url).get("/readyz")[0].status == 200
        except OSError:
            return False

    def run(self, *command):
        done = subprocess.run([self.vestnik, *command, *self.options], capture_output=True, text=True, cwd=self.folder,
                              env=self.environment)
        if done.returncode != 0:
            raise SystemExit(f"{command}: {done.stdout}{done.stderr}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.log.close()


def signed_in(url, email, address):
    browser = Browser(url, address)
    browser.get("/login")
    answer, text = browser.post("/login", email=email, password=PASSWORD)
    if answer.status != 303:
        raise SystemExit(f"{email} cannot sign in: {answer.status} {re.sub('<[^>]+>', ' ', text)[:500]}")
    return browser


def preview(browser, turn):
    return browser.post("/messages/preview", subject="Hello", html=DEEP if turn % 2 else f"<p>{SLOW}</p>", text=SLOW)


def search(browser, turn):
    return browser.get(f"/recipients?q=zz{turn}+nobody")


def import_list(browser, turn):
    lines = "".join(f"new{turn}-{os.getpid()}-{n}@example.net,Name {n}\r\n" for n in range(50_000))
    body = ("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list.csv\"\r\n"
            f"Content-Type: text/csv\r\n\r\nemail,full_name\r\n{lines}\r\n--edge--\r\n")
    return browser.send("POST", "/recipients/import", body.encode(), {"Content-Type": "multipart/form-data; boundary=edge"})


def export(browser, turn):
    return browser.get("/recipients/export.xlsx" if turn % 2 else "/recipients/export.csv")


def stream(browser, _):
    """Opens an event stream and reads its first bytes; the connection stays open until the next."""
    connection = http.client.HTTPConnection(browser.host, timeout=20)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    connection.request("GET", "/live", headers={"Cookie": cookies, "X-Forwarded-For": browser.address})
    answer = connection.getresponse()
    browser.streams = [*getattr(browser, "streams", [])[-50:], connection]
    return answer, ""


def attack(act, cookies, url, address, until, counts):
    os.nice(19)
    browser, turn, seen = Browser(url, address), 0, collections.Counter()
    browser.cookies = cookies
    while time.time() < until:
        turn += 1
        try:
            answer, _ = act(browser, turn)
            seen[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            seen[type(error).__name__] += 1
    counts.put((act.__name__, seen))


def begin_attack(url, seconds, clients):
    cookies = signed_in(url, ATTACKER, "192.0.2.1").cookies
    until, counts, processes = time.time() + seconds, multiprocessing.Queue(), []
    for act, number in ((preview, clients), (search, clients), (import_list, 2), (export, 4), (stream, 4)):
        for _ in range(number):
            address = f"192.0.2.{len(processes) + 10}"
            processes.append(multiprocessing.Process(target=attack, args=(act, cookies, url, address, until, counts)))
    for process in processes:
        process.start()
    return processes, counts


def look(url, seconds):
    """The other person's visits for so many seconds: milliseconds of each, by what it was."""
    browser, times, turn = signed_in(url, VICTIM, "198.51.100.1"), collections.defaultdict(list), 0
    until = time.time() + seconds

    def login():
        visitor = Browser(url, f"203.0.{turn // 200}.{turn % 200 + 1}")
        visitor.get("/login")
        took, (answer, _) = timed(lambda: visitor.post("/login", email=VICTIM, password=PASSWORD))
        return took, answer

    def page(path):
        took, (answer, _) = timed(lambda: browser.get(path))
        return took, answer

    while time.time() < until:
        turn += 1
        visits = [("overview", lambda: page("/dashboard"), 200), ("recipients", lambda: page("/recipients"), 200)]
        # Logins of one account are limited as well.
        if turn % 20 == 0:
            visits.append(("login", login, 303))
        for name, visit, right in visits:
            took, answer = visit()
            if answer.status != right:
                raise SystemExit(f"{name}: {answer.status}")
            times[name].append(took)
        time.sleep(0.02)
    return times


def measure(name, vestnik, database, args):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(vestnik, folder, database)
        try:
            for owner, count in ((ATTACKER, args.recipients), (VICTIM, 1_000)):
                path = os.path.join(folder, "list.csv")
                with open(path, "w") as file:
                    file.write("email,full_name\n")
                    file.writelines(f"r{n}@example.org,Name Surname {n}\n" for n in range(count))
                server.run("recipients", "import", "--owner", owner, path)
            quiet = look(server.url, args.seconds / 4)
            processes, counts = begin_attack(server.url, args.seconds, args.clients)
            time.sleep(1)
            attacked = look(server.url, args.seconds - 2)
            seen = collections.defaultdict(collections.Counter)
            for _ in processes:
                act, counted = counts.get(timeout=120)
                seen[act].update(counted)
            for process in processes:
                process.join()
            rows = []
            for what in attacked:
                for state, times in (("quiet", quiet), ("attacked", attacked)):
                    rows.append((what, state, len(times[what]), *quantiles(times[what])))
            print(f"{name}, ms; the service's memory at its highest {memory_of(server.process.pid)['VmHWM']} MB:\n")
            table(["page", "", "visits", "10 %", "median", "90 %", "99 %"], rows)
            print("Answers to the attacker: " + "; ".join(f"{act} {dict(counted)}" for act, counted in seen.items()) + "\n")
        finally:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vestnik", default=os.path.join(TARGET, "release", "vestnik"))
    parser.add_argument("--recipients", type=int, default=500_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--clients", type=int, default=8, help="previews at once, and searches")
    parser.add_argument("--database", choices=["sqlite", "postgres"])
    args = parser.parse_args()
    with Services() as services:
        if args.database != "postgres":
            measure("SQLite", args.vestnik, None, args)
        if args.database != "sqlite":
            measure("PostgreSQL", args.vestnik, services.postgres(), args)


if __name__ == "__main__":
    main()
