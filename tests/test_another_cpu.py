"""scripts/another_cpu.py finds the cells whose text hangs on the last digits of a float, and only those."""

import another_cpu
import numpy as np
import run_notebooks
from nbformat.v4 import new_code_cell, new_notebook

CELLS = [
    "import numpy as np",
    "print(np.exp(np.arange(3.0)).round(6), round(float(np.log(2.0)), 9), np.exp(-np.inf))",
    "print(float(np.exp(1.5)))",
    "x = np.exp(-1.0)\nfor _ in range(100):\n    x = 4 * x * (1 - x)\nprint(round(float(x), 2))",
    "print(float(np.exp(1.5)), 'again')",
]


def notebook(folder, *cells):
    """Stored as the notebooks of the series are; the last of the cells above is one that nbval is told to ignore."""
    path = folder / "01_one.ipynb"
    made = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    for cell in made.cells:
        if "again" in cell.source:
            cell.metadata.tags = ["nbval-ignore-output"]
    path.write_text(run_notebooks.serialise(made), "utf-8")
    assert run_notebooks.main([str(path)]) == 0
    return path


def test_it_names_the_fragile_cells_and_no_others(tmp_path, capsys):
    path = notebook(tmp_path, *CELLS)
    assert another_cpu.main([str(path), "--ulps", "8", "0"]) == 1
    out = capsys.readouterr().out
    assert "8 units in the last place: 2 difference(s)" in out and "0 units in the last place: no difference(s)" in out
    assert "cell 3 prints" in out and "cell 4 prints" in out and "instead of\n4.4816" in out


def test_an_assert_that_holds_by_a_hair_is_found(tmp_path, capsys):
    path = notebook(tmp_path, CELLS[0], f"assert np.exp(1.5) == {float(np.exp(1.5))!r}")
    assert another_cpu.main([str(path), "--ulps", "8"]) == 1
    assert "AssertionError" in capsys.readouterr().out
