#!/usr/bin/python3
"""Every link of the site leads somewhere: files and anchors are there, each id is there once, and no page needs the
network."""

import html.parser
import pathlib
import sys
import urllib.parse

SITE = pathlib.Path(__file__).resolve().parents[2] / "build/site"


class Page(html.parser.HTMLParser):
    """The ids of a page, and what it links to or loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if found.get("id"):
            self.ids.append(found["id"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif found.get("src") or (tag == "link" and found.get("rel") in ("stylesheet", "icon")):
            self.loads.append(found.get("src") or found["href"])


def main():
    pages = {path: Page(path) for path in sorted(SITE.rglob("*.html"))}
    faults = []
    for path, page in pages.items():
        here = path.relative_to(SITE)
        faults += [f"{here}: the id {name} is there twice" for name in set(page.ids) if page.ids.count(name) > 1]
        faults += [f"{here}: loads {url}" for url in page.loads if urllib.parse.urlsplit(url).netloc]
        for url in page.links + page.loads:
            parts = urllib.parse.urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            anchor = urllib.parse.unquote(parts.fragment)
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                faults.append(f"{here}: {url} is not there")
            elif anchor and target in pages and anchor not in pages[target].ids:
                faults.append(f"{here}: {url} has no such anchor")
    print("\n".join(faults))
    print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links, {len(faults)} faults")
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
