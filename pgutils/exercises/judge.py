"""Judge a learner's function: right, not tried yet, a known mistake, or the first input on which it differs."""

import dis
import inspect
import itertools
import linecache
import sysconfig
import traceback
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import numpy as np

DRAWS = 20
_FOREIGN = (str(Path(__file__).parents[1]), *{sysconfig.get_path(p) for p in ("stdlib", "purelib", "platlib")})


class Verdict(NamedTuple):
    """``solved`` is None where the exercise was not tried yet."""

    solved: bool | None
    text: str


class _NotTried(Exception):
    pass


class _Wrong(Exception):
    """Its message says what is wrong."""


def judge(exercise, answer, rng=None):
    """The verdict on ``answer``, a function; ``rng`` makes it repeatable."""
    rng = np.random.default_rng() if rng is None else rng
    name, help_ = exercise.name, f'For a hint: exercises.hint("{exercise.name}")'
    try:
        if exercise.judge is None:
            _compare(exercise, answer, rng)
            how = f"Right on {DRAWS} fresh random inputs."
        else:
            said = exercise.judge(_guarded(exercise, answer), rng)
            right, how = said if isinstance(said, tuple) else (not said, said or "Right.")
            if not right:
                raise _Wrong(how)
    except _NotTried:
        return Verdict(None, f"{name} – not tried yet (or a gap is left). {help_}")
    except _Wrong as wrong:
        return Verdict(False, f"{name} ✗ Not yet: {wrong}\n{help_}")
    return Verdict(True, f"{name} ✓ {how}")


def _compare(exercise, answer, rng):
    """Raise where the answer differs from the reference."""
    call, cases = _guarded(exercise, answer), [exercise.inputs(rng) for _ in range(DRAWS)]
    right = [exercise.reference(*_fresh(case)) for case in cases]
    got = [_in_its_form(_result(call, case), r) for case, r in zip(cases, right, strict=True)]
    agree = [_close(exercise, g, r) for g, r in zip(got, right, strict=True)]
    if all(agree):
        return
    for mistake in exercise.mistakes:
        if all(_close(exercise, g, mistake.function(*_fresh(case)), equal_nan=True)
               for g, case in zip(got, cases, strict=True)):
            raise _Wrong(mistake.text)
    i = agree.index(False)
    digits = next((n for n in (4, 8) if show(right[i], n) != show(got[i], n)), 16)
    raise _Wrong(f"{_difference(exercise, got[i], right[i])}\nThe first input on which it differs:\n"
                 f"{_arguments(exercise, cases[i])}\n"
                 f"  expected: {show(right[i], digits)}\n  got:      {show(got[i], digits)}")


def _guarded(exercise, answer):
    """``answer``, with every way to fail turned into _NotTried or _Wrong."""
    parameters = list(inspect.signature(exercise.reference).parameters)

    def call(*arguments):
        try:
            inspect.signature(answer).bind(*arguments)
        except TypeError:
            raise _Wrong(f"your function must take the arguments ({', '.join(parameters)}).") from None
        except ValueError:
            pass                                # a function without a signature, such as some of numpy's
        try:
            result = answer(*arguments)
        except Exception as error:
            if "ellipsis" in str(error) or _has_gap(answer):    # so Python calls a ... that is added to something
                raise _NotTried from None
            raise _Wrong(_what_happened(error)) from None
        if any(part is ... for part in _parts(result)) or (result is None and _is_empty(answer)):
            raise _NotTried
        if result is None:
            raise _Wrong(f"your function returns None. Does every way through it end with return?\n"
                         f"It does for:\n{_arguments(exercise, arguments)}")
        return result
    return call


def _result(call, case):
    result = call(*_fresh(case))
    for part in _parts(result):
        try:
            numeric = np.asarray(part).dtype.kind in "biuf"
        except ValueError:                      # lists of different lengths
            numeric = False
        if not numeric:
            raise _Wrong(f"your function must return numbers or an array of numbers, but returns {show(part)}")
    return result


def _in_its_form(result, right):
    """(a, b), [a, b] and an array of two numbers are the same answer, where numbers are all that is asked."""
    if isinstance(right, tuple):
        listed = isinstance(result, list | np.ndarray) and np.ndim(result) and len(result) == len(right)
        return tuple(result) if listed else result
    if isinstance(result, tuple) and np.shape(right) == (len(result),) and not any(np.ndim(part) for part in result):
        return np.array(result)
    return result


