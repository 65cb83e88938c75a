"""The contract that every notebook of the series keeps, and a proof that the contract can be broken.

nbval, in the same run, executes the notebooks and compares what they print.  It does not see a cell that was
never executed, a missing picture or a cell of a hundred lines; this does.
"""

import ast
import sys
from copy import deepcopy
from statistics import median

import links
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from run_notebooks import MAX_BYTES, NOTEBOOKS, WIDGET_VIEW, normalise, serialise

MAX_LINES = 25
MEDIAN_LINES = 5
TAGS = {"hide-input", "exercise", "nbval-ignore-output", "raises-exception"}
# Notebooks with a prediction, exercises and recall questions.
QUIZZED = {f"{number:02d}" for number in range(1, 13)}
IMPORTS = {"numpy", "matplotlib", "ipywidgets", "gymnasium", "IPython", "pgutils"} | sys.stdlib_module_names

ALL = sorted(NOTEBOOKS.glob("*.ipynb"))


def problems(path):
    """What is wrong with the stored notebook at `path`, one line each; [] if it keeps the contract."""
    text = path.read_bytes().decode("utf-8")
    nb = nbformat.reads(text, as_version=4)
    checks = [first_cell, prose, execution, outputs, figures, code, questions]
    found = [problem for check in checks for problem in check(nb, path)]
    if len(text.encode()) > MAX_BYTES:
        found.append(f"the file has {len(text.encode()):,} bytes, more than {MAX_BYTES:,}")
    if "widgets" in nb.metadata:
        found.append("the notebook's metadata hold widget state")
    if text != serialise(normalise(nb)):
        found.append(f"not in the stored form; run: python scripts/run_notebooks.py notebooks/{path.name}")
    return found


def code_cells(nb):
    return [(n, cell) for n, cell in enumerate(nb.cells, start=1) if cell.cell_type == "code"]


def first_cell(nb, path):
    """Title, time, goals, and the way to the notebooks before and after."""
    if not nb.cells or nb.cells[0].cell_type != "markdown":
        yield "cell 1 is not Markdown"
        return
    source = nb.cells[0].source
    if not source.startswith("# "):
        yield "cell 1 does not begin with a title (# ...)"
    if "minutes" not in source:
        yield "cell 1 does not say how many minutes it takes"
    _, said, goals = source.lower().partition("you will be able to")
    if not said or "\n- " not in goals:
        yield "cell 1 has no list of goals after “you will be able to”"
    linked = {target.partition("#")[0] for target in links.targets(source)}
    number = int(path.name[:2])
    for neighbour in [f"{number - 1:02d}", f"{number + 1:02d}"]:
        for name in sorted(p.name for p in path.parent.glob(f"{neighbour}_*.ipynb")):
            if name not in linked:
                yield f"cell 1 has no link to its neighbour {name}"


def prose(nb, path):
    """Links to files of the series, and to headings in them, arrive."""
    for n, cell in enumerate(nb.cells, start=1):
        if cell.cell_type == "markdown":
            for target in links.broken(cell.source, path):
                yield f"cell {n}: the link {target} leads nowhere"


def execution(nb, path):
    """Executed from top to bottom, in one go, in a fresh kernel."""
    expected = 0
    for n, cell in code_cells(nb):
        if cell.source.strip():
            expected += 1
            if cell.execution_count != expected:
                yield f"cell {n} has execution count {cell.execution_count}, expected {expected}"
    for n, cell in enumerate(nb.cells, start=1):
        if "execution" in cell.metadata:
            yield f"cell {n} has execution times"


def outputs(nb, path):
    """Nothing that only a running kernel can show, and nothing that went wrong."""
    for n, cell in code_cells(nb):
        for output in cell.outputs:
            data = output.get("data", {})
            if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
                yield f"cell {n} ended with {output.ename}: {output.evalue}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"cell {n} printed a warning: {output.text.strip().splitlines()[0]}"
            if WIDGET_VIEW in data:
                yield f"cell {n} stores a widget view"
            for kind in data:
                if kind.startswith("image/") and kind != "image/png":
                    yield f"cell {n} stores {kind}; store a PNG"


