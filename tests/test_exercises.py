"""Every exercise: its stub says "not tried yet", wrong answers are named, its folded solution passes.

Nothing is listed here: the notebooks are searched for exercises, and ``pgutils.exercises`` for what it knows.
"""

import re
from copy import deepcopy

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from run_notebooks import NOTEBOOKS, execute

from pgutils import exercises
from pgutils.exercises.exercise import Exercise, Mistake, changed, divided, negated, times
from pgutils.exercises.judge import judge, show

ALL = exercises.every()
PATHS = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if "exercises.check(" in path.read_text("utf-8")]
CHECK = re.compile(r'^exercises\.check\("(\d\d\.\d)", (\w+)\)$', re.MULTILINE)
SOLUTION = re.compile(r"<details><summary>Solution</summary>\n\n```python\n(.*?)\n```\n\n.+\n</details>\s*", re.DOTALL)
SEEDS = range(10)


# What every notebook must keep.

def problems(nb, number):
    """What is wrong with the exercises of a stored notebook, one line each."""
    found = []
    for n, cell in enumerate(nb.cells):
        calls, tagged = cell.source.count("exercises.check("), "exercise" in cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not (calls or tagged):
            continue
        check = CHECK.search(cell.source)
        if not (check and calls == 1 and tagged and cell.source.endswith(check.group())):
            yield (f'cell {n + 1}: a cell with the tag "exercise" must end with exercises.check("NN.k", function), '
                   "its only check")
            continue
        name = check.group(1)
        found.append(name)
        if not nb.cells[n - 1].source.rpartition("\n###")[2].lstrip("# ").startswith(f"Exercise {name}"):
            yield f"{name}: the cell above does not end with a section “### Exercise {name}: …”"
        printed = "".join(output.get("text", "?") for output in cell.outputs)
        if not printed.startswith(f"{name} – not tried yet") or printed.count("\n") != 1:
            yield f"{name}: the stub, run unchanged, must say “not tried yet” and nothing else, but says {printed!r}"
        if n + 1 == len(nb.cells) or not SOLUTION.fullmatch(nb.cells[n + 1].source):
            yield f"{name}: the cell below is not a folded solution with one ```python block and its reasoning"
        elif "exercises.check(" in nb.cells[n + 1].source or nb.cells[n + 1].source.count("```") != 2:
            yield f"{name}: the solution must be one ```python block, without the check"
    known = [exercise.name for exercise in exercises.of_notebook(number)]
    if found != known:
        yield f"the notebook has the exercises {found}, pgutils.exercises knows {known}"


def solved(nb):
    """The notebook with each folded solution in the place of its stub, and each check done ten times."""
    nb = deepcopy(nb)
    for cell, below in zip(nb.cells, nb.cells[1:], strict=False):
        if check := cell.cell_type == "code" and CHECK.search(cell.source):
            ten_times = f"for _ in range({len(SEEDS)}):\n    {check.group()}"
            cell.source = f"{SOLUTION.fullmatch(below.source).group(1)}\n\n{ten_times}"
    return nb


def unsolved(path, folder):
    """The exercises of a notebook whose folded solution, put into the notebook, does not pass ten times out of ten."""
    nb = solved(nbformat.read(path, as_version=4))
    nbformat.write(nb, folder / path.name)
    wrong = []
    for cell in execute(folder / path.name).cells:
        if check := cell.cell_type == "code" and CHECK.search(cell.source.replace("    exercises", "exercises")):
            lines = "".join(output.get("text", "") for output in cell.outputs).splitlines()
            if len(lines) != len(SEEDS) or not all(line.startswith(f"{check.group(1)} ✓") for line in lines):
                wrong.append(check.group(1))
    return wrong


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_exercise_cells_keep_their_form(path):
    found = list(problems(nbformat.read(path, as_version=4), path.name[:2]))
    assert not found, "\n".join([path.name, *found])


