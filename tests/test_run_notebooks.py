"""scripts/run_notebooks.py: what it stores, twice the same, and what it does when a cell fails."""

import json

import nbformat
import pytest
import run_notebooks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

GOOD = [
    "import ipywidgets\nimport matplotlib.pyplot as plt\nfrom pathlib import Path",
    'print("one")\nprint("two", flush=True)\nprint("three")\ndisplay({"shown": 1})\nPath.cwd().name',
    "plt.plot([0, 1], [1, 0])\nplt.show()",
    "ipywidgets.IntSlider(3)",
    # The pattern of LiveFigure: a view for a live kernel and a picture for everyone else.
    'picture = {"image/png": "iVBORw0KGgo=", "text/plain": "a figure"}\n'
    f'view = {{{run_notebooks.WIDGET_VIEW!r}: {{"model_id": "m", "version_major": 2, "version_minor": 0}}}}\n'
    'display(picture | view, metadata={"image/png": {"alt": "A slope."}}, raw=True)',
    'raise ValueError("as promised")',
]


def write(path, sources):
    cells = [new_markdown_cell("# A title")] + [new_code_cell(source) for source in sources]
    for cell in cells:
        if cell.source.startswith("raise"):
            cell.metadata.tags = ["raises-exception"]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def no_kernel(monkeypatch):
    """For tests of what happens to the file: what would be stored, without the seconds of a kernel."""
    monkeypatch.setattr(
        run_notebooks, "execute", lambda path: run_notebooks.normalise(nbformat.read(path, as_version=4))
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A notebook with everything that varies between runs, executed twice -> (bytes, bytes)."""
    path = write(tmp_path_factory.mktemp("folder") / "good.ipynb", GOOD)
    runs = []
    for _ in range(2):
        assert run_notebooks.main([str(path)]) == 0
        runs.append(path.read_bytes())
    return runs


def outputs(text):
    return [cell["outputs"] for cell in json.loads(text)["cells"][1:]]


def test_two_runs_are_byte_identical(stored):
    assert stored[0] == stored[1]


def test_form(stored):
    text = stored[0].decode()
    nb = json.loads(text)
    assert text == json.dumps(nb, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert nb["metadata"] == run_notebooks.METADATA
    assert [cell["execution_count"] for cell in nb["cells"][1:]] == [1, 2, 3, 4, 5, 6]
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_streams_are_merged_and_the_notebook_runs_in_its_folder(stored):
    stream, shown, result = outputs(stored[0])[1]
    assert "".join(stream["text"]) == "one\ntwo\nthree\n"
    assert shown["data"]["text/plain"] == ["{'shown': 1}"]
    assert result["data"]["text/plain"][0].startswith("'folder")


def test_pictures_stay_and_widget_views_go(stored):
    _, _, figure, slider, live, _ = outputs(stored[0])
    assert set(figure[0]["data"]) == {"image/png", "text/plain"}
    assert slider == []
    assert set(live[0]["data"]) == {"image/png", "text/plain"}
    assert live[0]["metadata"] == {"image/png": {"alt": "A slope."}}
    assert run_notebooks.WIDGET_VIEW not in [key for out in outputs(stored[0])[4] for key in out["data"]]


def test_promised_error_names_no_file(stored):
    assert outputs(stored[0])[5][0]["traceback"] == ["ValueError: as promised"]


def test_failing_cell_is_named_and_only_its_file_is_left_as_it_was(tmp_path, capsys):
    bad = write(tmp_path / "bad.ipynb", ["x = 1", "y = 0\nx / y"])
    good = write(tmp_path / "good.ipynb", ["print('fine')"])
    before = bad.read_bytes()
    assert run_notebooks.main([str(bad), str(good)]) == 1
    assert bad.read_bytes() == before
    assert outputs(good.read_text("utf-8"))[0][0]["text"] == ["fine\n"]
    report = capsys.readouterr().out
    assert "bad.ipynb: cell 3 of 3, In [2], failed:\n    y = 0\n    x / y\n" in report
    assert "ZeroDivisionError: division by zero" in report
    assert "good.ipynb: updated" in report
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ipynb", "good.ipynb"]


def test_too_large_a_notebook_fails(tmp_path, capsys, monkeypatch, no_kernel):
    path = write(tmp_path / "large.ipynb", ["x" * 2000])
    before = path.read_bytes()
    monkeypatch.setattr(run_notebooks, "MAX_BYTES", 1500)
    assert run_notebooks.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "more than 1,500" in capsys.readouterr().out


def test_check_writes_nothing(tmp_path, capsys, no_kernel):
    path = write(tmp_path / "stale.ipynb", ["1 + 1"])
    before = path.read_bytes()
    assert run_notebooks.main(["--check", str(path)]) == 1
    assert path.read_bytes() == before
    assert "stale.ipynb: WOULD CHANGE" in capsys.readouterr().out


def test_missing_notebook_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_notebooks.main([str(tmp_path / "absent.ipynb")])
    assert "absent.ipynb" in capsys.readouterr().err


def test_normalise_is_idempotent_and_leaves_its_argument_alone():
    timed = {"execution": {"iopub.status.busy": "2026-01-01T00:00:00Z"}, "tags": ["exercise"]}
    nb = new_notebook(
        cells=[new_code_cell("same", metadata=timed), new_code_cell("same", metadata={"collapsed": True})],
        metadata={"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3.11.7"}},
    )
    before = nbformat.writes(nb)
    once = run_notebooks.normalise(nb)
    assert nbformat.writes(nb) == before
    assert run_notebooks.serialise(run_notebooks.normalise(once)) == run_notebooks.serialise(once)
    assert [cell.metadata for cell in once.cells] == [{"tags": ["exercise"]}, {}]
    assert once.cells[1].id == once.cells[0].id + "-2"
