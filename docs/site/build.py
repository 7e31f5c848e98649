#!/usr/bin/python3
"""Writes the pages of the site, ready for MkDocs, to build/docs/pages: those of docs/, the reference, examples with
their sources, and what lies at the root."""

import os
import pathlib
import re
import shutil

from reference import ROOT, Reference

PAGES = ROOT / "build/docs/pages"
MARK = re.compile(r"<!-- api: ([^>]*) -->")
NAME = re.compile(r"(?<![\[`])`([A-Za-z_]\w+)(::\w+|\(\))?`(?![`\]])")


def all_pages():
    """Where each Markdown file of the repository stands in the site; an example is a page of its sources."""
    pages = {path: path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    pages |= {path: path.name for path in ROOT.glob("*.md")}
    pages |= {ROOT / "README.md": "index.md", ROOT / "benchmarks/README.md": "benchmarks.md",
              ROOT / "examples/README.md": "examples.md"}
    pages |= {folder: f"examples/{folder.name}.md" for folder in (ROOT / "examples").iterdir() if folder.is_dir()}
    return pages


def example(folder):
    """An example's README and sources."""
    readme = folder / "README.md"
    parts = [readme.read_text() if readme.exists() else f"# {folder.name}"]
    if not parts[0].startswith("#"):
        parts.insert(0, f"# {folder.name}")
    for source in sorted([*folder.glob("*.cpp"), *folder.glob("*.hpp")]):
        parts += [f"## {source.name}", f"```cpp\n{source.read_text()}```"]
    return "\n\n".join(parts) + "\n"


def outside_code(text, change):
    """Changes what is no block of code."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)
    return "".join(part if part.startswith("```") else change(part) for part in parts)


def linked(text, page, source, pages):
    """Links to files of the repository as links of the site; to a file that is no page, plain text."""
    def link(match):
        words, target, anchor = match.groups()
        if re.match(r"[a-z]+:", target) or not target:
            return match.group(0)
        path = (source / target).resolve()
        if path in pages:
            return f"[{words}]({os.path.relpath(pages[path], os.path.dirname(page) or '.')}{anchor or ''})"
        if path.is_relative_to(ROOT / "docs/pictures"):
            return f"[{words}]({os.path.relpath(path, (ROOT / 'docs' / page).parent)})"
        if path == ROOT / "examples":
            return f"[{words}]({os.path.relpath('examples.md', os.path.dirname(page) or '.')})"
        return words
    return re.sub(r"\[([^\[\]]*)\]\(([^)#\s]*)(#[^)]*)?\)", link, text)


def named(text, page, places):
    """A name of the reference between backticks becomes a link to its entry; headings stay."""
    def link(match):
        name = match.group(1)
        if name not in places:
            return match.group(0)
        return f"[{match.group(0)}]({os.path.relpath(places[name], os.path.dirname(page) or '.')}#{name})"
    lines = text.split("\n")
    return "\n".join(line if line.startswith("#") else NAME.sub(link, line) for line in lines)


def main():
    shutil.rmtree(PAGES, ignore_errors=True)
    pages, texts, reference = all_pages(), {}, Reference()
    # Pages that name their headers come before the one that takes what is left.
    for path, page in sorted(pages.items(), key=lambda item: (item[1] == "reference/more.md", item[1])):
        text = example(path) if path.is_dir() else path.read_text()
        text = outside_code(text, lambda part: linked(part, page, path if path.is_dir() else path.parent, pages))
        texts[page] = MARK.sub(lambda mark: reference.expand(mark.group(1), page), text)
    for page, text in texts.items():
        target = PAGES / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(outside_code(text, lambda part: named(part, page, reference.places)))
    shutil.copytree(ROOT / "docs/pictures", PAGES / "pictures")
    for name in ("site.css", "iframe-worker.js"):
        shutil.copy(ROOT / "docs/site" / name, PAGES)


if __name__ == "__main__":
    main()
