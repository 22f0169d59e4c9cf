"""Visits to a running Vestnik, timed: what the measurements of its pages share."""

import http.client
import re
import time
import urllib.parse


class Browser:
    """Keeps cookies and a connection; says where it comes from as a proxy would."""

    def __init__(self, base, address="192.0.2.1"):
        self.host, self.address, self.cookies, self.connection = base.split("//")[1].rstrip("/"), address, {}, None

    def at(self, base):
        other = Browser(base, self.address)
        other.cookies = dict(self.cookies)
        return other

    def send(self, method, path, body=None, headers=None):
        headers = {"Accept-Language": "en", "X-Forwarded-For": self.address, **(headers or {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            headers.update({"Sec-Fetch-Site": "same-origin"})
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, timeout=60)
            self.connection.connect()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (http.client.HTTPException, OSError):
            self.connection.close()
            self.connection = None
            raise
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, kept = value.split(";")[0].partition("=")
                self.cookies[key] = kept
        return answer, text

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, **form):
        return self.send("POST", path, urllib.parse.urlencode(form))


def timed(call):
    """Milliseconds that a call takes, and what it answers."""
    began = time.perf_counter()
    answer = call()
    return (time.perf_counter() - began) * 1000, answer


def quantiles(sample):
    sample = sorted(sample)
    return tuple(sample[min(len(sample) - 1, int(len(sample) * share))] for share in (0.1, 0.5, 0.9, 0.99))


def memory_of(pid):
    with open(f"/proc/{pid}/status") as status:
        return {key: int(value.split()[0]) // 1024 for key, value in re.findall(r"(VmRSS|VmHWM):\s+(.*)", status.read())}


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "--|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print()
