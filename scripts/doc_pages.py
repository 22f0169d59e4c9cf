"""What the documentation's pages hold: fenced blocks and their marks, links, headings, code and bold words in the text.

Marks are comments that a reader does not see, right before a fence:

    <!-- not run: REASON -->   the block of commands that follows is only checked, not run
    <!-- file: NAME -->        the block that follows is the file NAME, which later commands find
    <!-- run: COMMANDS -->     commands that a reader has behind them, and the test has not (stands alone)
"""

import os
import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^( *)(`{3,})(\S*)\s*$")
MARK = re.compile(r"<!-- *(not run|file|run): *(.*?)-->", re.S)
HEADING = re.compile(r"^(#{1,6}) +(.*?)\s*$")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
BOLD = re.compile(r"\*\*([^*]+?)\*\*")


@dataclass
class Block:
    """Something for the test to run, write or look at, in the page's order."""

    kind: str  # sh, another language, or "" where the fence says nothing
    text: str
    line: int
    not_run: str = ""  # why
    file: str = ""  # what it is called
    hidden: bool = False  # from a comment


@dataclass
class Page:
    path: str
    blocks: list[Block] = field(default_factory=list)
    headings: list[tuple[int, str, int]] = field(default_factory=list)  # level, words, line
    links: list[tuple[str, int]] = field(default_factory=list)
    images: list[tuple[str, str, int]] = field(default_factory=list)  # address, what it shows, line
    code: list[tuple[str, int]] = field(default_factory=list)
    bold: list[tuple[str, int]] = field(default_factory=list)

    def anchors(self):
        """The names under which GitHub offers the headings."""
        seen = {}
        for _, words, _ in self.headings:
            name = slug(words)
            count = seen.get(name, 0)
            seen[name] = count + 1
            yield f"{name}-{count}" if count else name


def slug(words):
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", words)
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    page = Page(path)
    mark = None
    at = 0
    prose = []  # (line, words) of what is neither fence nor comment
    while at < len(lines):
        line = lines[at]
        if fence := FENCE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == fence[2]), None)
            if end is None:
                raise ValueError(f"{path}:{at + 1}: this fence is never closed")
            text = "\n".join(row.removeprefix(fence[1]) for row in lines[at + 1 : end]) + "\n"
            block = Block(fence[3], text, at + 2)
            if mark and mark[0] == "not run":
                block.not_run = mark[1] or "?"
            elif mark and mark[0] == "file":
                block.file = mark[1]
            page.blocks.append(block)
            mark, at = None, end + 1
            continue
        if line.lstrip().startswith("<!--"):
            end = next(n for n in range(at, len(lines)) if "-->" in lines[n])
            found = MARK.search("\n".join(lines[at : end + 1]))
            if found and found[1] == "run":
                page.blocks.append(Block("sh", found[2].strip() + "\n", at + 1, hidden=True))
            elif found:
                mark = (found[1], found[2].strip())
            at = end + 1
            continue
        if line.strip():
            if mark:
                raise ValueError(f"{path}:{at}: a mark stands before something that is no fence")
            if heading := HEADING.match(line):
                page.headings.append((len(heading[1]), heading[2], at + 1))
        at += 1
        prose.append((at, line))
    look_at_prose(page, prose)
    return page


def look_at_prose(page, prose):
    for start, paragraph in paragraphs(prose):
        def place(index, start=start, paragraph=paragraph):
            return start + paragraph.count("\n", 0, index)

        for found in CODE.finditer(paragraph):
            page.code.append((found[2], place(found.start())))
        plain = CODE.sub(lambda found: "\0" * len(found[0]), paragraph)
        for found in LINK.finditer(plain):
            if found[1]:
                page.images.append((found[3], found[2], place(found.start())))
            else:
                page.links.append((found[3], place(found.start())))
                inner = LINK.search(found[2])
                if inner and inner[1]:
                    page.images.append((inner[3], inner[2], place(found.start())))
        for found in BOLD.finditer(plain):
            if "\0" not in found[1]:
                page.bold.append((" ".join(found[1].split()), place(found.start())))


def paragraphs(prose):
    """Neighbouring lines with words, as (line of the first, text)."""
    start, rows = 0, []
    for line, words in [*prose, (0, "")]:
        if rows and (not words.strip() or line != start + len(rows)):
            yield start, "\n".join(rows)
            rows = []
        if words.strip():
            if not rows:
                start = line
            rows.append(words)


def all_pages(root):
    names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", os.path.join("bench", "README.md")]
    for folder, _, files in sorted(os.walk(os.path.join(root, "docs"))):
        names += [os.path.relpath(os.path.join(folder, name), root) for name in sorted(files) if name.endswith(".md")]
    return {name: read(os.path.join(root, name)) for name in names}
