#!/usr/bin/env python3
"""How the pages for people behave with many of them, and under guessing: two nodes behind a proxy's header, sharing a
private PostgreSQL and a private Redis. Prints Markdown.

    cargo build --release && bench/people.py [--vestnik PATH] [--users 10000] [--tries 400]

What it looks at: how long the list of users takes, made anew and from the cache, and when a change shows on the other
node; whether the time of an answer tells if an account exists; what comes of a thousand wrong passwords; requests while
Redis is stopped and killed; memory while a picture is a bomb.
"""

import argparse
import base64
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from services import TARGET, Services, find_postgres, free_port  # noqa: E402
from visits import Browser, memory_of, quantiles, table, timed  # noqa: E402

ADMIN, PASSWORD = "admin@example.com", "an autumn coffee for 7"


def overlap(one, other):
    """What two distributions have in common, 0 to 1: one less the largest gap between them (Kolmogorov, Smirnov)."""
    points = sorted(one + other)
    below = lambda sample, point: sum(1 for value in sample if value <= point) / len(sample)  # noqa: E731
    return 1 - max(abs(below(one, point) - below(other, point)) for point in points)


class Node:
    """`vestnik serve`, with what it printed."""

    def __init__(self, vestnik, name, folder, database, redis):
        listen = f"127.0.0.1:{free_port()}"
        command = [vestnik, "serve", "--listen", listen, "--data-dir", os.path.join(folder, name), "--behind-proxy",
                   "--base-url", "http://people.example/", "--database-url", database, "--redis-url", redis]
        # Nodes have folders of their own, and one key.
        environment = {"PATH": os.environ["PATH"], "VESTNIK_SECRET_KEY": base64.b64encode(b"k" * 32).decode()}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder,
                                        env=environment)
        # It prints the address that people would come by; it is ready as soon as it does.
        self.process.stdout.readline()
        self.url = f"http://{listen}/"

    def setup_path(self):
        link = self.process.stdout.readline().split()[-1]
        return urllib.parse.urlparse(link).path

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


class Database:
    def __init__(self, url):
        self.url, self.psql = url, os.path.join(find_postgres(), "psql")

    def run(self, sql):
        done = subprocess.run([self.psql, self.url, "-qAt", "-c", sql], capture_output=True, text=True, check=True)
        return done.stdout.strip()


def make_people(database, count):
    database.run(f"""
        INSERT INTO users (email, email_key, name, name_key, password_hash, language, time_zone, theme, confirmed_at,
                created_at)
            SELECT 'user' || n || '@example.org', 'user' || n || '@example.org', 'User ' || n, 'user ' || n,
                (SELECT password_hash FROM users LIMIT 1), 'en', 'UTC', 'auto', created_at, created_at
            FROM generate_series(1, {count}) n, (SELECT created_at FROM users LIMIT 1) t;
        INSERT INTO user_groups (user_id, group_id)
            SELECT u.id, g.id FROM users u, groups g WHERE g.builtin = 'users' ON CONFLICT DO NOTHING;
        ANALYZE""")


def lists(first, second, admin, database):
    """The list of users: made anew after each change, and from the cache; and whether a change shows."""
    there = admin.at(second.url)
    made, cached, elsewhere, shown = [], [], [], 0
    for turn in range(40):
        id = database.run(f"SELECT id FROM users WHERE email_key = 'user{10000 - turn}@example.org'") or None
        admin.post(f"/manage/users/{id}/block", reason=f"turn {turn}")
        took, (_, text) = timed(lambda: there.get("/manage/users?state=blocked"))
        elsewhere.append(took)
        shown += f"user{10000 - turn}@example.org" in text
        took, _ = timed(lambda: admin.get("/manage/users"))
        made.append(took)
        for _ in range(10):
            took, _ = timed(lambda: admin.get("/manage/users"))
            cached.append(took)
    return made, cached, elsewhere, shown


def compare(tries, one, other):
    """Times of two acts, by turns and in turned order, so that both see the same machine."""
    times = [], []
    for turn in range(tries):
        for act, sample in ((one, times[0]), (other, times[1]))[:: 1 if turn % 2 else -1]:
            sample.append(timed(lambda: act(turn))[0])
    return times


def logins(node, tries):
    def act(kind):
        def attempt(turn):
            browser = Browser(node.url, f"198.51.{turn // 200}.{turn % 200 + 1}")
            browser.get("/login")
            return lambda: browser.post("/login", email=f"{kind}{turn + 1}@example.org", password="not the password")
        return attempt

    def run(kind):
        attempt = act(kind)
        ready = [attempt(turn) for turn in range(tries)]
        return lambda turn: ready[turn]()

    return compare(tries, run("user"), run("nobody"))


def recoveries(node, tries):
    def run(kind, net):
        ready = []
        for turn in range(tries):
            browser = Browser(node.url, f"203.0.{net + turn // 200}.{turn % 200 + 1}")
            browser.get("/recover")
            ready.append(browser)
        return lambda turn: ready[turn].post("/recover", email=f"{kind}{turn + 1000}@example.org")

    return compare(tries, run("user", 0), run("nobody", 100))


def guessing(first, second):
    """A thousand wrong passwords from one address, by turns at both nodes; then the owner."""
    counts = {}
    for turn in range(1000):
        guesser = Browser((first, second)[turn % 2].url, "192.0.2.66")
        answer, _ = guesser.post("/login", email="user77@example.org", password=f"guess {turn}")
        counts[answer.status] = counts.get(answer.status, 0) + 1
    same, _ = Browser(first.url, "192.0.2.66").post("/login", email="user77@example.org", password=PASSWORD)
    owner, _ = Browser(first.url, "192.0.2.99").post("/login", email="user77@example.org", password=PASSWORD)
    return counts, same.status, owner.status