def test_every_exercise_is_in_a_notebook():
    assert {exercise.name[:2] for exercise in ALL} == {path.name[:2] for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_folded_solutions_pass_in_the_running_notebook(path, tmp_path):
    assert unsolved(path, tmp_path) == []


# What every exercise must keep.

def weak(exercise):
    """What is wrong with an exercise, one line each."""
    texts = [mistake.text for mistake in exercise.mistakes]
    if not all(len(text.split()) > 3 for text in [*texts, *exercise.hints]):
        yield "a hint or the text of a mistake says nothing"
    if len(set(texts)) < len(texts) or len(set(exercise.hints)) < len(exercise.hints):
        yield "two texts are the same"
    for seed in SEEDS:
        verdict = judge(exercise, exercise.reference, np.random.default_rng(seed))
        if not verdict.solved:
            yield f"the reference does not pass: {verdict.text}"
        for mistake in exercise.mistakes:
            verdict = judge(exercise, mistake.function, np.random.default_rng(seed))
            if verdict.solved is not False or mistake.text not in verdict.text:
                yield f"“{mistake.text}” is not found (seed {seed}): {verdict.text}"
    results = []
    judge(exercise, lambda *args: results.append(exercise.reference(*args)) or results[-1], np.random.default_rng(0))
    for constant in (results[0], 0.0, np.zeros(3), "a text"):
        if judge(exercise, lambda *_, constant=constant: constant, np.random.default_rng(0)).solved is not False:
            yield f"the constant {constant} passes"


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
def test_wrong_answers_fail_and_are_named(exercise):
    assert not list(weak(exercise))


# The judge itself, on an exercise of its own: the mean of x, weighted with w.

def mean(w, x):
    return w @ x


MEAN = Exercise(
    "00.1", mean, inputs=lambda rng: (rng.dirichlet(np.ones(n := int(rng.integers(2, 5)))), rng.normal(size=(n, 2))),
    mistakes=(negated(mean), times(mean, lambda w, x: len(x), "n"), divided(mean, lambda w, x: len(x), "n"),
              changed("the order is reversed.", mean, inputs=lambda w, x: (w[::-1], x)),
              Mistake("the weights are missing here.", lambda w, x: x.sum(axis=0))),
    hints=("One hint and more.", "Two hints and more.", "Three hints and more."))


def says(answer, exercise=MEAN):
    return judge(exercise, answer, np.random.default_rng(0))


def test_the_exercise_of_this_file_is_a_good_one():
    assert not list(weak(MEAN))
    assert says(mean) == (True, "00.1 ✓ Right on 20 fresh random inputs.")
    assert says(lambda weights, values: list(weights @ values)).solved, "a list will do"


def empty(w, x):
    """What to do."""
    ...


def empty_too(w, x):
    """What to do."""
    return None


def with_a_gap(w, x):
    products = ...
    return products.sum(axis=0)


def with_a_gap_in_a_sum(w, x):
    products = ...
    return w @ x + np.exp(products)


def with_a_gap_in_a_product(w, x):
    products = ...
    return w @ products


def with_two_gaps(w, x):
    return ..., ...


@pytest.mark.parametrize("stub", [empty, empty_too, with_a_gap, with_a_gap_in_a_sum, with_a_gap_in_a_product,
                                  with_two_gaps, lambda w, x: ...])
def test_a_stub_is_not_tried_yet(stub):
    assert says(stub) == (None, '00.1 – not tried yet (or a gap is left). For a hint: exercises.hint("00.1")')


def test_an_unknown_mistake_is_shown_by_the_first_input_on_which_it_differs():
    verdict = says(lambda w, x: (w @ x) * (1 if len(w) < 3 else 7))
    assert verdict.solved is False
    rng = np.random.default_rng(0)
    w, x = next((w, x) for w, x in (MEAN.inputs(rng) for _ in range(20)) if len(w) > 2)
    for part in (f"w = {show(w)}", f"x = {show(x, indent=6)}", f"expected: {show(w @ x)}",
                 f"got:      {show(7 * (w @ x))}"):
        assert part in verdict.text


def test_numbers_in_another_container_are_the_same_numbers():
    two = Exercise("00.1", lambda w, x: (mean(w, x).sum(), 1.0), (Mistake("zero", lambda w, x: 0.0),) * 3,
                   MEAN.hints, inputs=MEAN.inputs)
    for form in (list, tuple, np.array):
        assert says(lambda w, x, form=form: form([mean(w, x).sum(), 1.0]), two).solved
        assert says(lambda w, x, form=form: form(list(mean(w, x)))).solved
    assert "should return 2 results, it returns one result" in says(lambda w, x: 1.0, two).text
    assert "should return one result, it returns 2 results" in says(lambda w, x: (mean(w, x), 1.0)).text


def test_numbers_that_look_alike_are_shown_with_more_digits():
    *_, expected, got, _ = says(lambda w, x: mean(w, x) + 2e-6).text.splitlines()
    assert "expected" in expected and expected.partition(":")[2].strip() != got.partition(":")[2].strip()


def forgets_to_return(w, x):
    _ = w @ x


def forgets_one_return(w, x):
    if len(w) > 2:
        return w @ x


def in_place(w, x):
    x *= w[:, None]
    return x.sum(axis=0)


def raises(w, x):
    y = w @ x
    return helper(y) + 1


def helper(y):
    return y.no_such_attribute


@pytest.mark.parametrize(("answer", "text"), [
    (forgets_to_return, "returns None"),
    (forgets_one_return, "returns None"),
    (in_place, "changes its input in place"),
    (in_place, "x *= w[:, None]"),
    (raises, "AttributeError: 'numpy.ndarray' object has no attribute 'no_such_attribute'"),
    (raises, "in helper, line"),
    (raises, "return y.no_such_attribute"),
    (lambda w, x: w[...].no_such_attribute, "AttributeError"),
    (lambda w: w, "must take the arguments (w, x)"),
    (lambda w, x: w, "has the shape"),
    (lambda w, x: w @ x / 0 * np.nan, "not finite"),
    (lambda w, x: "0.5", "must return numbers"),
    (lambda w, x: [[1], [1, 2]], "must return numbers"),
    (lambda w, x: (w @ x, w @ x), "returns 2 results"),
    (lambda w, x: np.full((1, 2), 0.5), "has the shape (1, 2), expected is (2,)"),
])
@pytest.mark.filterwarnings("ignore:divide by zero|invalid value")
def test_what_is_wrong_is_said(answer, text):
    verdict = says(answer)
    assert verdict.solved is False
    assert text in verdict.text


def test_a_generator_as_input_gives_learner_and_reference_the_same_draws():
    def noise(n, rng):
        return rng.normal(size=n)

    exercise = Exercise(
        "00.2", noise, inputs=lambda rng: (int(rng.integers(2, 5)), np.random.default_rng(rng.integers(1000))),
        mistakes=(negated(noise), times(noise, lambda n, rng: n, "n"),
                  changed("the first is lost.", noise, lambda x, *_: x[1:])),
        hints=MEAN.hints)
    assert says(lambda n, rng: rng.normal(0, 1, n), exercise).solved
    assert says(lambda n, rng: rng.uniform(0, 1, n), exercise).solved is False


# An exercise with a judge of its own: climb to the top of -(x - top)².

def climb(slope, start):
    x = start
    for _ in range(50):
        x = x + 0.3 * slope(x)
    return x


def descend(slope, start):
    return start - 0.3 * slope(start)


def reaches_the_top(answer, rng):
    for top in rng.normal(size=3):
        x = answer(lambda x, top=top: -2 * (x - top), top + 1.0)
        if not isinstance(x, float):
            return "a single number is expected."
        if not abs(x - top) < 0.1:
            return "this is further down than the start." if abs(x - top) > 1 else "these are too few steps."
    return ""


CLIMB = Exercise(
    "00.3", climb, judge=reaches_the_top, hints=MEAN.hints,
    mistakes=(Mistake("this is further down than the start.", descend),
              Mistake("these are too few steps.", lambda slope, start: start + 0.3 * slope(start)),
              Mistake("a single number is expected.", lambda slope, start: "the top")))


def test_an_exercise_may_have_a_judge_of_its_own():
    assert not list(weak(CLIMB))
    assert says(climb, CLIMB) == (True, "00.3 ✓ Right.")
    assert says(lambda slope, start: ..., CLIMB).solved is None
    assert "ZeroDivisionError" in says(lambda slope, start: 1 / 0, CLIMB).text
    assert "must take the arguments (slope, start)" in says(lambda: 0, CLIMB).text
    praises = Exercise("00.3", climb, CLIMB.mistakes, CLIMB.hints, judge=lambda answer, rng: (True, "At the top."))
    assert says(climb, praises) == (True, "00.3 ✓ At the top.")


# check and hint, as they are called in a notebook.

def test_check_prints_and_draws_fresh_inputs(capsys):
    seen = []

    def score(theta, x, a):
        seen.append(theta)
        return 0.0

    exercises.check("05.1", score)
    assert "05.1 ✗ Not yet: " in capsys.readouterr().out
    exercises.check("05.1", score)
    assert len(set(seen)) == len(seen) == 40
    exercises.check("05.1", exercises.find("05.1").reference)
    assert capsys.readouterr().out.endswith("05.1 ✓ Right on 20 fresh random inputs.\n")


def test_an_error_of_the_learner_never_shows_the_reference(capsys):
    exercises.check("05.1", lambda theta, x, a: no_such_name)   # noqa: F821
    printed = capsys.readouterr().out
    assert "NameError: name 'no_such_name' is not defined" in printed
    assert "Traceback" not in printed and "nb05" not in printed and "_softmax" not in printed


def test_hints_come_one_at_a_time_and_end_at_the_solution(capsys, monkeypatch):
    monkeypatch.setattr(exercises, "_hints_given", {})
    for _ in range(4):
        exercises.hint("05.2")
    hints = exercises.find("05.2").hints
    first, second, third, end = capsys.readouterr().out.splitlines()
    assert (first, third) == (f"05.2, hint 1 of 3: {hints[0]}", f"05.2, hint 3 of 3: {hints[2]}")
    assert "Solution" in end
    exercises.hint("05.2", level=2)
    assert capsys.readouterr().out.strip() == second


@pytest.mark.parametrize(("call", "message"), [
    (lambda: exercises.check("05.9", len), "no exercise is called '05.9'; there are 05.1, 05.2"),
    (lambda: exercises.check("99.1", len), "no exercise is called '99.1'; there are .*05.1"),
    (lambda: exercises.check(5.1, len), "no exercise is called 5.1"),
    (lambda: exercises.check("05.1", 3.0), r"needs your function itself, as in check\('05.1', score\), got 3.0"),
    (lambda: exercises.hint("05.1", level=4), "level must be 1, …, 3, got 4"),
    (lambda: exercises.hint("hello"), "no exercise is called 'hello'"),
    (lambda: Exercise("00.1", mean, MEAN.mistakes, MEAN.hints), "needs either inputs or a judge"),
    (lambda: Exercise("00.1", mean, MEAN.mistakes[:2], MEAN.hints, inputs=MEAN.inputs), "at least 3 mistakes"),
    (lambda: Exercise("00.1", mean, MEAN.mistakes, MEAN.hints[:2], inputs=MEAN.inputs), "exactly 3 hints"),
])
def test_wrong_use_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("x", "text"), [
    (np.arange(3), "[0 1 2]"), (np.array([-0.0]), "[0.]"),
    (0.1 + 0.2, "0.3"), ((1, 2.0), "1, 2"), (None, "None"), ("a", "'a'"), (True, "True"),
    (np.zeros((50, 2)), "(shape (50, 2))"), ([1, 2], "[1 2]"), (MEAN, "<Exercise>"), ([[1], [1, 2]], "[[1], [1, 2]]")])
