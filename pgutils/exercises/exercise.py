"""What an exercise is: the right function, inputs to try it on, and the mistakes that are known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Mistake(NamedTuple):
    """A mistake that is known: what to say about it, and a function that makes it."""

    text: str
    function: Callable


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    name       "05.2": notebook and place in it
    reference  the right function, with the parameters that the learner's function has
    inputs     inputs(rng) -> a tuple of arguments, other ones at each call: numbers, arrays, objects of pgutils
    mistakes   at least three; each differs from the reference on the inputs, and from each other
    hints      three texts: where to look; what to do; almost the line itself
    judge      instead of ``inputs``: judge(answer, rng) -> "" where the answer is right, else what is wrong; or a
               pair (True, what to say).  ``answer`` is the learner's function; its errors are reported by themselves
    rtol, atol how close a number must be to the right one

    Raises ValueError where one of these is missing.
    """

    name: str
    reference: Callable
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    inputs: Callable | None = None
    judge: Callable | None = None
    rtol: float = 1e-6
    atol: float = 1e-9

    def __post_init__(self):
        if (self.inputs is None) == (self.judge is None):
            raise ValueError(f"exercise {self.name} needs either inputs or a judge")
        if len(self.mistakes) < 3 or len(self.hints) != 3:
            raise ValueError(f"exercise {self.name} needs at least 3 mistakes and exactly 3 hints")


def changed(text, reference, output=None, inputs=None):
    """The mistake of a reference whose output, or whose inputs, are changed.

    output   output(result, *arguments) -> the wrong result
    inputs   inputs(*arguments) -> the tuple of arguments that are used by mistake
    """
    def mistaken(*arguments):
        result = reference(*(inputs(*arguments) if inputs else arguments))
        return output(result, *arguments) if output else result
    return Mistake(text, mistaken)


def negated(reference, text="the sign is turned: every number is minus the right one. Is it a step down the hill "
                            "(descent) where the way up (ascent) is asked?"):
    """The right result with the wrong sign."""
    return changed(text, reference, lambda result, *_: -result)


def times(reference, factor, name, text="the result is {name} times too large. A sum where a mean is asked?"):
    """The result times factor(*arguments), which is called ``name``."""
    return changed(text.format(name=name), reference, lambda result, *arguments: result * factor(*arguments))


def divided(reference, factor, name, text="the result is {name} times too small. A mean where a sum is asked?"):
    """The result divided by factor(*arguments), which is called ``name``."""
    return changed(text.format(name=name), reference, lambda result, *arguments: result / factor(*arguments))
