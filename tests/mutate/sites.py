"""Places of the headers where a mutant can be made, found in clang's syntax tree, and the headers written with them."""

import dataclasses
import random
import re
import subprocess

import clang.cindex as cindex
from clang.cindex import CursorKind as Kind

SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<",
    "+=": "-=", "-=": "+=", "*=": "+=", "/=": "*=",
}
# What a mutant becomes: {m} asks whether it is the one that runs, {old} may hold other mutants.
CHOICE = "({m} ? ({new}) : ({old}))"
NEGATED = "({m} != bool({old}))"
DELETED = "({m} ? void() : void({old}))"

# Constant expressions cannot ask at run time. What else is constant is found by the compiler.
CONSTANT = {Kind.STATIC_ASSERT, Kind.TEMPLATE_NON_TYPE_PARAMETER, Kind.TEMPLATE_TYPE_PARAMETER,
            Kind.TYPE_ALIAS_DECL, Kind.TYPE_ALIAS_TEMPLATE_DECL, Kind.ENUM_DECL}
NAMES = {Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR, Kind.OVERLOADED_DECL_REF}  # literals below are template arguments
LITERALS = {Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL}
BINARY = {Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR, Kind.CALL_EXPR}

NOT_COVERED = "// not covered: "  # and the reason, at the end of a line that no test here can run


@dataclasses.dataclass(frozen=True)
class Site:
    file: str  # below include/
    begin: int
    end: int
    line: int
    form: str
    old: str
    new: str

    @property
    def change(self):
        old = " ".join(self.old.split())
        return f"not: {old}" if self.form == NEGATED else f"{old} -> {' '.join(self.new.split()) or 'nothing'}"

    @property
    def key(self):
        return f"{self.file}:{self.line} {self.begin} {self.change}"


class Finder:
    def __init__(self, file, text):
        self.file, self.text, self.sites = file, text, set()

    def add(self, span, form, new):
        begin, end = span
        old = self.text[begin:end]
        if old and new != old and "#" not in old:
            self.sites.add(Site(self.file, begin, end, self.text.count("\n", 0, begin) + 1, form, old, new))

    def negate(self, cursor):
        if cursor.kind.is_expression() and cursor.kind not in LITERALS:
            self.add(span_of(cursor), NEGATED, "")

    def delete(self, cursor):
        deletable = cursor.kind.is_expression() and cursor.kind not in {Kind.CXX_THROW_EXPR, Kind.LAMBDA_EXPR}
        if deletable and not re.match(r"return\b", self.text[cursor.extent.start.offset:]):
            self.add(span_of(cursor), DELETED, "")

    def operator(self, cursor, children):
        """Swaps `a op b`, whether built in or overloaded: the operator is what stands between the operands."""
        if len(children) not in (2, 3):
            return
        (begin, left), (right, end) = span_of(children[0]), span_of(children[-1])
        sign = self.text[left:right].strip()
        if (begin, end) == span_of(cursor) and sign in SWAPS:
            swapped = self.text[left:right].replace(sign, SWAPS[sign])
            self.add((begin, end), CHOICE, self.text[begin:left] + swapped + self.text[right:end])

    def visit(self, cursor):
        children = [child for child in cursor.get_children() if known(child)]
        begin, end = span_of(cursor)
        kind, head = cursor.kind, self.text[begin:min(end, begin + 60)]
        if kind in CONSTANT:
            return
        if kind in {Kind.VAR_DECL, Kind.FIELD_DECL} and "constexpr" in head:
            return
        if kind in BINARY:
            self.operator(cursor, children)
        elif kind == Kind.UNARY_OPERATOR and head.startswith(("-", "!")):
            self.add((begin, end), CHOICE, self.text[begin + 1:end])
        elif kind in LITERALS:
            self.add((begin, end), CHOICE, f"{self.text[begin:end]} + 1")
        elif kind in {Kind.CONDITIONAL_OPERATOR, Kind.WHILE_STMT}:
            self.negate(children[0])
        elif kind == Kind.IF_STMT:
            condition = next((c for c in children if c.kind.is_expression()), None)
            constant = re.match(r"if\s+constexpr", head)
            if condition and not constant:
                self.negate(condition)
            for child in children:
                if child != condition:
                    self.delete(child)
            if constant:
                children = [c for c in children if c != condition]
        elif kind == Kind.COMPOUND_STMT:
            for child in children:
                self.delete(child)
        if kind in {Kind.WHILE_STMT, Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT} and children:
            self.delete(children[-1])
        for child in children:
            if not (kind in NAMES and (kind != Kind.MEMBER_REF_EXPR or child.kind in LITERALS)):
                self.visit(child)


