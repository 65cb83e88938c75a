"""Bad input is refused at the door: each check returns its value, converted, or raises a ``ValueError``."""

import operator

import numpy as np


def vector(name, value, d):
    """A finite float vector of length d."""
    x = array(name, value, (d,))
    return finite(name, x)


def array(name, value, shape):
    """A float array of exactly this shape: a wrong shape is never broadcast."""
    try:
        x = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers of shape {shape}, got {value!r}") from None
    if x.shape != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {x.shape}")
    return x


def finite(name, x):
    """No NaN and no infinity; the message names the first place that has one."""
    if not np.isfinite(x).all():
        where = [int(i) for i in np.argwhere(~np.isfinite(x))[0]]
        raise ValueError(f"{name} must be finite, but {name}{where} is {x[tuple(where)]}")
    return x


def indices(name, value, n, shape=None):
    """An integer array with entries 0 … n-1, of this shape where one is given."""
    x = np.asarray(value)
    if not np.issubdtype(x.dtype, np.integer):
        raise ValueError(f"{name} must be integers in 0 … {n - 1}, got {x.dtype} values")
    if shape is not None and x.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {x.shape}")
    if x.size and (x.min() < 0 or x.max() >= n):
        where = [int(i) for i in np.argwhere((x < 0) | (x >= n))[0]]
        raise ValueError(f"{name} must be in 0 … {n - 1}, but {name}{where} is {x[tuple(where)]}")
    return x


def count(name, value, least=1):
    """A whole number that is at least ``least``."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        n = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if n < least:
        raise ValueError(f"{name} must be at least {least}, got {n}")
    return n


def number(name, value, low=-np.inf, high=np.inf):
    """A finite number in [low, high]."""
    try:
        if isinstance(value, str) or np.ndim(value):    # float("1") and float([[1]]) would be accepted
            raise TypeError
        x = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, got {value!r}") from None
    if not (np.isfinite(x) and low <= x <= high):
        bounds = "" if low == -np.inf and high == np.inf else f" in [{low:g}, {high:g}]"
        raise ValueError(f"{name} must be a finite number{bounds}, got {x!r}")
    return x


def distributions(name, p):
    """Probabilities along the last axis: none negative, each row with sum one."""
    finite(name, p)
    for bad, what in ((p.min(axis=-1) < 0, "has a negative probability"),
                      (abs(p.sum(axis=-1) - 1) > 1e-9, "sums to {:.9g}, not to 1")):
        if np.any(bad):
            row = tuple(int(i) for i in np.argwhere(bad)[0])
            place = f"{name}{list(row)}" if row else name
            raise ValueError(f"{place} {what.format(p[row].sum())}")
    return p


def generator(rng):
    """A NumPy generator: the same seed gives the same numbers, on every machine."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy Generator, such as np.random.default_rng(0), got {rng!r}")
    return rng
