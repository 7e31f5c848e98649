#!/usr/bin/python3
"""Writes into the pages of docs/reference what the headers say: each public name, its declaration and its docstring, found
in clang's syntax tree. It stands between `<!-- api: HEADERS -->` and `<!-- end of api -->`; what else stands there is lost.
A page in Chinese has the same entries with the words of reference.zh.txt, a line for each name and each member."""

import argparse
import collections
import functools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/docs"))
from undocumented import CLASSES, HIDDEN, INCLUDE, NAMED, Kind, cindex, parse  # noqa: E402

CHINESE = ROOT / "docs/site/reference.zh.txt"
PLACE = re.compile(r"(<!-- api: ([^>]*) -->\n)((?:(?!<!-- api: ).)*?)(<!-- end of api -->)", re.S)
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


# What becomes code in a docstring's sentences: headers, names with a scope, template arguments or several words.
IDENTIFIER = re.compile(r"(\b[a-z_]+/[a-z_]+\.hpp|\btorch(?:\.\w+)+"
                        r"|\b(?:std|[A-Z]\w+|testing|activations)(?:::\w+)+(?:<[^<>]+>)?|\b[A-Z]\w+<[^<>\s][^<>]*>(?:\(\))?|\b[a-z]+(?:_[a-z]+)+\b(?:\(\))?)")


def escaped(text):
    """Plain text as Markdown: what stands between backticks stays, names become code."""
    def plain(part):
        part = re.sub(r"<(?=[\w/!])", "&lt;", part)
        return re.sub(r"(?<!\s)\*|\*(?!\s)|(?<!\w)_(?=\w)|\](?=[(\[])", r"\\\g<0>", part)
    parts = re.split(r"(`[^`]*`)", text)
    for k, part in enumerate(parts):
        if not part.startswith("`"):
            pieces = IDENTIFIER.split(part)
            parts[k] = "".join(f"`{piece}`" if n % 2 else plain(piece) for n, piece in enumerate(pieces))
    return "".join(parts)


BLOCK = "```"


def paragraphs(cursor):
    """A docstring's paragraphs as Markdown: what is indented is a block of code or of formulas, and begins with BLOCK."""
    text = "\n".join(re.sub(r"^\s*///<? ?", "", line) for line in (cursor.raw_comment or "").split("\n"))
    result = []
    for part in re.split(r"((?:^  .*(?:\n+|\Z))+)", text, flags=re.M):
        if part.startswith("  "):
            result.append(code(re.sub(r"^  ", "", part, flags=re.M).rstrip()))
        elif part.strip():
            result.append(escaped(part.strip()))
    return result


def words(cursor):
    return "\n\n".join(paragraphs(cursor))


def blocks(cursors):
    """The blocks of all their docstrings."""
    return [part for cursor in cursors for part in paragraphs(cursor) if part.startswith(BLOCK)]


def code(text):
    """A block: C++ where a line of it ends as code does. `cpp` is the language of the blocks that are compiled."""
    return f"{BLOCK}{'c++' if re.search(r'[;{](  +//.*)?$', text, re.M) else 'text'}\n{text}\n{BLOCK}"


def declared(cursor):
    return f"```c++\n{declaration(cursor)}\n```"


