"""Commands of the documentation: what stands in a block of them, whether Vestnik knows a command, and running a page."""

import functools
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from services import free_port

# What the pages say, and what the test has in its place. The port and the address are those of the page's own servers.
LISTEN = re.compile(r"\b127\.0\.0\.1:80\d\d\b")
POSTGRES = "postgres://vestnik:password@localhost/vestnik"
REDIS = "redis://127.0.0.1:6379/"
# Seconds for a page's commands, and for a server to start or to end.
PATIENCE = 60
START = 15

# Stands in PATH as `vestnik`. What serves until it is stopped goes to the background, so that the page can go on.
WRAPPER = r"""#!/usr/bin/env bash
set -uo pipefail
case " $* " in *" --help "*|*" --exit "*) exec "$DOCS_VESTNIK" "$@" ;; esac
case "${1:-}" in serve|worker|demo) ;; *) exec "$DOCS_VESTNIK" "$@" ;; esac
log=$(mktemp "$DOCS_SERVERS/XXXXXX")
( "$DOCS_VESTNIK" "$@" >"$log" 2>&1 & echo $! >"$log.pid"; wait $!; echo $? >"$log.ended" ) </dev/null >/dev/null 2>&1 &
for turn in $(seq 150); do
  if [ -e "$log.ended" ]; then cat "$log" >&2; exit 1; fi
  if grep -q "^Vestnik is" "$log"; then cat "$log"; exit 0; fi
  sleep 0.1
done
echo "vestnik $1 did not start" >&2; cat "$log" >&2; exit 1
"""


class Wrong(Exception):
    """A command of the documentation is not as it should be."""


def commands(text):
    """The simple commands of a block, each as a list of words."""
    text = re.sub(r"<<-?\s*'?(\w+)'?.*?\n(.*?\n)\1\n", "\n", text, flags=re.S)
    for line in text.replace("\\\n", " ").split("\n"):
        # Python's reader takes punctuation for words of their own, but for redirections and the like.
        reader = shlex.shlex(line, posix=True, punctuation_chars="|&;()")
        reader.whitespace_split = True
        words = []
        for word in [*reader, ";"]:
            if word and set(word) <= set("|&;()"):
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def of_vestnik(words):
    """The words after `vestnik`, if that is what the command runs; otherwise None."""
    words = list(words)
    while words:
        first = os.path.basename(words[0])
        if re.match(r"^\w+=", words[0]) or first in ("env", "exec", "time"):
            words.pop(0)
        elif first in ("sudo", "runuser"):
            words.pop(0)
            while words and words[0].startswith("-"):
                flag = words.pop(0)
                if flag in ("-u", "-g") and words:
                    words.pop(0)
        elif first == "systemd-run":
            words.pop(0)
            while words and words[0].startswith("-"):
                if words.pop(0) == "-p" and words:
                    words.pop(0)
        elif first == "docker":
            # docker run … IMAGE COMMAND, docker compose exec NODE /usr/local/bin/vestnik COMMAND
            named = [place for place, word in enumerate(words) if os.path.basename(word) == "vestnik"]
            return words[named[0] + 1 :] if named and {"run", "exec"} & set(words) else None
        elif first == "cargo":
            # Not `cargo fuzz run`.
            is_run = [word for word in words if not word.startswith("+")][:1] == ["run"]
            return words[words.index("--") + 1 :] if is_run and "--" in words else None
        else:
            return words[1:] if first == "vestnik" else None
    return None


class Vestnik:
    """What the built binary says of itself."""

    def __init__(self, binary):
        self.binary = binary

    @functools.cache
    def help(self, *command):
        # A hidden command and an alias have help as well.
        done = subprocess.run([self.binary, *command, "--help"], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def check(self, words):
        """The command exists, with each of the flags."""
        if words[:1] == ["help"] or not words or words[0] in ("--help", "--version", "-h", "-V"):
            return
        command = []
        for word in words:
            found = None if word.startswith("-") or len(command) == 2 else self.help(*command, word)
            # What is no command of a command that has none is an argument, and its help the same as before.
            if found is None or (command and "Usage: " in found and f" {command[0]} {word}" not in usage(found)):
                break
            command.append(word)
        if not command:
            raise Wrong(f"there is no `vestnik {words[0]}`")
        text = self.help(*command)
        rest = words[len(command) :]
        if "<COMMAND>" in usage(text) and rest and not rest[0].startswith("-"):
            raise Wrong(f"there is no `vestnik {' '.join(command)} {rest[0]}`")
        for word in rest:
            flag = word.split("=")[0]
            if re.match(r"^--?[a-z]", flag) and not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text):
                raise Wrong(f"`vestnik {' '.join(command)}` has no {flag}")


