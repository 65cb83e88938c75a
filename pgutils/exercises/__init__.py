"""Exercises whose check says what is wrong.

    exercises.check("05.2", my_function)        compare with the right function, on fresh random inputs
    exercises.hint("05.2")                      the first hint; called again, the next

Each notebook's exercises are in a module of their own, ``nb05``.  (They hold the solutions; those are also folded
under each exercise, with the reasoning.)
"""

import importlib
import pkgutil

from pgutils.exercises.exercise import Exercise
from pgutils.exercises.judge import judge

_hints_given = {}


def check(name, answer):
    """Print whether ``answer``, a function, is right; if not, what is wrong.

    ``answer`` is called on fresh random inputs, so a number cannot pass.  A wrong result is compared with those of
    known mistakes, to name yours; for an unknown one you see the first input on which it differs.  An error in your
    function is printed with its line.  ValueError for an unknown name, or where ``answer`` is not a function.
    """
    exercise = find(name)
    if not callable(answer):
        raise ValueError(f"check({name!r}, …) needs your function itself, as in check({name!r}, "
                         f"{exercise.reference.__name__}), got {answer!r}")
    print(judge(exercise, answer).text)


def hint(name, level=None):
    """Print a hint for exercise ``name``: the first, and at each further call the next; or the one numbered ``level``.

    After the last it points to the solution.  ValueError for an unknown name or level.
    """
    hints = find(name).hints
    if level is None:
        level = _hints_given.get(name, 0) + 1
        _hints_given[name] = level
        if level > len(hints):
            print(f"{name}: you have seen all hints. The solution is folded under the exercise: click on “Solution”.")
            return
    if level not in range(1, len(hints) + 1):
        raise ValueError(f"level must be 1, …, {len(hints)}, got {level!r}")
    print(f"{name}, hint {level} of {len(hints)}: {hints[level - 1]}")


def find(name):
    """The exercise called ``name``; ValueError where there is none."""
    number = str(name).partition(".")[0]
    known = {exercise.name: exercise for exercise in of_notebook(number)}
    if name not in known:
        raise ValueError(f"no exercise is called {name!r}; there are "
                         f"{', '.join(known or [e.name for e in every()]) or 'none'}")
    return known[name]


def of_notebook(number):
    """The exercises of a notebook, given its number as a string, "05"; () where it has none."""
    if number not in _numbers():
        return ()
    return importlib.import_module(f"{__name__}.nb{number}").EXERCISES


def every():
    """All exercises, in the order of the notebooks."""
    return [exercise for number in _numbers() for exercise in of_notebook(number)]


def _numbers():
    return sorted(module.name[2:] for module in pkgutil.iter_modules(__path__) if module.name.startswith("nb"))


__all__ = ["Exercise", "check", "every", "find", "hint", "of_notebook"]
