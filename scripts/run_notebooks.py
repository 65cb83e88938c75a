"""Execute notebooks in place, in fresh kernels, and store them in one form.

    python scripts/run_notebooks.py                       every notebook of the series
    python scripts/run_notebooks.py notebooks/02_x.ipynb  the notebooks named
    python scripts/run_notebooks.py --check               say which would change, write nothing

Two runs give byte-identical files, so a diff shows only what an author changed.  When a cell fails, the file
on disk stays as it was.
"""

import argparse
import asyncio
import hashlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from copy import deepcopy
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
MAX_BYTES = 1_500_000
CELL_TIMEOUT = 600  # seconds; an endless loop must end some day

# The same for every notebook, and without the version of the Python that happened to run it.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
CELL_METADATA = {"tags", "jupyter", "slideshow"}  # what an author sets; front ends add times and more
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class NotebookFailed(Exception):
    """Says which notebook, which cell, and why."""


def execute(path):
    """The notebook at `path`, executed in its own folder by a fresh kernel of this Python, and normalised.

    Writes nothing.  Raises NotebookFailed at the first cell that fails and is not tagged `raises-exception`.
    """
    path = Path(path)
    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.update(execution_count=None, outputs=[])
    running = 0

    def on_cell_start(cell, cell_index):
        nonlocal running
        running = cell_index

    client = NotebookClient(
        nb,
        # Look for no installed kernels: what runs the notebook is this Python, as in the tests.
        km=AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[])),
        extra_arguments=["--log-level=ERROR"],  # each kernel warns that its sockets are not encrypted
        resources={"metadata": {"path": str(path.resolve().parent)}},
        timeout=CELL_TIMEOUT,
        on_cell_start=on_cell_start,
        record_timing=False,
        store_widget_state=False,
    )
    # A backend chosen for scripts would leave the notebook without pictures.
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    try:
        # A selector loop, because ZeroMQ cannot use the one that Windows starts by default.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(client.async_execute(env=env, cleanup_kc=True))
    except CellExecutionError as error:
        raise NotebookFailed(_failure(path, nb, running, f"{error.ename}: {error.evalue}")) from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise NotebookFailed(_failure(path, nb, running, f"{type(error).__name__}: {error}")) from error
    return normalise(nb)


def normalise(nb):
    """A copy of `nb` that depends only on what its author wrote and its cells computed.

    Gone are widget state and widget views (an empty box without its kernel; the picture beside a view stays),
    execution times, versions, file paths in tracebacks, random cell ids, what a front end noted for itself.
    """
    nb = deepcopy(nb)
    nb.metadata = nbformat.from_dict(METADATA)
    nb.nbformat, nb.nbformat_minor = 4, 5
    seen = {}
    for cell in nb.cells:
        # From the content: the same whichever tool built the notebook, and it moves with the cell in a diff.
        digest = hashlib.sha1(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = _only(CELL_METADATA, cell.metadata)
        if cell.cell_type == "code":
            cell.outputs = _normalise_outputs(cell.outputs)
    return nb


def _only(keys, metadata):
    return nbformat.from_dict({key: value for key, value in metadata.items() if key in keys and value})


def _normalise_outputs(outputs):
    kept = []
    for output in outputs:
        output.pop("transient", None)
        if output.output_type == "stream":
            # How the kernel cuts what it prints into messages is a matter of timing.
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            # The traceback names files of this machine.
            output.traceback = [f"{output.ename}: {output.evalue}"]
        else:
            had_view = output.data.pop(WIDGET_VIEW, None) is not None
            output.metadata = _only(output.data, output.metadata)  # the alt text of a picture is in here
            if had_view and not set(output.data) - {"text/plain"}:
                continue  # the repr of a widget tells a reader nothing
        kept.append(output)
    return kept


def serialise(nb):
    """The text of `nb` as stored: keys sorted, indented by 1, in UTF-8 as written, one newline at the end."""
    return nbformat.writes(nb, version=4).rstrip("\n") + "\n"


def _failure(path, nb, index, reason):
    """Name the cell both ways that a reader counts: its place in the notebook and its In [n]."""
    prompt = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in nb.cells[: index + 1])
    lines = nb.cells[index].source.strip().splitlines()
    source = [f"    {line}" for line in lines[:5]] + (["    ..."] if len(lines) > 5 else [])
    where = f"{path.name}: cell {index + 1} of {len(nb.cells)}, In [{prompt}], failed:"
    return "\n".join([where, *source, reason])


def _run(path, check):
    """Execute one notebook and store it -> (changed, seconds).  It changes in one step or not at all."""
    began = time.perf_counter()
    before = path.read_bytes()
    after = serialise(execute(path)).encode()
    if len(after) > MAX_BYTES:
        size = f"{len(after):,} bytes, more than {MAX_BYTES:,}"
        raise NotebookFailed(f"{path.name}: {size}; store fewer or smaller pictures")
    if after != before and not check:
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            temporary.write_bytes(after)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    return after != before, time.perf_counter() - began


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a notebook would change")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="kernels at once (%(default)s)")
    args = parser.parse_args(argv)
    paths = list(dict.fromkeys(args.notebooks or sorted(NOTEBOOKS.glob("*.ipynb"))))
    if not paths:
        parser.error(f"no notebooks in {NOTEBOOKS}")
    for path in paths:
        if not path.is_file():
            parser.error(f"no such notebook: {path}")

    import matplotlib.font_manager  # noqa: F401  # builds the font cache now: else a first cell prints that it does

    # Threads are enough: the work is done in the kernels, which are processes.
    bad = 0
    with ThreadPoolExecutor(max_workers=max(1, args.jobs)) as pool:
        print(f"running {len(paths)} notebook(s), {args.jobs} at once", flush=True)
        jobs = {pool.submit(_run, path, args.check): path for path in paths}
        for done, job in enumerate(as_completed(jobs), start=1):
            label = f"[{done}/{len(paths)}] {jobs[job].name}"
            try:
                changed, seconds = job.result()
            except NotebookFailed as failure:
                bad += 1
                print(f"{label}: FAILED\n{failure}", flush=True)
            except Exception as error:  # not a notebook, not writable, ...: the others still run
                bad += 1
                print(f"{label}: FAILED\n{type(error).__name__}: {error}", flush=True)
            else:
                bad += changed and args.check
                verdict = ("WOULD CHANGE" if args.check else "updated") if changed else "unchanged"
                print(f"{label}: {verdict} ({seconds:.1f} s)", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
