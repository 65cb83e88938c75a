"""``python -m benchmarks`` runs every row, ``python -m benchmarks sample exact`` those of these names."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import benchmarks

LAYOUT = "{:<10} {:<44} {:>9}   {:<44} {:>9} {:>8}"


def main(names):
    modules = [m.name for m in iter_modules(benchmarks.__path__) if not m.name.startswith("_")]
    rows = {}
    for module in modules:
        rows |= getattr(import_module(f"benchmarks.{module}"), "ROWS", {})
    unknown = sorted(set(names) - set(rows))
    if unknown:
        print(f"no such row: {', '.join(unknown)}; there are: {', '.join(rows)}", file=sys.stderr)
        return 2
    print(LAYOUT.format("row", "what", "time", "against", "time", "ratio"))
    for name in names or rows:
        for row in rows[name]():
            print(LAYOUT.format(name, row.what, duration(row.seconds), row.against,
                                duration(row.against_seconds), f"{row.ratio:.3g} x"), flush=True)
    return 0


def duration(seconds):
    """Three digits and a unit, such as 1.23 ms."""
    unit, size = next((u, s) for u, s in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)) if seconds >= s or s == 1e-6)
    return f"{seconds / size:.3g} {unit}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