def usage(text):
    return next((line for line in text.split("\n") if line.startswith("Usage:")), "")


def check_unrun(words, vestnik, root):
    """As much as can be said of a command that is not run."""
    ours = of_vestnik(words)
    if ours is not None:
        vestnik.check(ours)
    elif words[0] == "make":
        with open(os.path.join(root, "Makefile")) as makefile:
            targets = re.findall(r"^([\w-]+):", makefile.read(), re.M)
        for word in words[1:]:
            if re.match(r"^[a-z-]+$", word) and word not in targets:
                raise Wrong(f"the Makefile has no {word}")
    for word in words:
        if re.match(r"^(scripts|deploy)/", word) and not os.path.exists(os.path.join(root, word)):
            raise Wrong(f"there is no {word}")


def write_wrapper(folder):
    """Done before any page is run: a file that is still open for writing, be it in a process that another page has just
    started, cannot be run."""
    wrapper = os.path.join(folder, "vestnik")
    with open(wrapper, "w") as file:
        file.write(WRAPPER)
    os.chmod(wrapper, 0o755)


class Run:
    """Runs the blocks of a page, in order, in a folder of their own."""

    def __init__(self, page, vestnik, programs, root, postgres, redis):
        self.page, self.vestnik, self.programs, self.root = page, vestnik, programs, root
        self.postgres, self.redis = postgres, redis
        self.addresses = {}

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="vestnik-docs-")
        for name in ["servers", "work"]:
            os.mkdir(os.path.join(self.folder, name))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, blocks):
        """Raises `Wrong` with what was printed when one ends with an error."""
        script = ["set -euo pipefail"]
        for block in blocks:
            text = self.here(block.text)
            if block.file:
                script.append(f"cat >{shlex.quote(block.file)} <<'END OF THE FILE'\n{text}END OF THE FILE")
            else:
                script.append(f"echo {block.line} >../at\n{text}")
        work = os.path.join(self.folder, "work")
        with open(os.path.join(self.folder, "printed"), "w+") as printed:
            # The sources are read-only in effect: nothing of a page is run where they are.
            process = subprocess.Popen(
                ["bash", "-c", "\n".join(script)], cwd=work, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=printed, stderr=subprocess.STDOUT, start_new_session=True,
            )
            try:
                status = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                status = f"nothing within {PATIENCE} s"
            troubles = self.stop_servers()
            printed.seek(0)
            output = printed.read()
        if status != 0 or troubles:
            try:
                with open(os.path.join(self.folder, "at")) as at:
                    line = at.read().strip()
            except OSError:
                line = "1"
            raise Wrong(f"{self.page.path}:{line}: ended with {status}\n{indented(output)}{troubles}")

    def here(self, text):
        for said, ours in [(POSTGRES, self.postgres), (REDIS, self.redis)]:
            text = text.replace(said, ours)
        return LISTEN.sub(lambda found: self.address(found[0]), text)

    def address(self, said):
        """A free one in place of each that the page names."""
        return self.addresses.setdefault(said, f"127.0.0.1:{free_port()}")

    def environment(self):
        outside = {name: value for name, value in os.environ.items() if not name.startswith("VESTNIK_")}
        return outside | {
            "DOCS_VESTNIK": self.vestnik.binary,
            "DOCS_SERVERS": os.path.join(self.folder, "servers"),
            "HOME": os.path.join(self.folder, "work"),
            "LANG": "C.UTF-8",
            "PATH": self.programs + os.pathsep + os.environ["PATH"],
            "SOURCES": self.root,
            "VESTNIK_LISTEN": self.address("127.0.0.1:8000"),
        }

    def stop_servers(self):
        """Ends what the page left running, as a service manager would, and says what did not end well."""
        folder = os.path.join(self.folder, "servers")
        logs = [os.path.join(folder, name) for name in os.listdir(folder) if "." not in name]
        for log in logs:
            if not os.path.exists(log + ".ended"):
                with open(log + ".pid") as pid:
                    os.kill(int(pid.read()), signal.SIGTERM)
        troubles = ""
        for log in logs:
            status = self.ended(log)
            if status != "0":
                with open(log) as printed:
                    troubles += f"a server that the page started ended with {status}\n{indented(printed.read())}"
        return troubles

    @staticmethod
    def ended(log):
        for _ in range(START * 10):
            if os.path.exists(log + ".ended"):
                with open(log + ".ended") as ended:
                    if status := ended.read().strip():
                        return status
            time.sleep(0.1)
        with open(log + ".pid") as pid:
            os.kill(int(pid.read()), signal.SIGKILL)
        return f"nothing within {START} s"


def indented(text):
    return "".join(f"    {line}\n" for line in text.split("\n")[-25:] if line)