def test_values_are_shown_in_short(x, text):
    assert text in show(x)
    assert len(show(x).splitlines()) <= 5


# Tests that cannot fail are none: broken exercises are found.

@pytest.mark.parametrize(("change", "message"), [
    ({"mistakes": (*MEAN.mistakes, Mistake("this one is right, in fact.", mean))}, "is not found"),
    ({"mistakes": (*MEAN.mistakes, Mistake("the same as the first one.", lambda w, x: -w @ x))}, "is not found"),
    ({"mistakes": (*MEAN.mistakes, Mistake("", lambda w, x: 5 + w @ x))}, "says nothing"),
    ({"hints": ("One hint and more.", "One hint and more.", "Three hints and more.")}, "two texts are the same"),
    ({"inputs": lambda rng: (np.ones(2) / 2, np.eye(2))}, "constant"),
    ({"reference": lambda w, x: np.full(2, np.nan)}, "the reference does not pass"),
])
def test_a_weak_exercise_is_found(change, message):
    fields = {name: getattr(MEAN, name) for name in MEAN.__dataclass_fields__}
    assert any(message in line for line in weak(Exercise(**fields | change)))


def test_a_judge_that_accepts_everything_is_found():
    assert any("passes" in line for line in weak(Exercise(
        "00.4", mean, MEAN.mistakes, MEAN.hints, judge=lambda answer, rng: answer(*MEAN.inputs(rng)) is None or "")))


