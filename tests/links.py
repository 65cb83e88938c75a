"""Relative links in Markdown: which of them lead nowhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat

# Brackets in code and in formulas are not links.
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)|<(?:a|img)\b[^>]*?\b(?:href|src)=["']([^"']+)""")
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
ANCHOR = re.compile(r"""<\w+\b[^>]*\b(?:id|name)=["']([^"']+)""")


def targets(markdown):
    """Where the links of a Markdown text lead, in order; links to other sites are left out."""
    found = [url or html for url, html in LINK.findall(NOT_PROSE.sub("", markdown))]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(path):
    """The anchors that Jupyter (in a notebook) and GitHub (in a .md file) give the headings of a file."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text("utf-8")
    without_code = re.sub(r"(?s)```.*?```", "", text)
    headings = [re.sub(r"[*_`]", "", heading) for heading in HEADING.findall(without_code)]
    if path.suffix != ".ipynb":
        headings = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in headings} | set(ANCHOR.findall(text))


def broken(markdown, origin):
    """The links in `markdown`, a text in the file `origin`, whose file or heading does not exist."""
    missing = []
    for target in targets(markdown):
        name, _, anchor = unquote(target).partition("#")
        path = (Path(origin).parent / name) if name else Path(origin)
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(target)
    return missing