def figures(nb, path):
    """Each figure has an alt text, and no other figure has the same."""
    seen = {}
    for n, cell in code_cells(nb):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "").strip()
                if not alt:
                    yield f"cell {n} has a figure without alt text"
                elif alt in seen:
                    yield f"cell {n} has a figure with the alt text of the one in cell {seen[alt]}"
                seen[alt] = n


def code(nb, path):
    """Short cells of plain Python, and only what the reader has installed."""
    lengths = []
    for n, cell in code_cells(nb):
        lines = cell.source.splitlines()
        lengths.append(len(lines))
        if len(lines) > MAX_LINES:
            yield f"cell {n} has {len(lines)} lines, more than {MAX_LINES}"
        if any(line.rstrip().endswith(";") for line in lines):
            yield f"cell {n} has a trailing semicolon, which hides nothing here; end with plt.show()"
        unknown = set(cell.metadata.get("tags", [])) - TAGS
        if unknown:
            yield f"cell {n} has the tags {sorted(unknown)}; allowed are {sorted(TAGS)}"
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            yield f"cell {n} is not plain Python (no % and no ! commands)"
            continue
        foreign = imported(tree) - IMPORTS
        if foreign:
            yield f"cell {n} imports {sorted(foreign)}"
    if not lengths:
        yield "the notebook has no code cell"
    elif median(lengths) > MEDIAN_LINES:
        yield f"half of the code cells have {median(lengths):g} lines or more, allowed is {MEDIAN_LINES}"


def questions(nb, path):
    """The reader is asked: before a figure, in exercises, and at the end."""
    if path.name[:2] in QUIZZED:
        sources = [cell.source for _, cell in code_cells(nb)]
        for call, least, most in (("quiz.predict(", 1, 9), ("exercises.check(", 2, 4), ("quiz.recall(", 1, 1)):
            n = sum(call in source for source in sources)
            if not least <= n <= most:
                yield f"{n} cells call {call}…), expected {least}" + (f" to {most}" if most > least else "")


