"""What every test run needs before its first test, and before the first worker or kernel starts."""

import os

import hypothesis
import matplotlib.font_manager  # noqa: F401  # builds the font cache now: else a first cell prints that it does

# Notebooks draw with Jupyter's own backend; one chosen for scripts would leave them without pictures.
os.environ.pop("MPLBACKEND", None)

# A shared machine may be slow, which is no failure; and a failure must be seen again by the next run.
hypothesis.settings.register_profile("series", deadline=None, derandomize=True)
hypothesis.settings.load_profile("series")
