"""One JupyterLab and one Chromium for the browser tests of each worker.

They end with the module: as long as Playwright's loop runs, no other test of the worker can start one with asyncio.
"""

import os
import shutil

import lab
import nbformat
import pytest


class Desk:
    """A running JupyterLab (or Notebook 7), the browser in front of it, and the folder whose notebooks it shows."""

    def __init__(self, context, address, folder, app):
        self.context, self.address, self.folder, self.app = context, address, folder, app

    def open(self, notebook):
        """Open a copy of the notebook: what is done to it does not touch the repository."""
        shutil.copy(notebook, self.folder)
        return lab.Page(self.context, self.address, notebook.name, self.app)

    def open_cells(self, name, *cells):
        """Open a new notebook of these cells; a cell that starts with # is text."""
        make = {True: nbformat.v4.new_markdown_cell, False: nbformat.v4.new_code_cell}
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nbformat.v4.new_notebook(cells=[make[c.startswith("#")](c) for c in cells], metadata=metadata)
        nbformat.write(notebook, self.folder / f"{name}.ipynb")
        return lab.Page(self.context, self.address, f"{name}.ipynb", self.app)


@pytest.fixture(scope="module")
def browser():
    """Chromium.  Without it the tests are skipped; but in CI nothing may be skipped, so there they fail."""
    if reason := lab.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no browser tests: {reason}")
    with lab.chromium() as context:
        yield context


@pytest.fixture(scope="module")
def jupyterlab(browser, tmp_path_factory):
    yield from _desk(browser, tmp_path_factory, "jupyterlab")


@pytest.fixture(scope="module")
def notebook7(browser, tmp_path_factory):
    yield from _desk(browser, tmp_path_factory, "notebook")


def _desk(browser, tmp_path_factory, app):
    folder = tmp_path_factory.mktemp(app)
    with lab.serve(folder, tmp_path_factory.mktemp("home"), app) as address:
        yield Desk(browser, address, folder, app)
