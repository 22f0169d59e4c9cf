"""Private servers for tests: each on a free port of 127.0.0.1, with its data in a folder that goes away with it."""

import ctypes
import fcntl
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target")

OLDEST_POSTGRES = 15
# An SMTP server that is not ours, for the test of interoperability.
AIOSMTPD = "aiosmtpd==1.4.6"
# An S3-compatible store. Not its extra `server`, which brings every other service: 300 MB instead of 140.
MOTO = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"]
TEST_PACKAGES = [AIOSMTPD, *MOTO]


class Trouble(Exception):
    """What went wrong, in words for the person at the terminal."""


def find_postgres():
    """The folder with the programs of the newest PostgreSQL that is new enough, or None."""
    found = []
    for folder in [*glob.glob("/usr/lib/postgresql/*/bin"), os.path.dirname(shutil.which("postgres") or "")]:
        postgres = os.path.join(folder, "postgres")
        # A link in PATH leads to the folder that has the other programs, too.
        folder = os.path.dirname(os.path.realpath(postgres))
        if not (folder and os.path.exists(postgres) and os.path.exists(os.path.join(folder, "initdb"))):
            continue
        version = subprocess.run([postgres, "--version"], capture_output=True, text=True).stdout
        number = re.search(r"(\d+)", version)
        if number and int(number[1]) >= OLDEST_POSTGRES:
            found.append((int(number[1]), folder))
    return max(found)[1] if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged():
    """Who runs PostgreSQL, which refuses to be run by root: None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ["postgres", "nobody"]:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Trouble("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")


def as_user(user):
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Services:
    """The servers that were started, and the folder of their data. A context: whatever happens, they are stopped, by
    the process ids they were started with."""

    def __init__(self):
        os.makedirs(TARGET, exist_ok=True)
        self.user = unprivileged()
        self.folder = self.make_folder()
        self.running = []

    def make_folder(self):
        """Under the target folder, or with other temporary files when PostgreSQL's user cannot get there."""
        for parent in [TARGET, None]:
            folder = tempfile.mkdtemp(prefix="services-", dir=parent)
            if self.user is None:
                return folder
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
            if subprocess.run(["test", "-w", folder], **as_user(self.user)).returncode == 0:
                return folder
            shutil.rmtree(folder)
        raise Trouble(f"the user {self.user.pw_name} can write neither under {TARGET} nor to temporary files")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, stop in reversed(self.running):
            process.send_signal(stop)
        for process, _ in reversed(self.running):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, stop, user=None):
        """Starts a server and waits until its port answers. `command` makes the command line for a port. The port was
        free a moment ago; should somebody else have taken it meanwhile, another one is tried."""

        def die_with_us():
            # PR_SET_PDEATHSIG: no server is left behind even if this program is killed.
            ctypes.CDLL(None).prctl(1, stop)

        log_path = os.path.join(self.folder, f"{name}.log")
        for _ in range(3):
            port = free_port()
            with open(log_path, "ab") as log:
                process = subprocess.Popen(
                    command(port), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                    start_new_session=True, preexec_fn=die_with_us, **as_user(user),
                )
            self.running.append((process, stop))
            deadline = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    return port
                except OSError:
                    time.sleep(0.05)
        with open(log_path, errors="replace") as log:
            raise Trouble(f"{name} did not start:\n{log.read()}")

    def postgres(self):
        """A cluster without durability: it lives as long as the tests."""
        programs = find_postgres()
        if programs is None:
            raise Trouble(f"PostgreSQL {OLDEST_POSTGRES} or newer is missing: install the package `postgresql`")
        data = os.path.join(self.folder, "postgres")
        initdb = [os.path.join(programs, "initdb"), "--pgdata", data, "--username", "vestnik", "--auth", "trust",
                  "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        made = subprocess.run(initdb, capture_output=True, text=True, cwd=self.folder, **as_user(self.user))
        if made.returncode != 0:
            raise Trouble(f"initdb failed:\n{made.stdout}{made.stderr}")
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "300",
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "log_min_messages": "error",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        postgres = os.path.join(programs, "postgres")
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        port = self.start("postgres", lambda port: [postgres, "-D", data, "-p", str(port), *options], signal.SIGINT, self.user)
        self.wait_for_postgres(programs, port)
        return f"postgres://vestnik@127.0.0.1:{port}/postgres"

    @staticmethod
    def wait_for_postgres(programs, port):
        """The port answers a moment before the server takes work."""
        ready = [os.path.join(programs, "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
        for _ in range(100):
            if subprocess.run(ready).returncode == 0:
                return
            time.sleep(0.1)
        raise Trouble("PostgreSQL started and takes no connections")

    def pgbouncer(self, url):
        """A pooler in transaction mode before a PostgreSQL of `postgres()`: few sessions for many connections, so that
        whoever counts on having one to themselves fails."""
        program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if not program:
            raise Trouble("PgBouncer is missing: install the package `pgbouncer`")
        server = urllib.parse.urlsplit(url)

        def command(port):
            settings = {
                "listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "any",
                "pool_mode": "transaction", "default_pool_size": 4, "max_client_conn": 2000,
            }
            path = os.path.join(self.folder, f"pgbouncer-{port}.ini")
            with open(path, "w") as file:
                print(f"[databases]\n* = host={server.hostname} port={server.port} user={server.username}", file=file)
                print("[pgbouncer]", *(f"{name} = {value}" for name, value in settings.items()), sep="\n", file=file)
            return [program, "--quiet", path]

        # SIGINT is its safe shutdown, which waits for its clients; this one does not.
        port = self.start("pgbouncer", command, signal.SIGTERM, self.user)
        return f"postgres://{server.username}@127.0.0.1:{port}{server.path}"

    def redis(self):
        """Without files."""
        if not shutil.which("redis-server"):
            raise Trouble("Redis is missing: install the package `redis-server`")
        port = self.start(
            "redis",
            lambda port: ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            signal.SIGTERM,
        )
        return f"redis://127.0.0.1:{port}"


def python_for_tests():
    """An interpreter that has the packages, in an environment under the target folder that is made once."""
    folder = os.path.join(TARGET, "test-python")
    python = os.path.join(folder, "bin", "python")
    made_for = os.path.join(folder, "made-for")
    os.makedirs(TARGET, exist_ok=True)
    with open(os.path.join(TARGET, "test-python.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with open(made_for) as note:
                packages_import = [python, "-c", "import aiosmtpd, moto.server"]
                if note.read() == "\n".join(TEST_PACKAGES) and subprocess.run(packages_import).returncode == 0:
                    return python
        except OSError:
            pass
        for command in [
            [sys.executable, "-m", "venv", "--clear", folder],
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TEST_PACKAGES],
        ]:
            if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
                raise Trouble(f"failed: {' '.join(command)}")
        with open(made_for, "w") as note:
            note.write("\n".join(TEST_PACKAGES))
    return python
