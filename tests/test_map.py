"""notebooks/README.md maps the blog, its slips and the learners' questions to sections: the places must exist."""

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
TABLES = {"The blog, from top to bottom": 32, "Errata": 9, "Questions that learners ask": 24}     # rows at least


def rows():
    """(table, what, notebook, section) of every row of the map."""
    table, found = "", []
    for line in (FOLDER / "README.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            table = line[3:]
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and (link := re.fullmatch(r"\[(\d\d)\]\((\1_\w+\.ipynb)\)", cells[-2])):
            found.append((table, cells[0], link[2], cells[-1]))
    return found


def sections(notebook):
    """The text of each section of a notebook, by its heading; subsections count for the section around them too."""
    cells = nbformat.read(FOLDER / notebook, as_version=4).cells
    texts, open_at = {}, {}
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        for line in cell.source.splitlines():
            if heading := re.match(r"(##+) (.+)", line):
                level = len(heading[1])
                open_at = {at: name for at, name in open_at.items() if at < level} | {level: heading[2].strip()}
                texts[heading[2].strip()] = ""
            for name in open_at.values():
                texts[name] += line + "\n"
    return texts


@pytest.mark.parametrize(("table", "what", "notebook", "section"), rows())
def test_the_place_exists(table, what, notebook, section):
    texts = sections(notebook)
    assert section in texts, f"{what}: {notebook} has no section {section!r}, but {list(texts)}"
    if table == "Errata":
        assert "> **Erratum.**" in texts[section], f"{what}: no box marked Erratum in {notebook}, {section}"


def test_the_map_is_whole():
    for table, least in TABLES.items():
        assert sum(row[0] == table for row in rows()) >= least, table

