"""Notebook 11: visits times policy times advantage is the gradient, tile by tile on FrozenLake."""

from dataclasses import replace
from functools import lru_cache

import gymnasium as gym
import ipywidgets as widgets
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath, text_to_path

from pgutils import exact, plots, trajectories
from pgutils.live import LiveFigure, readable
from pgutils.mdp import TabularMDP
from pgutils.policies import SoftmaxPolicy

# The action that each policy prefers on each of the 16 tiles: its preference is 1, that of the others 0.
ROUTES = {"the short way": "DRDL DLDL RDDL LRRL", "left": "LLLL LLLL LLLL LLLL", "right": "RRRR RRRR RRRR RRRR",
          "away from holes": "LUUU LLRL UDLL LRDL"}

SHADES = {name: LinearSegmentedColormap.from_list(name, colors) for name, colors in {
    "visits": ["#ffffff", "#777777"], "policy": ["#ffffff", plots.POLICY], "value": ["#ffffff", plots.REWARD],
    "advantage": ["#444444", "#ffffff", plots.REWARD], "gradient": ["#444444", "#ffffff", plots.GRADIENT]}.items()}
"""From zero (white) to the largest number; in the last two from the most negative (dark grey) through zero."""


def preferences(route, temperature):
    """θ (64,) of the tabular softmax on the lake: 1/temperature for the action of the route, 0 for the others."""
    letters = ROUTES[route].replace(" ", "")
    return np.array([[a == letter for a in "LDRU"] for letter in letters]).ravel() / temperature


def explore_theorem():
    """The policy gradient theorem on FrozenLake as a product of three maps: d(s) · π(a|s) · A(s,a) = ∂η/∂θ(s,a).

    It opens on the policy of the question in notebook 11.

    Controls: the action that is preferred on each tile; the temperature, low for a policy that nearly always takes it,
    high for one that chooses evenly; whether the ice is slippery.  An episode runs until a hole or the goal.

    What you see: on each tile of the first map how many steps of an episode are spent there; in the others a triangle
    for each action, at that edge of the tile, with its probability, its advantage, and the product of the three, which
    is the entry of ∇η.  Dark grey is negative.  Below each map stands what its full colour means: 1 for the policy,
    else the largest size in the map.  Where one factor is small everywhere, so is the product.
    """
    lakes = {slippery: replace(TabularMDP.from_gymnasium(gym.make("FrozenLake-v1", is_slippery=slippery)), horizon=None)
             for slippery in (False, True)}
    desc = gym.make("FrozenLake-v1").unwrapped.desc
    policy, decides = SoftmaxPolicy.tabular(16, 4), np.flatnonzero(~lakes[True].terminal)

    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes, maps, notes = figure.subplots(1, 4), [], []
    titles = ("visits $d(s)$", r"$\times$ policy $\pi(a|s)$", r"$\times$ advantage $A(s,a)$",
              r"$=\;\;\partial\eta\,/\,\partial\theta_{s,a}$")
    for ax, title, kind in zip(axes, titles, ("visits", "policy", "advantage", "gradient"), strict=True):
        plots.draw_lake(ax, desc)
        values, low = np.zeros(16 if kind == "visits" else (16, 4)), -1 if kind in ("advantage", "gradient") else 0
        maps.append(plots.draw_lake_values(ax, desc, values, SHADES[kind], (low, 1)))
        ax.set_title(title, fontsize=11, loc="center", zorder=0)
        notes.append(ax.add_patch(PathPatch(_lettering([]), facecolor="black", linewidth=0, zorder=5)))
        ax.set_ylim(4.0, -0.55)
    axes[2].text(1.5, 4.25, "a triangle at the right edge of its tile: the action right; dark grey: negative",
                 ha="center", va="center", fontsize=9, zorder=0).set_in_layout(False)

    def update(route, temperature, slippery):
        mdp, theta = lakes[slippery], preferences(route, temperature)
        d, pi = exact.state_visits(mdp, policy, theta), trajectories.policy_table(mdp, policy, theta)
        A = exact.action_values(mdp, policy, theta) - exact.state_values(mdp, policy, theta)[:, None]
        gradient = d[:, None] * pi * A
        for shades, note, values in zip(maps, notes, (d, pi, A, gradient), strict=True):
            top = 1.0 if values is pi else abs(values).max()
            shades.set_array(values[decides].ravel() / top)
            sign = "±" if values is A or values is gradient else ""
            below = [(1.5, 3.8, f"full colour: {sign}{readable(float(f'{top:.2g}'))}")]
            on_tiles = [(s % 4, s // 4 + 0.25, _few_digits(d[s])) for s in decides if values is d]
            note.set_path(_lettering(below + on_tiles))
        tile, action = np.unravel_index(abs(gradient).argmax(), gradient.shape)
        return {"η": exact.expected_return(mdp, policy, theta), "steps": d.sum(),
                "length of ∇η": np.linalg.norm(gradient),
                "largest entry": f"tile {tile}, {('left', 'down', 'right', 'up')[action]}",
                "added up over tiles (left, down, right, up)": gradient.sum(axis=0),
                "tile 14, right: d": d[14], "π": pi[14, 2], "A": A[14, 2], "product": gradient[14, 2]}

    return LiveFigure(
        figure, [*maps, *notes], update,
        alt="Four maps of FrozenLake side by side: how many steps are spent on each tile; and, as four triangles on "
            "each tile, the probability of each action, its advantage, and the product of the three, the gradient.",
        route=widgets.Dropdown(options=list(ROUTES), value="left", description="prefers"),
        temperature=widgets.FloatLogSlider(10**-0.7, min=-0.7, max=1, step=0.05, readout_format=".2f",
                                           description="temperature"),
        slippery=widgets.Checkbox(False, description="slippery ice"))


def _few_digits(x):
    return "<0.01" if x < 0.01 else f"{x:.2f}" if x < 10 else f"{x:.0f}" if x < 9999 else f"{x / 1000:.0f}k"


def _lettering(texts):
    """Texts (x, y, text), centred, as one outline in tiles: as one shape they are drawn ten times as fast."""
    vertices, codes = [np.zeros((1, 2))], [[Path.MOVETO]]
    for x, y, text in texts:
        glyphs = [_glyph(letter) for letter in text]
        left = x - sum(width for *_, width in glyphs) / 2
        for outline, code, width in glyphs:
            vertices.append(outline + np.array([left, y]))
            codes.append(code)
            left += width
    return Path(np.concatenate(vertices), np.concatenate(codes))


@lru_cache
def _glyph(letter):
    """A letter's outline, y downwards, and its width."""
    font, size = FontProperties(family="DejaVu Sans", size=100), 0.28           # of a tile: 9 points
    path = TextPath((0, 0), letter if letter.strip() else ".", size=size, prop=font)
    width = text_to_path.get_text_width_height_descent(letter, font, False)[0] * size / 100
    seen = slice(None if letter.strip() else 0)                                 # a space has no outline
    return path.vertices[seen] * (1, -1), path.codes[seen], width
