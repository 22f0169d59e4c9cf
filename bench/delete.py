#!/usr/bin/env python3
"""How long others wait while a list of recipients, and then a mailing with its history, is deleted. Prints Markdown.

    cargo build --release && bench/delete.py [--vestnik PATH] [--rows 500000] [--database-url postgres://...]

One person deletes; another adds a recipient again and again, which is a short write, and looks at the overview. Both are
measured before, as the measure of the machine, and meanwhile. Also: how large the database and its log get, and what is
given back at the end.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench"))

from people import PASSWORD, Browser, timed  # noqa: E402


class Other:
    """Someone else, who works meanwhile."""

    def __init__(self, base, email):
        self.browser, self.count = Browser(base, "192.0.2.7"), 0
        self.browser.post("/login", email=email, password=PASSWORD)

    def work(self, seconds, until=None):
        """Milliseconds of writes and of looks, until the time is over or the event is set."""
        writes, looks, end = [], [], time.monotonic() + seconds
        while time.monotonic() < end and not (until and until.is_set()):
            self.count += 1
            took, (answer, _) = timed(
                lambda: self.browser.post("/recipients/new", email=f"new{self.count}@example.net", full_name="", comment="")
            )
            assert answer.status == 303, answer.status
            writes.append(took)
            took, (answer, _) = timed(lambda: self.browser.get("/dashboard"))
            assert answer.status == 200, answer.status
            looks.append(took)
            time.sleep(0.02)
        return writes, looks


def row(name, times):
    times = sorted(times)
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return f"| {name} | {len(times)} | {statistics.median(times):.1f} | {p99:.1f} | {times[-1]:.1f} |"


def megabytes(path):
    return os.path.getsize(path) / 1e6 if os.path.exists(path) else 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--vestnik", default=os.path.join(ROOT, "target/release/vestnik"))
    options.add_argument("--rows", type=int, default=500_000)
    options.add_argument("--database-url")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(options, folder, options.database_url)


def run(options, folder, postgres):
    env = {**os.environ, "VESTNIK_DATA_DIR": folder}
    if postgres:
        env["VESTNIK_DATABASE_URL"] = postgres
    call = lambda *args: subprocess.run([options.vestnik, *args], env=env, check=True, capture_output=True, text=True)
    for name in ("anna", "boris"):
        call("create-user", "--email", f"{name}@example.com", "--name", name, "--password", PASSWORD)
    file = os.path.join(folder, "list.csv")
    with open(file, "w") as out:
        out.write("email,name,comment\n")
        for n in range(options.rows):
            out.write(f"r{n}@example.org,Person {n},regular customer since last autumn\n")
    call("recipients", "import", file, "--owner", "anna@example.com")
    log = open(os.path.join(folder, "log"), "w")
    server = subprocess.Popen(
        [options.vestnik, "serve", "--listen", "127.0.0.1:0"], env=env, stdout=subprocess.PIPE, stderr=log, text=True
    )
    try:
        base = next(line.split(" is at ")[1].strip() for line in server.stdout if " is at " in line)
        measure(options, folder, base)
    finally:
        server.terminate()
        server.wait()


def measure(options, folder, base):
    anna = Browser(base)
    anna.post("/login", email="anna@example.com", password=PASSWORD)
    other = Other(base, "boris@example.com")
    database, wal = os.path.join(folder, "vestnik.db"), os.path.join(folder, "vestnik.db-wal")
    size = megabytes(database)
    before = other.work(10)
    took, (answer, _) = timed(lambda: anna.post("/recipients/delete", all="1", q="", sort=""))
    page, over, largest = answer.getheader("location"), threading.Event(), [0]
    assert page.startswith("/deletions/"), page

    def wait():
        while not over.is_set():
            largest[0] = max(largest[0], megabytes(wal))
            if "hx-trigger" not in anna.get(page)[1]:
                over.set()
            time.sleep(0.2)

    began = time.monotonic()
    watcher = threading.Thread(target=wait)
    watcher.start()
    meanwhile = other.work(3600, over)
    watcher.join()
    lasted = time.monotonic() - began
    time.sleep(10)
    print(f"{options.rows:,} recipients; the form answered in {took:.0f} ms, all were gone after {lasted:.1f} s.")
    print(f"Database {size:.0f} MB before, {megabytes(database):.0f} MB after; log {largest[0]:.0f} MB at most.\n")
    print("| ms | times | median | p99 | longest |\n|---|--:|--:|--:|--:|")
    print(row("a recipient added, before", before[0]))
    print(row("a recipient added, meanwhile", meanwhile[0]))
    print(row("overview, before", before[1]))
    print(row("overview, meanwhile", meanwhile[1]))


if __name__ == "__main__":
    main()
