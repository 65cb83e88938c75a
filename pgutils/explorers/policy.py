"""Notebook 01: preferences become probabilities, and probabilities become actions."""

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from pgutils import plots
from pgutils.live import LiveFigure
from pgutils.policies import SoftmaxPolicy

ACTIONS = ("left", "down", "right", "up")


def explore_policy():
    """One state with four actions: its preferences, the policy π(a|s) that they give, and a sample drawn from it.

    Controls: the preference of each action, the temperature, the number of draws, and a button that draws anew.
    The error bars are ± 2 standard errors, sqrt(π(1-π)/m) each, around the sampled frequencies of m draws.  All
    settings share the same random numbers until the button is pressed, so a slider shows its own effect alone.

    What you see: the preferences as grey bars on the left; on the right π(a|s) in blue, beside each the sampled
    frequency in light blue.  Only differences of preferences count; a low temperature gives nearly everything to the
    largest preference, a high one makes all four equal; more draws bring the light bars closer to the blue ones.
    """
    policy, x = SoftmaxPolicy.tabular(1, 4), np.arange(4)
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 2))
    left.axhline(0, color="black", linewidth=1)
    given = left.bar(x, np.zeros(4), width=0.6, color="#999999")
    left.set(ylim=(-5.4, 5.4), ylabel="preference")
    exact = right.bar(x - 0.2, np.zeros(4), width=0.36, color=plots.POLICY, label="π(a|s)")
    counted = right.bar(x + 0.2, np.zeros(4), width=0.36, color=(plots.POLICY, 0.4), label="sampled, ± 2 s.e.")
    errors = right.vlines(x + 0.2, 0, 0, color="black", linewidth=2)
    texts = [right.text(i - 0.2, 0, "", color=plots.POLICY, ha="center", fontweight="bold") for i in x]
    right.set(ylim=(0, 1.25), yticks=np.linspace(0, 1, 6), ylabel="probability")
    right.legend(loc="upper left", ncols=2).set_zorder(0)       # below what moves: part of the still background
    for ax, title in ((left, "You set preferences …"), (right, "… and get probabilities")):
        ax.set_title(title, zorder=0)
        ax.set_xticks(x, ACTIONS)
        ax.set_xlim(-0.6, 3.6)

    seeds = {}

    def update(temperature, draws, new_sample, **preferences):
        h, m = np.array([preferences[a] for a in ACTIONS]), round(draws)
        pi = policy.probs(h / temperature, [0])[0]
        if new_sample not in seeds:
            seeds.clear()
            seeds[new_sample] = np.random.default_rng([1, new_sample]).random(10_000)
        u = seeds[new_sample][:m]
        frequencies = np.bincount(np.searchsorted(pi.cumsum()[:-1], u, side="right"), minlength=4) / m
        standard_errors = np.sqrt(pi * (1 - pi) / m)
        for bars, heights in ((given, h), (exact, pi), (counted, frequencies)):
            for bar, height in zip(bars, heights, strict=True):
                bar.set_height(height)
        errors.set_segments([[(i + 0.2, f - 2 * e), (i + 0.2, f + 2 * e)]
                             for i, f, e in zip(x, frequencies, standard_errors, strict=True)])
        for text, p in zip(texts, pi, strict=True):
            text.set_y(p + 0.02)
            text.set_text(f"{p:.2f}")
        return {f"π({', '.join(ACTIONS)})": pi, "sampled": frequencies, "largest standard error": standard_errors.max(),
                "entropy": -(pi[pi > 0] @ np.log(pi[pi > 0])), "draws": m}

    def slider(name, value):
        return widgets.FloatSlider(value, min=-5, max=5, step=0.1, description=name, readout_format=".1f")

    return LiveFigure(
        figure, [given, exact, counted, errors, *texts], update,
        alt="Left, the preferences of four actions as bars; right, for each action a blue bar, its probability under "
            "the softmax, beside a light blue bar, its sampled frequency, with an error bar.",
        **{a: slider(a, h) for a, h in zip(ACTIONS, (0, 1, 2, 0), strict=True)},
        temperature=widgets.FloatLogSlider(1, min=-1, max=2, step=0.1, description="temperature", readout_format=".2f"),
        draws=widgets.FloatLogSlider(100, min=0, max=4, step=0.25, description="draws m", readout_format=".0f"),
        new_sample=widgets.Button(description="new sample"))