def without_redis(services, nodes, admin):
    """Requests at both nodes while Redis is stopped, goes on, and is killed."""
    over, asked, failed, slowest = threading.Event(), [0], [], [0.0]

    def visit(node):
        browser = admin.at(node.url)
        while not over.is_set():
            for path in ("/manage/users", "/dashboard", "/"):
                try:
                    took, (answer, _) = timed(lambda: browser.get(path))
                    slowest[0] = max(slowest[0], took)
                    asked[0] += 1
                    if answer.status >= 400:
                        failed.append((path, answer.status))
                except OSError as error:
                    failed.append((path, error))

    visitors = [threading.Thread(target=visit, args=(node,)) for node in nodes * 2]
    for visitor in visitors:
        visitor.start()
    redis = services.running[-1][0]
    for act, seconds in ((None, 2), (signal.SIGSTOP, 4), (signal.SIGCONT, 2), (signal.SIGKILL, 4)):
        if act:
            redis.send_signal(act)
        time.sleep(seconds)
    over.set()
    for visitor in visitors:
        visitor.join()
    return asked[0], failed, slowest[0]


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb(side):
    """A PNG of side x side black pixels, a few hundred kilobytes long."""
    packer, rows = zlib.compressobj(9), bytes(side * 3 + 1)
    data = b"".join(packer.compress(rows) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def pictures(node, admin):
    jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    files = {
        "PNG, 50,000 x 50,000": png_bomb(50_000),
        "100 MB": jpeg + bytes(100 * 1024 * 1024),
        "SVG with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "GIF and HTML in one": b"GIF89a/*<script>alert(1)</script>*/=1;" + bytes(64),
    }
    rows = []
    for name, data in files.items():
        before = memory_of(node.process.pid)
        body = (b"--edge\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"me.png\"\r\n"
                b"Content-Type: image/png\r\n\r\n" + data + b"\r\n--edge--\r\n")
        uploader = admin.at(node.url)
        try:
            answer, text = uploader.send("POST", "/settings/avatar", body,
                                         {"Content-Type": "multipart/form-data; boundary=edge"})
            said = re.search(r'id="picture-error">(.*?)</p>', text) or re.search(r"<h1>(.*?)</h1>", text, re.S)
            outcome = f"{answer.status}: {said[1].strip() if said else ''}"
        except OSError as error:
            outcome = f"the connection was closed while it was sent ({error})"
        after = memory_of(node.process.pid)
        rows.append((name, f"{len(data):,}", outcome, before["VmRSS"], after["VmHWM"]))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vestnik", default=os.path.join(TARGET, "release", "vestnik"))
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--tries", type=int, default=400)
    args = parser.parse_args()
    with Services() as services, tempfile.TemporaryDirectory() as folder:
        database_url, redis = services.postgres(), services.redis()
        database = Database(database_url)
        first = Node(args.vestnik, "first", folder, database_url, redis)
        nodes = [first]
        try:
            path = first.setup_path()
            admin = Browser(first.url)
            form = dict(email=ADMIN, name="Admin", password=PASSWORD, language="en", time_zone="UTC", registration="open",
                        route="catcher")
            answer, text = admin.post(path, **form)
            assert answer.status == 303, text
            nodes.append(Node(args.vestnik, "second", folder, database_url, redis))
            second = nodes[1]
            make_people(database, args.users)

            made, cached, elsewhere, shown = lists(first, second, admin, database)
            print(f"The list of {args.users:,} users, ms:\n")
            table(["", "10 %", "median", "90 %", "99 %"], [
                ("made anew, after a change", *quantiles(made)),
                ("from the cache", *quantiles(cached)),
                ("on the other node, right after a change", *quantiles(elsewhere)),
            ])
            print(f"A change showed on the other node at once: {shown} of {len(elsewhere)}.\n")

            known, unknown = logins(first, args.tries)
            known_recovery, unknown_recovery = recoveries(first, args.tries)
            print(f"Does the time of an answer tell whether there is an account? {args.tries} of each by turns, ms:\n")
            table(["", "10 %", "median", "90 %", "99 %", "in common"], [
                ("login, account exists", *quantiles(known), ""),
                ("login, no such account", *quantiles(unknown), f"{overlap(known, unknown):.3f}"),
                ("recovery, account exists", *quantiles(known_recovery), ""),
                ("recovery, no such account", *quantiles(unknown_recovery), f"{overlap(known_recovery, unknown_recovery):.3f}"),
            ])
            halves = [sample[::2] for sample in (known, known_recovery)], [sample[1::2] for sample in (known, known_recovery)]
            alike = ", ".join(f"{overlap(one, other):.3f}" for one, other in zip(*halves))
            print(f"For comparison, two halves of the same (login, recovery, account exists): {alike} in common. "
                  f"Means: {statistics.mean(known):.2f} and {statistics.mean(unknown):.2f} ms, "
                  f"{statistics.mean(known_recovery):.2f} and {statistics.mean(unknown_recovery):.2f} ms.\n")

            counts, same, owner = guessing(first, second)
            print(f"1,000 wrong passwords from one address, at both nodes by turns: {counts}. "
                  f"Then the right one from there: {same}; from elsewhere: {owner}.\n")

            print("Pictures that are none, or too large; memory in MB:\n")
            table(["", "bytes", "answer", "before", "highest so far"], pictures(first, admin))

            asked, failed, slowest = without_redis(services, nodes, admin)
            print(f"While Redis was stopped for 4 s, went on, and was killed: {asked:,} requests at both nodes, "
                  f"{len(failed)} failed {failed[:3] or ''}, the slowest took {slowest:.0f} ms.")
        finally:
            for node in nodes:
                node.stop()


if __name__ == "__main__":
    main()
