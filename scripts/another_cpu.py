"""Would another processor store the same notebooks?

    python scripts/another_cpu.py                       every notebook of the series
    python scripts/another_cpu.py notebooks/08_x.ipynb  the notebooks named

Processors agree on sums and products, but not on the last digits of exp and log, nor on the order in which a long sum
is taken.  A loop that feeds its noisy result back, a print at the edge between two roundings, or an assert that holds
by a hair then fails for a reader and passes here.  This runs each notebook with exp and log disturbed in their last
digits and compares what it prints with what is stored.  Pictures are not compared, nor are the outputs that nbval is
told to ignore; but asserts must hold everywhere.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import nbformat
import run_notebooks

# Before the first cell: exp and log err by up to a few units in the last place, always the same for the same number.
DISTURB = """
import numpy as np

def _disturbed(f, ulps={ulps}):
    def g(x, *args, **kwargs):
        y = f(x, *args, **kwargs)
        if kwargs or not np.issubdtype(np.asarray(y).dtype, np.floating):
            return y
        exact = (y == 0) | (y == 1) | ~np.isfinite(y)       # every processor has these right
        error = ulps * np.finfo(float).eps * np.sin(1e6 * np.where(exact, 0.0, y) + ulps)
        y = np.where(exact, y, y * (1 + error))
        return y if y.ndim else y[()]
    return g

np.exp, np.log = _disturbed(np.exp), _disturbed(np.log)
"""


def differences(path, ulps=3):
    """What the notebook at ``path`` prints otherwise with this disturbance, one text a cell; NotebookFailed as ever."""
    stored = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        disturbed = nbformat.from_dict(stored)
        disturbed.cells.insert(0, nbformat.v4.new_code_cell(DISTURB.format(ulps=ulps)))
        nbformat.write(disturbed, Path(folder, path.name))
        run = run_notebooks.execute(Path(folder, path.name))
    found = []
    for n, (old, new) in enumerate(zip(stored.cells, run.cells[1:], strict=True), start=1):
        if old.cell_type == "code" and "nbval-ignore-output" not in old.metadata.get("tags", []):
            one, two = printed(old), printed(new)
            if one != two:
                found.append(f"{path.name}: cell {n} prints\n{two}\ninstead of\n{one}")
    return found


def printed(cell):
    """The text that a cell shows: streams, values and errors; no pictures."""
    return "".join(output.get("text", "") or output.get("evalue", "") or output.get("data", {}).get("text/plain", "")
                   for output in cell.outputs)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    parser.add_argument("--ulps", type=float, nargs="+", default=[1, 3, 8], help="how large (default: %(default)s)")
    args = parser.parse_args(argv)
    bad = 0
    for path in args.notebooks or sorted(run_notebooks.NOTEBOOKS.glob("*.ipynb")):
        for ulps in args.ulps:
            try:
                found = differences(path, ulps)
            except run_notebooks.NotebookFailed as failure:
                found = [str(failure)]
            bad += len(found)
            print(f"{path.name}, {ulps:g} units in the last place: {len(found) or 'no'} difference(s)", flush=True)
            print(*found, sep="\n", end="\n" if found else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