STUB = 'def score(theta, x, a):\n    ...\n\nexercises.check("05.1", score)'
FOLDED = """<details><summary>Solution</summary>

```python
def score(theta, x, a):
    return x[a] - np.exp(theta * x) @ x / np.exp(theta * x).sum()
```

The reason.
</details>"""


def notebook():
    """A notebook with one exercise."""
    said = new_output("stream", name="stdout", text=says(empty).text.replace("00.1", "05.1") + "\n")
    return new_notebook(cells=[
        new_markdown_cell("# A title"), new_code_cell("import numpy as np\nfrom pgutils import exercises"),
        new_markdown_cell("### Exercise 05.1: a score\n\nWrite it."),
        new_code_cell(STUB, metadata={"tags": ["exercise"]}, outputs=[said]), new_markdown_cell(FOLDED)])


@pytest.fixture
def only_one(monkeypatch):
    """pgutils.exercises knows one exercise, 05.1."""
    monkeypatch.setattr(exercises, "of_notebook", lambda number: (exercises.nb05.SCORE,))


def test_a_good_notebook_has_no_problems(only_one, tmp_path):
    assert list(problems(notebook(), "05")) == []
    nbformat.write(notebook(), tmp_path / "05_x.ipynb")
    assert unsolved(tmp_path / "05_x.ipynb", tmp_path) == []


