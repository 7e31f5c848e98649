#!/usr/bin/python3
"""Public names of include/unroll that have no `///`, found in clang's syntax tree. Any that is found is an error."""

import argparse
import pathlib
import subprocess
import sys

import clang.cindex as cindex
from clang.cindex import CursorKind as Kind

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
CLASSES = {Kind.CLASS_DECL, Kind.STRUCT_DECL, Kind.CLASS_TEMPLATE, Kind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION}
NAMED = CLASSES | {
    Kind.ENUM_DECL, Kind.FUNCTION_DECL, Kind.FUNCTION_TEMPLATE, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.FIELD_DECL,
    Kind.VAR_DECL, Kind.TYPE_ALIAS_DECL, Kind.TYPE_ALIAS_TEMPLATE_DECL,
    Kind.UNEXPOSED_DECL,  # templates of variables, and concepts in clang 14, which has no kind for them
    getattr(Kind, "CONCEPT_DECL", Kind.UNEXPOSED_DECL),
}
HIDDEN = {cindex.AccessSpecifier.PRIVATE, cindex.AccessSpecifier.PROTECTED}
# What a concept or a rule asks for is documented there, once: a cell's names stand in cells/cell.hpp, a loss's in
# losses/loss.hpp, a storage's in product/storage.hpp, a layer's, its tape's and its stream's in layers/layer.hpp and layers/memoryless.hpp, data's in
# data/example.hpp.
CLAUSES = {"Scalar", "State", "Tape", "name", "visit", "each_option"}
CELL_CLAUSES = {"gate_names", "state_names", "input_gates", "recurrent_gates", "late_gates", "initial_bias",
                "forward", "activate", "advance", "backward", "operand", "operand_backward"}
LAYER_CLAUSES = {"InputSize", "OutputSize", "trained", "input_size", "output_size", "initialize", "empty_state",
                 "require_forward", "require_backward", "run", "run_back", "find_non_finite", "children", "Stream", "stream",  # a layer's
                 "require_parameters", "require_values", "shape", "apply", "apply_back", "map", "map_back", "slope",
                 "output", "d_input", "final_state", "d_initial",  # a tape's
                 "step", "reset", "save", "fits", "restore"}  # a stream's
STORAGE_CLAUSES = {"Word", "per_word", "largest", "encode", "decode", "scaled_to"}
# The classes there are no layers but what a user calls.
NO_LAYERS = {"unroll/layers/predictor.hpp", "unroll/layers/stream.hpp"}


def is_clause(cursor, file):
    if cursor.semantic_parent.kind not in CLASSES:
        return False
    clauses = set(CLAUSES)
    if file.startswith("unroll/cells/"):
        clauses |= CELL_CLAUSES
    if file.startswith("unroll/layers/") and file not in NO_LAYERS:
        clauses |= LAYER_CLAUSES
    if file == "unroll/product/storage.hpp":
        clauses |= STORAGE_CLAUSES
    return cursor.spelling in clauses


def needs_words(cursor):
    if cursor.kind not in NAMED or not cursor.spelling or cursor.raw_comment:
        return False
    if cursor.kind in CLASSES and not cursor.is_definition():
        return False  # it is documented where it is defined
    if cursor.spelling.startswith("operator") and cursor.spelling != "operator()":
        return False  # it does what it does elsewhere
    return not cursor.is_default_method() and not (cursor.kind == Kind.CONSTRUCTOR and cursor.is_copy_constructor())


def find(cursor, found):
    for child in cursor.get_children():
        file = child.location.file
        if child.access_specifier in HIDDEN or not file or not file.name.startswith(f"{INCLUDE}/unroll/"):
            continue
        if child.kind == Kind.NAMESPACE:
            if child.spelling != "detail":
                find(child, found)
            continue
        short = file.name[len(f"{INCLUDE}/"):]
        if short == "unroll/compiled.hpp":
            continue  # it instantiates what is documented elsewhere
        if needs_words(child) and not is_clause(child, short):
            parent = child.semantic_parent.spelling
            found.append((short, child.location.line, f"{parent}::{child.spelling}"))
        if child.kind in CLASSES:
            find(child, found)


def parse():
    """All headers as one translation unit."""
    headers = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*.hpp"))
    text = "".join(f'#include "{header}"\n' for header in headers)
    eigen = subprocess.run(["pkg-config", "--cflags", "eigen3"], capture_output=True, text=True, check=True).stdout
    unit = cindex.Index.create().parse("all.cpp", ["-std=c++20", f"-I{INCLUDE}", *eigen.split()], [("all.cpp", text)])
    errors = [str(problem) for problem in unit.diagnostics if problem.severity >= cindex.Diagnostic.Error]
    if errors:
        raise SystemExit("\n".join(errors))
    return unit


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], help="folders of include/unroll")
    parser.add_argument("--but", nargs="+", default=[], help="folders of include/unroll that are left out")
    arguments = parser.parse_args()
    found = []
    find(parse().cursor, found)
    folder = lambda name: name[0].split("/")[1]  # noqa: E731
    found = sorted(name for name in set(found) if folder(name) not in arguments.but
                   and (not arguments.only or folder(name) in arguments.only))
    for file, line, name in found:
        print(f"include/{file}:{line}: {name} has no ///")
    print(f"{len(found)} public names without a docstring")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
