"""The words on the screen: what the guides print in bold has to be in crates/web/locales, as it is there."""

import glob
import os
import re

MESSAGE = re.compile(r"^([a-z][\w-]*) = ?(.*)$")
SOMETHING = "\0"


def words_of(root, language):
    """Everything that the product says in a language. What it fills in itself is `SOMETHING`."""
    said = set()
    for path in glob.glob(os.path.join(root, "crates/web/locales", language, "*.ftl")):
        with open(path, encoding="utf-8") as file:
            for message in messages(file.read()):
                said.update(variants(message))
    return said


def messages(text):
    message = None
    for line in text.split("\n"):
        if found := MESSAGE.match(line):
            if message is not None:
                yield message
            message = found[2]
        elif message is not None and (line.startswith((" ", "}")) or not line):
            message += "\n" + line
        elif line.startswith("#") and message is not None:
            yield message
            message = None
    if message is not None:
        yield message


def variants(text):
    """The message's words, once for each way that a number may be spoken of."""
    ways = [""]
    at = 0
    while at < len(text):
        if text[at] != "{":
            ways = [way + text[at] for way in ways]
            at += 1
            continue
        end = closing(text, at)
        inside = text[at + 1 : end]
        if "->" in inside:
            choices = re.split(r"\n\s*\*?\[[\w]+\]", inside.split("->", 1)[1])[1:]
            more = [way for choice in choices for way in variants(choice.strip())]
            ways = [way + one for way in ways for one in more]
        elif inside.strip().startswith('"'):
            ways = [way + inside.strip().strip('"') for way in ways]
        else:
            ways = [way + SOMETHING for way in ways]
        at = end + 1
    return [straight(" ".join(way.split())) for way in ways]


def straight(words):
    """Apostrophes are curly on the screen and need not be in the guide."""
    return words.replace("’", "'")


def closing(text, at):
    depth = 0
    for index in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return len(text)


def is_said(phrase, said):
    """Whether the product says it: a whole message, or one from its beginning to the end of a word. What the product
    fills in may be anything, `…` too."""
    phrase = straight(phrase)
    if phrase in said:
        return True
    for words in said:
        if words.startswith(SOMETHING):
            if re.search(r"[^\W\d]", words) and re.fullmatch(pattern(words), phrase):
                return True
        elif words[:1] == phrase[:1] and begins(phrase, words):
            return True
    return False


def pattern(words):
    return ".+?".join(re.escape(part) for part in words.split(SOMETHING))


def begins(phrase, words):
    ends = [found.start() for found in re.finditer(r"(?<=[\w.…\0])(?=[^\w]|$)|$", words)]
    return any(re.fullmatch(pattern(words[:end]), phrase) for end in ends if end)