def table(fields, say, head):
    """Members that are numbers or values, say(field) being their words."""
    rows = []
    for field in fields:
        before, _, default = text_of(field).rstrip(";").partition(" = ")
        kind = before.removeprefix("static constexpr ").rsplit(" ", 1)[0]
        rows.append([f"`{field.spelling}`", f"`{kind}`", f"`{default}`" if default else "",
                     re.sub(r"\s+", " ", say(field)).replace("|", "\\|")])
    used = [k for k in range(4) if any(row[k] for row in rows)]
    lines = [[line[k] for k in used] for line in [head, ["---"] * 4, *rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def documented(cursor):
    """Whether the pages show it: it has a docstring, and is not there to be refused."""
    return cursor.raw_comment and not cursor.raw_comment.startswith("/// Refused")


def documented_members(cursor):
    """Those that are public: numbers and values, which a table shows, then the others."""
    public = [child for child in cursor.get_children()
              if child.access_specifier not in HIDDEN and child.kind in NAMED and documented(child)]
    fields = [child for child in public if child.kind in {Kind.FIELD_DECL, Kind.VAR_DECL}]
    return fields, [child for child in public if child not in fields]


class English:
    head = ["member", "type", "default", "meaning"]

    def of_name(self, name, cursor, cursors):
        return words(cursor)

    def of_member(self, path, cursor):
        return words(cursor)


class Chinese:
    """The lines of reference.zh.txt, whose head says how they are written."""
    head = ["成员", "类型", "默认值", "含义"]

    def __init__(self, headers):
        self.lines, path = collections.defaultdict(collections.deque), []
        for line in CHINESE.read_text().splitlines():
            if line and not line.startswith("#"):
                name, _, words = line.partition(": ")
                path[(len(name) - len(name.lstrip())) // 2:] = [name.strip()]
                self.lines["::".join(path)].append(words)
        wanted = collections.Counter()
        for found in headers.values():
            for name, cursors in found.items():
                wanted[name] = 1
                wanted.update(path for cursor in cursors for path in self.paths(name, cursor))
        told = {name: sum(map(bool, lines)) for name, lines in self.lines.items()}
        faults = [f"{name} has {told.get(name, 0)} lines of words in Chinese, expected {wanted[name]}"
                  for name in sorted({*wanted, *told}) if wanted[name] != told.get(name, 0)]
        for header, found in headers.items():
            for name, cursors in found.items():
                places, expected = self.paragraphs(name).count("{}"), len(blocks(cursors))
                if places != expected:
                    faults.append(f"{name} has {places} paragraphs {{}}, but its English words in {header} have {expected} blocks")
        if faults:
            raise SystemExit("\n".join(f"{CHINESE.relative_to(ROOT)}: {fault}" for fault in faults))

    def paths(self, path, cursor):
        for child in sum(documented_members(cursor), []) if cursor.kind in CLASSES else []:
            yield member_path(path, child)
            yield from self.paths(member_path(path, child), child)

    def paragraphs(self, name):
        return self.lines[name][0].split(" ¶ ") if self.lines[name] else []

    def of_name(self, name, cursor, cursors):
        """Below the declarations of all in a header that share the name."""
        if cursor is not cursors[-1]:
            return ""
        taken = iter(blocks(cursors))
        return "\n\n".join(next(taken) if part == "{}" else escaped(part) for part in self.paragraphs(name))

    def of_member(self, path, cursor):
        return escaped(self.lines[path].popleft())


def member_path(path, cursor):
    return f"{path}::{re.sub('<.*>$', '', cursor.spelling)}"  # a constructor's name has template arguments


def members(cursor, path, language):
    """The documented public members of a class."""
    fields, others = documented_members(cursor)
    parts = [table(fields, lambda field: language.of_member(member_path(path, field), field), language.head)] if fields else []
    for child in others:
        parts += [declared(child), language.of_member(member_path(path, child), child)]
        if child.kind in CLASSES:
            parts += members(child, member_path(path, child), language)
    return parts


def entry(name, cursors, header, language):
    """One name; functions that share it share its heading."""
    parts = [f"### {name}", f"`#include <{header}>`"]
    for cursor in cursors:
        parts += [declared(cursor), language.of_name(name, cursor, cursors)]
        if cursor.kind in CLASSES:
            parts += members(cursor, name, language)
    return "\n\n".join(part for part in parts if part)


def public_names(cursor, found, scope=""):
    """The cursors of namespace unroll by header and name, those of unroll::detail left out."""
    for child in cursor.get_children():
        file = child.location.file
        if not file or not file.name.startswith(f"{INCLUDE}/unroll/"):
            continue
        if child.kind == Kind.NAMESPACE:
            if child.spelling != "detail":
                unnamed = child.spelling == "unroll" or cindex.conf.lib.clang_Cursor_isInlineNamespace(child)
                public_names(child, found, scope if unnamed else f"{scope}{child.spelling}::")
        elif child.kind in NAMED and child.spelling and documented(child):
            if child.kind == Kind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION or child.spelling.startswith(("operator", "<deduction")):
                continue
            if child.kind in CLASSES and not child.is_definition():
                continue
            alike = found.setdefault(file.name[len(f"{INCLUDE}/"):], {}).setdefault(scope + child.spelling, [])
            if all(child.location != other.location for other in alike):  # an instance of a template is where that is
                alike.append(child)


class Reference:
    """The headers' names in one language; each header is printed once, where a page first asks for it."""

    def __init__(self, headers, language):
        self.headers = headers
        self.language = language
        self.printed = set()

    def entries(self, asked, page):
        """The entries of those headers, "data/*.hpp", that no page has printed."""
        parts = []
        for pattern in asked.split():
            matching = sorted(header for header in self.headers
                              if pathlib.PurePath(header).match("unroll/" + pattern) and header not in self.printed)
            if not matching and "*" not in pattern:
                raise SystemExit(f"{page}: no header {pattern} that has public names and is not on another page")
            self.printed.update(matching)
            parts += [entry(name, cursors, header, self.language) for header in matching
                      for name, cursors in self.headers[header].items()]
        return "\n\n".join(parts)

    def written(self, page, text):
        """A page's text with what the headers say now."""
        if not len(PLACE.findall(text)) == text.count("<!-- api: ") == text.count("<!-- end of api -->"):
            raise SystemExit(f"{page}: each <!-- api: HEADERS --> needs an <!-- end of api -->")
        return PLACE.sub(lambda place: f"{place[1]}\n{self.entries(place[2], page)}\n\n{place[4]}", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not what it should be")
    check = parser.parse_args().check
    unit, headers, stale = parse(), {}, []
    public_names(unit.cursor, headers)
    english, chinese = Reference(headers, English()), Reference(headers, Chinese(headers))
    # Pages that name their headers come before the one that takes what is left.
    for path in sorted((ROOT / "docs/reference").glob("*.md"), key=lambda path: (path.name.startswith("more."), path.name)):
        page, text = path.name, path.read_text()
        new = (chinese if page.endswith(".zh.md") else english).written(page, text)
        if new != text:
            stale.append(page)
            if not check:
                path.write_text(new)
    if check and stale:
        print(f"run: docs/reference is not what the headers say ({', '.join(stale)}): call ./run docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