def known(cursor):
    """Concepts and requires-expressions have no kind in these bindings; nothing in them runs."""
    try:
        return cursor.kind is not None
    except ValueError:
        return False


def span_of(cursor):
    return cursor.extent.start.offset, cursor.extent.end.offset


def parse(include):
    """The cursors of all headers below `include`/unroll: (file, cursor)."""
    files = sorted(p.relative_to(include).as_posix() for p in include.glob("unroll/**/*.hpp"))
    own_headers = subprocess.run(["clang++", "-print-resource-dir"], capture_output=True, text=True, check=True).stdout
    unit = cindex.Index.create().parse(
        "all.cpp",
        ["-std=c++20", f"-I{include}", "-isystem", "/usr/include/eigen3", "-resource-dir", own_headers.strip()],
        unsaved_files=[("all.cpp", "".join(f'#include "{f}"\n' for f in files))])
    errors = [d.spelling for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if errors:
        raise SystemExit("the headers do not compile: " + errors[0])
    for cursor in unit.cursor.get_children():
        if cursor.location.file and cursor.location.file.name.startswith(f"{include}/unroll/") and known(cursor):
            yield cursor.location.file.name[len(f"{include}/"):], cursor


def excused(text):
    """The lines with a marker, and those of the blocks that such lines open."""
    found, depth = set(), 0
    for number, line in enumerate(text.split("\n"), 1):
        code = line.split("//")[0]
        marked = NOT_COVERED in line
        if marked or depth > 0:
            found.add(number)
        if depth > 0 or (marked and code.rstrip().endswith("{")):
            depth = max(0, depth + code.count("{") - (code.count("}") if depth > 0 else 0))
    return found


def find(include):
    """All sites of the headers below `include`/unroll that can run, file by file."""
    finders = {}
    for file, cursor in parse(include):
        if file not in finders:
            finders[file] = Finder(file, (include / file).read_text(encoding="latin-1"))
        finders[file].visit(cursor)
    found = {}
    for file, finder in finders.items():
        skip = excused(finder.text)
        found[file] = sorted((s for s in finder.sites if s.line not in skip), key=lambda s: (s.begin, -s.end, s.form))
    return found


def function_bodies(include):
    """The first and last line of the body of every function, file by file."""
    bodies = {}

    def visit(file, cursor):
        for child in cursor.get_children():
            if not known(child):
                continue
            if child.kind == Kind.COMPOUND_STMT:
                bodies.setdefault(file, []).append((child.extent.start.line, child.extent.end.line))
            else:
                visit(file, child)

    for file, cursor in parse(include):
        visit(file, cursor)
    return bodies


def in_order(sites, seed):
    """An order whose every beginning is spread over all files, each by its number of sites."""
    keyed = []
    for file, of_file in sites.items():
        generator = random.Random(f"{seed} {file}")
        shuffled = list(of_file)
        generator.shuffle(shuffled)
        keyed += [(k / len(shuffled), generator.random(), site) for k, site in enumerate(shuffled)]
    return [site for _, _, site in sorted(keyed, key=lambda entry: entry[:2])]


def mutated(text, numbered):
    """The text of a file with its mutants (number, Site) in it, and where each lies: (begin, end, number)."""
    out, places, waiting = [], [], sorted(numbered, key=lambda e: (e[1].begin, -e[1].end, e[1].form))
    length = 0

    def emit(piece):
        nonlocal length
        out.append(piece)
        length += len(piece)

    def write(begin, end):
        while waiting and waiting[0][1].begin < end:
            number, site = waiting.pop(0)
            emit(text[begin:site.begin])
            start = length
            before, after = site.form.split("{old}")
            parts = {"m": f"unroll_mutant({number})", "new": site.new}
            emit(before.format(**parts))
            write(site.begin, site.end)
            emit(after.format(**parts))
            places.append((start, length, number))
            begin = site.end
        emit(text[begin:end])

    write(0, len(text))
    return "".join(out), places
