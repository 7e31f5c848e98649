"""What the headers' docstrings say, as Markdown: each public name and its declaration, found in clang's syntax tree."""

import functools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/docs"))
from undocumented import CLASSES, HIDDEN, INCLUDE, NAMED, Kind, parse  # noqa: E402

FUNCTIONS = {Kind.FUNCTION_DECL, Kind.FUNCTION_TEMPLATE, Kind.CXX_METHOD, Kind.CONSTRUCTOR}


@functools.cache
def source(file):
    return pathlib.Path(file).read_bytes()


def text_of(cursor, end=None):
    """A cursor's text, or its beginning, without the indentation that all but the first line have."""
    text = source(cursor.location.file.name)[cursor.extent.start.offset:end or cursor.extent.end.offset].decode()
    indent = " " * (cursor.extent.start.column - 1)
    return re.sub(rf"\n{indent}", "\n", text).strip()


def declaration(cursor):
    """What a user must write to call or name it."""
    if cursor.kind in CLASSES:
        return text_of(cursor).split("{")[0].strip()
    if cursor.kind not in FUNCTIONS:
        return text_of(cursor)
    body = [child for child in cursor.get_children() if child.kind == Kind.COMPOUND_STMT]
    text = text_of(cursor, body[0].extent.start.offset if body else None)
    return re.split(r"\s+:\s", text.replace("::", "\0"))[0].replace("\0", "::")  # without initialisers


IDENTIFIER = re.compile(r"(\b[a-z_]+/[a-z_]+\.hpp|\b(?:std|[A-Z]\w+|testing|activations)(?:::\w+)+|\b[a-z]+(?:_[a-z]+)+\b(?:\(\))?)")


def escaped(line):
    """Plain text as Markdown: what stands between backticks stays, names of several words become code."""
    def plain(part):
        return re.sub(r"([*_\[\]])", r"\\\1", part.replace("<", "&lt;"))
    parts = re.split(r"(`[^`]*`)", line)
    for k, part in enumerate(parts):
        if not part.startswith("`"):
            pieces = IDENTIFIER.split(part)
            parts[k] = "".join(f"`{piece}`" if n % 2 else plain(piece) for n, piece in enumerate(pieces))
    return "".join(parts)


def words(cursor):
    """A docstring as Markdown: what is indented is a block of code or of formulas."""
    lines = [re.sub(r"^\s*///<? ?", "", line) for line in (cursor.raw_comment or "").split("\n")]
    result, block = [], []
    for line in [*lines, "."]:
        if line.startswith("  ") or (block and not line):
            block.append(line[2:])
            continue
        if block:
            text = "\n".join(block).rstrip()
            result += [f"```{'cpp' if ';' in text else 'text'}", text, "```", ""]
            block = []
        result.append(escaped(line))
    return "\n".join(result[:-1]).strip()


def code(text):
    return f"```cpp\n{text}\n```\n"


def table(fields):
    """Members that are numbers or values: name, type, default, meaning."""
    rows = []
    for field in fields:
        before, _, default = text_of(field).rstrip(";").partition(" = ")
        kind = before.removeprefix("static constexpr ").rsplit(" ", 1)[0]
        rows.append([f"`{field.spelling}`", f"`{kind}`", f"`{default}`" if default else "",
                     re.sub(r"\s+", " ", words(field)).replace("|", "\\|")])
    head = ["member", "type", "default", "meaning"]
    used = [k for k in range(4) if any(row[k] for row in rows)]
    lines = [[line[k] for k in used] for line in [head, ["---"] * 4, *rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def members(cursor):
    """The documented public members of a class."""
    public = [child for child in cursor.get_children()
              if child.access_specifier not in HIDDEN and child.kind in NAMED and child.raw_comment]
    fields = [child for child in public if child.kind in {Kind.FIELD_DECL, Kind.VAR_DECL}]
    parts = [table(fields)] if fields else []
    for child in public:
        if child in fields:
            continue
        parts += [code(declaration(child)), words(child) + "\n"]
        if child.kind in CLASSES:
            parts += members(child)
    return parts


def entry(cursors, header, anchor):
    """One name; functions that share it share its heading."""
    first = cursors[0]
    parts = [f"### {first.spelling} {{#{anchor}}}", f"`#include <{header}>`\n{{: .header }}\n"]
    for cursor in cursors:
        parts += [code(declaration(cursor)), words(cursor) + "\n"]
        if cursor.kind in CLASSES:
            parts += members(cursor)
    return "\n".join(parts)


def public_names(cursor, found):
    """The cursors of namespace unroll by header, those of unroll::detail left out."""
    for child in cursor.get_children():
        file = child.location.file
        if not file or not file.name.startswith(f"{INCLUDE}/unroll/"):
            continue
        if child.kind == Kind.NAMESPACE:
            if child.spelling != "detail":
                public_names(child, found)
        elif child.kind in NAMED and child.spelling and child.raw_comment:
            if child.kind == Kind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION:
                continue
            if child.kind in CLASSES and not child.is_definition():
                continue
            found.setdefault(file.name[len(f"{INCLUDE}/"):], []).append(child)


class Reference:
    """The headers' names; each header is printed once, where a page first asks for it."""

    def __init__(self):
        self.unit = parse()
        self.headers = {}
        public_names(self.unit.cursor, self.headers)
        self.printed = {}  # header: page
        self.places = {}   # name: page
        self.anchors = {}  # name: how many entries

    def expand(self, asked, page):
        """The entries of those headers, "data/*.hpp", that no page has printed."""
        parts = []
        for pattern in asked.split():
            matching = sorted(header for header in self.headers
                              if pathlib.PurePath(header).match("unroll/" + pattern) and header not in self.printed)
            if not matching and "*" not in pattern:
                raise SystemExit(f"{page}: no header {pattern} that has public names and is not on another page")
            for header in matching:
                self.printed[header] = page
                groups = {}
                for cursor in self.headers[header]:
                    groups.setdefault(cursor.spelling, []).append(cursor)
                for name, cursors in groups.items():
                    if name.startswith("operator"):
                        continue
                    self.places.setdefault(name, page)
                    self.anchors[name] = self.anchors.get(name, 0) + 1
                    anchor = name if self.anchors[name] == 1 else f"{name}-{self.anchors[name]}"
                    parts.append(entry(cursors, header, anchor))
        return "\n".join(parts)