def _parts(result):
    return result if isinstance(result, tuple) else (result,)


def _close(exercise, a, b, equal_nan=False):
    if isinstance(a, tuple) or isinstance(b, tuple):
        return (isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)
                and all(_close(exercise, x, y, equal_nan) for x, y in zip(a, b, strict=True)))
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and np.allclose(a, b, rtol=exercise.rtol, atol=exercise.atol, equal_nan=equal_nan)


def _difference(exercise, got, right):
    """One sentence: how a result that is not right differs."""
    if isinstance(got, tuple) != isinstance(right, tuple) or (isinstance(got, tuple) and len(got) != len(right)):
        def count(x):
            return f"{len(x)} results" if isinstance(x, tuple) else "one result"
        return f"your function should return {count(right)}, it returns {count(got)}."
    if isinstance(got, tuple):
        i = [_close(exercise, g, r) for g, r in zip(got, right, strict=True)].index(False)
        return f"result {i + 1} of {len(right)}: {_difference(exercise, got[i], right[i])}"
    if np.shape(got) != np.shape(right):
        return f"the result has the shape {np.shape(got)}, expected is {np.shape(right)}."
    if not np.isfinite(got).all():
        return "the result has entries that are not finite (nan or inf)."
    return "the result has the right shape, but other numbers." if np.ndim(right) else "the result is another number."


def _fresh(case):
    """A copy of the arguments, its arrays locked: who changes an input in place, is told where."""
    case = deepcopy(case)
    for x in case:
        for array in (x, *getattr(x, "__dict__", {}).values()):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    return case


def _what_happened(error):
    """An exception as the learner needs it: their line, not ours."""
    mine = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_FOREIGN)]
    where = ""
    if mine:
        frame = mine[-1]
        line = linecache.getline(frame.filename, frame.lineno).strip() or frame.line
        where = f"\n  in {frame.name}, line {frame.lineno} of its cell:  {line}"
    if isinstance(error, ValueError) and "read-only" in str(error):
        return f"your function changes its input in place. Work on a copy: x = np.array(x).{where}"
    return f"your function stops with an error.{where}\n  {type(error).__name__}: {error}"


def _has_gap(function):
    """Whether a line such as ``x = ...`` is left in it; ``x[...]`` is none."""
    steps = list(dis.get_instructions(function)) if hasattr(function, "__code__") else []
    return any(a.argval is ... and b.opname.startswith("STORE") for a, b in itertools.pairwise(steps))


def _is_empty(function):
    """Whether it only has a docstring, ``...``, ``pass`` or ``return None``."""
    code = getattr(function, "__code__", None)
    return code is not None and not code.co_names and code.co_nlocals == code.co_argcount


def _arguments(exercise, case):
    names = list(inspect.signature(exercise.reference).parameters)
    return "\n".join(f"  {name} = {show(x, indent=len(name) + 5)}" for name, x in zip(names, case, strict=False))


def show(x, digits=4, indent=12):
    """A value in at most a few lines: short arrays in full, long ones shortened, objects by their type.

    digits   after the point in arrays; numbers have two more in all
    indent   where the first line will begin, so that the rows of a matrix stand below each other

    >>> show(np.arange(3)), show(0.1 + 0.2), show((1, 2.0))
    ('[0 1 2]', '0.3', '1, 2')
    """
    if isinstance(x, tuple):
        return ", ".join(show(part, digits, indent) for part in x)
    if isinstance(x, str | bool | np.bool_) or x is None:
        return repr(x)
    if isinstance(x, int | float | np.number):
        return f"{x:.{digits + 2}g}"
    if isinstance(x, list | np.ndarray):        # + 0 below makes -0.0 a 0
        try:
            array = np.asarray(x)
        except ValueError:
            return repr(x)[:80]
        if array.dtype.kind not in "biuf":
            return repr(x)[:80]
        text = np.array2string(array + 0, precision=digits, suppress_small=digits == 4, threshold=24, edgeitems=2,
                               prefix=" " * indent, max_line_width=110)
        return text if array.size <= 24 else f"{text}  (shape {array.shape})"
    return f"<{type(x).__name__}>"
