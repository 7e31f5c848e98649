#!/usr/bin/python3
"""Writes the pages of the site, ready for MkDocs, to build/docs/pages: those of docs/, the reference, examples with
their sources, and what lies at the root."""

import os
import pathlib
import re
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "build/docs/pages"
FROM_HEADERS = re.compile(r"<!-- api: .*?<!-- end of api -->", re.S)  # what reference.py wrote
NAME = re.compile(r"(?<![\[`])`([A-Za-z_]\w+(?:::\w+)*)(?:\(\))?`(?![`\]])")


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


def anchor(name):
    """The anchor of a name's heading, as GitHub and mkdocs.yml make it."""
    return name.replace("::", "").lower()


def entries(texts, chinese):
    """The place of each name of the reference, among the pages in Chinese or the others; `cells::Lstm` is Lstm too if there
    is no other."""
    found = [(name, f"{page}#{anchor(name)}") for page, text in sorted(texts.items()) if page.endswith(".zh.md") == chinese
             for part in FROM_HEADERS.findall(text) for name in re.findall(r"^### (.*)", part, flags=re.M)]
    places = {}
    for name, place in found:
        places.setdefault(name, place)
    for name, place in found:
        places.setdefault(name.split("::")[-1], place)
    return places


def named(text, page, places):
    """A name of the reference between backticks becomes a link to its entry; headings stay, and the names of members."""
    def link(match):
        place = places.get(match[1]) or places.get(match[1].rpartition("::")[0])
        return f"[{match[0]}]({os.path.relpath(place, os.path.dirname(page) or '.')})" if place else match[0]
    lines, is_member = text.split("\n"), False
    for k, line in enumerate(lines):
        is_member = line.startswith("| member |") or is_member and line.startswith("|")
        if not line.startswith("#"):
            start = line.index("|", 1) if is_member else 0
            lines[k] = line[:start] + NAME.sub(link, line[start:])
    return "\n".join(lines)


def main():
    shutil.rmtree(PAGES, ignore_errors=True)
    pages, texts = all_pages(), {}
    for path, page in pages.items():
        text = example(path) if path.is_dir() else path.read_text()
        texts[page] = outside_code(text, lambda part: linked(part, page, path if path.is_dir() else path.parent, pages))
    places = {chinese: entries(texts, chinese) for chinese in (False, True)}
    for page, text in texts.items():
        target = PAGES / page
        target.parent.mkdir(parents=True, exist_ok=True)
        text = re.sub(r"^`#include <unroll/.*>`$", r"\g<0>\n{: .header }", text, flags=re.M)
        target.write_text(outside_code(text, lambda part: named(part, page, places[page.endswith(".zh.md")])))
    shutil.copytree(ROOT / "docs/pictures", PAGES / "pictures")
    for name in ("site.css", "iframe-worker.js"):
        shutil.copy(ROOT / "docs/site" / name, PAGES)


if __name__ == "__main__":
    main()