@pytest.mark.parametrize(("message", "cell", "old", "new"), [
    ("must end with exercises.check", 4, "check(", "check (1, "),
    ("must end with exercises.check", 4, '", score)', '", score)\nprint(1)'),
    ("knows ['05.1']", 4, "05.1", "05.7"),
    ("05.1: the cell above does not end with a section", 3, "05.1", "05.2"),
    ("the cell below is not a folded solution", 5, "```python", "```"),
    ("the cell below is not a folded solution", 5, "</details>", ""),
    ("the cell below is not a folded solution", 5, "The reason.\n", ""),
    ("the solution must be one ```python block", 5, "\n```\n", "\n```\n\n```python\nscore = 1\n```\n"),
])
def test_each_breach_of_the_form_is_named(only_one, message, cell, old, new):
    nb = notebook()
    assert old in nb.cells[cell - 1].source
    nb.cells[cell - 1].source = nb.cells[cell - 1].source.replace(old, new)
    found = list(problems(nb, "05"))
    assert any(message in problem for problem in found), found


def test_an_untagged_exercise_a_missing_one_and_a_stub_that_says_more_are_named(only_one):
    nb = notebook()
    nb.cells[3].metadata.tags = []
    assert any("tag" in problem for problem in problems(nb, "05"))
    nb = notebook()
    nb.cells[3].outputs[0].text += "and more\n"
    assert any("must say “not tried yet”" in problem for problem in problems(nb, "05"))
    nb = notebook()
    del nb.cells[2:]
    assert list(problems(nb, "05")) == ["the notebook has the exercises [], pgutils.exercises knows ['05.1']"]


def test_a_wrong_folded_solution_is_found(tmp_path):
    nb = notebook()
    nb.cells[4].source = FOLDED.replace("x[a] -", "-x[a] +")
    nbformat.write(nb, tmp_path / "05_x.ipynb")
    assert unsolved(tmp_path / "05_x.ipynb", tmp_path) == ["05.1"]