def imported(tree):
    """Names of the top-level packages that a piece of code imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def test_there_are_notebooks():
    assert ALL, f"no notebooks in {NOTEBOOKS}"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_contract(path):
    found = problems(path)
    if found:
        pytest.fail(f"{path.name}:\n  " + "\n  ".join(found), pytrace=False)


# A test that cannot fail is no test: below, a notebook that keeps the contract is broken in each way.


def valid():
    """A notebook between 01_before and 03_after that keeps the contract."""
    figure = new_output(
        "display_data",
        {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"},
        metadata={"image/png": {"alt": "A line that rises."}},
    )
    printed = new_output("stream", name="stdout", text="1\n")
    first = (
        "# Actions have probabilities\n\n**Time** 30 minutes.  You will be able to\n\n- add,\n- subtract.\n\n"
        "Before: [01](01_before.ipynb).  After: [03](03_after.ipynb#The-end)."
    )
    cells = [
        new_markdown_cell(first),
        new_code_cell("import math\nimport numpy as np", execution_count=1),
        new_markdown_cell("## A section\n\nNo links: $P[s](a)$, `x[0](y)`.  A link: [this](#A-section)."),
        new_code_cell("draw()", execution_count=2, outputs=[figure], metadata={"tags": ["hide-input"]}),
        new_code_cell("print(1)", execution_count=3, outputs=[printed]),
        new_code_cell('quiz.predict("02.1")\nexercises.check("02.1", f)', execution_count=4),
        new_code_cell('quiz.recall("02")\nexercises.check("02.2", f)', execution_count=5),
    ]
    return normalise(new_notebook(cells=cells))


def write(folder, nb):
    for name in ["01_before", "03_after"]:
        neighbour = new_notebook(cells=[new_markdown_cell("# A neighbour\n\n## The end")])
        nbformat.write(neighbour, folder / f"{name}.ipynb")
    path = folder / "02_here.ipynb"
    path.write_bytes(serialise(nb).encode())
    return path


def title(old, new):
    def change(nb):
        assert old in nb.cells[0].source
        nb.cells[0].source = nb.cells[0].source.replace(old, new)

    return change


def cell(n, **changes):
    """Change fields of the nth cell, counted from 1 as the messages do."""
    return lambda nb: nb.cells[n - 1].update(nbformat.from_dict(changes))


def output(n, *args, **kwargs):
    """Add an output to the nth cell."""
    return lambda nb: nb.cells[n - 1].outputs.append(new_output(*args, **kwargs))


BROKEN = {
    "cell 1 is not Markdown": lambda nb: nb.cells.pop(0),
    "does not begin with a title": title("# Actions", "Actions"),
    "how many minutes": title("minutes", "pages"),
    "no list of goals": title("- ", "and "),
    "no link to its neighbour 01_before": title("01_before.ipynb", "02_here.ipynb"),
    "no link to its neighbour 03_after": title("03_after.ipynb#", "01_before.ipynb#"),
    "the link 01_before.ipynb#Nowhere": title("01_before.ipynb", "01_before.ipynb#Nowhere"),
    "cell 3: the link absent.md": cell(3, source="See [this](absent.md)."),
    "cell 5 has execution count None, expected 3": cell(5, execution_count=None),
    "cell 4 has execution count 7, expected 2": cell(4, execution_count=7),
    "cell 2 has execution times": cell(2, metadata={"execution": {"iopub.status.busy": "2026-01-01"}}),
    "cell 5 ended with ValueError: no": output(5, "error", ename="ValueError", evalue="no", traceback=[]),
    "cell 5 printed a warning": output(5, "stream", name="stderr", text="RuntimeWarning: overflow"),
    "cell 5 stores a widget view": output(5, "display_data", {WIDGET_VIEW: {"model_id": "m"}}),
    "cell 5 stores image/svg+xml": output(5, "display_data", {"image/svg+xml": "<svg/>"}),
    "widget state": lambda nb: nb.metadata.update(widgets={}),
    "cell 5 has a figure without alt text": output(5, "display_data", {"image/png": "iVBORw0KGgo="}),
    "the alt text of the one in cell 4": lambda nb: nb.cells[4].outputs.extend(nb.cells[3].outputs),
    "0 cells call quiz.predict(…), expected 1 to 9": cell(6, source='exercises.check("02.1", f)'),
    "1 cells call exercises.check(…), expected 2 to 4": cell(6, source='quiz.predict("02.1")'),
    "2 cells call quiz.recall(…), expected 1": cell(6, source='quiz.predict("02.1")\nquiz.recall("02")'),
    "cell 2 has 26 lines": cell(2, source="x = 1\n" * 26),
    "half of the code cells": lambda nb: [c.update(source="x = 1\n" * 6) for _, c in code_cells(nb)],
    "the notebook has no code cell": lambda nb: nb.cells.__delitem__(slice(1, None)),
    "cell 2 has the tags ['skip']": cell(2, metadata={"tags": ["skip"]}),
    "cell 2 has a trailing semicolon": cell(2, source="x = 1;"),
    "cell 2 is not plain Python": cell(2, source="%matplotlib inline"),
    "cell 2 imports ['torch']": cell(2, source="import torch.nn"),
    "cell 2 imports ['scipy']": cell(2, source="if True:\n    from scipy import stats"),
    "more than 1,500,000": cell(3, source="x" * MAX_BYTES),
    "not in the stored form": cell(2, id="another"),
}


def test_a_valid_notebook_has_no_problems(tmp_path):
    assert problems(write(tmp_path, valid())) == []


@pytest.mark.parametrize("message", BROKEN)
def test_each_breach_is_named(message, tmp_path):
    nb = deepcopy(valid())
    BROKEN[message](nb)
    found = problems(write(tmp_path, nb))
    assert any(message in problem for problem in found), found


def test_a_promised_error_is_no_breach(tmp_path):
    nb = valid()
    output(5, "error", ename="ValueError", evalue="no", traceback=["ValueError: no"])(nb)
    nb.cells[4].metadata.tags = ["raises-exception"]
    assert problems(write(tmp_path, nb)) == []


def test_other_line_endings_are_a_breach(tmp_path):
    path = write(tmp_path, valid())
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert any("not in the stored form" in problem for problem in problems(path))
