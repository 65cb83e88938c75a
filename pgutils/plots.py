"""The house style, one colour per symbol, and the pictures that more than one notebook draws.

Every figure leaves through ``show``, which stores it with an alt text: a sentence for those who cannot see it.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, display
from matplotlib.collections import PolyCollection
from matplotlib.patches import FancyArrowPatch

# One colour per symbol, from the Okabe–Ito palette, which colour-blind readers can tell apart.
POLICY, DYNAMICS, REWARD = "#0072B2", "#E69F00", "#009E73"
GRADIENT, PERFORMANCE, TRUTH = "#D55E00", "#CC79A7", "black"

_STYLE = {
    "figure.figsize": (8, 3.5),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",               # comes with matplotlib, so a figure is the same everywhere
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.grid": False,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "axes.prop_cycle": plt.cycler(color=[POLICY, DYNAMICS, REWARD, GRADIENT, PERFORMANCE, TRUTH]),
}


def use_style():
    """Set the house style for every figure that follows; ``import pgutils.plots`` calls it."""
    plt.rcParams.update(_STYLE)
    set_projector(False)


def set_projector(on):
    """Larger text and thicker lines in every figure that follows, for the back row of a lecture hall."""
    size = 15 if on else 11
    plt.rcParams.update({"font.size": size, "axes.titlesize": size + 1, "axes.labelsize": size,
                         "xtick.labelsize": size - 1, "ytick.labelsize": size - 1, "legend.fontsize": size - 1,
                         "lines.linewidth": 3 if on else 2})


def show(fig, alt):
    """Display the figure as a picture with an alt text, and close it.

    alt   what the figure shows, in one sentence; ValueError where it is empty.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt must be a sentence that says what the figure shows")
    png = io.BytesIO()
    fig.savefig(png, format="png", dpi=2 * fig.dpi)         # twice the pixels, shown at half the size: sharp
    width = round(fig.get_figwidth() * fig.dpi)
    plt.close(fig)
    display(Image(png.getvalue(), width=width, alt=alt))


def draw_fork(ax, wind, climb=None):
    """Fork as a diagram: states are boxes, actions are dots; the policy leads to a dot, the dynamics from it.

    climb   (p at the fork, p at the ledge), the probabilities of ``climb``, written at the arrows where given

    Returns the arrows and their labels by name, and the places of the states, for a figure that moves them.
    """
    places = {"home": (0, 0), "fork": (3, 0), "ledge": (6.6, 0.8), "summit": (10.2, 1.6), "valley": (10.2, 0)}
    dots = {"walk home": (1.6, 0), "climb": (4.7, 0.38), "climb on": (8.3, 1.18), "walk off": (8.3, 0.42)}
    up = climb or (None, None)
    down = [None if p is None else 1 - p for p in up]
    arrows = {}
    for state, action, p, lift in (("fork", "walk home", down[0], (-12, 10)), ("fork", "climb", up[0], (-14, 14)),
                                   ("ledge", "climb on", up[1], (-10, 14)), ("ledge", "walk off", down[1], (-10, -14))):
        label = action.split()[0] + ("" if p is None else f" {p:.2g}")
        arrows[action] = _arrow(ax, places[state], dots[action], POLICY, label, lift, style="-")
        ax.plot(*dots[action], "o", color=POLICY, markersize=6, zorder=3)
    for action, state, label, lift, bend in (
            ("walk home", "home", "1", (6, 9), 0), ("climb", "ledge", f"{1 - wind:.2g}", (-8, 11), 0),
            ("climb", "fork", f"wind {wind:.2g}", (38, -27), -0.6),
            ("climb on", "summit", "1", (-8, 10), 0), ("walk off", "valley", "1", (-8, -10), 0)):
        arrows[action, state] = _arrow(ax, dots[action], places[state], DYNAMICS, label, lift, bend=bend)
    for name, place in places.items():
        ax.annotate(name, place, ha="center", va="center", zorder=4, bbox={
            "boxstyle": "round,pad=0.45", "edgecolor": "black",
            "facecolor": "white" if name in ("fork", "ledge") else "#e8e8e8"})
    for name, reward in (("home", "+1"), ("summit", "+5"), ("valley", "−5")):
        ax.annotate(f"r = {reward}", places[name], (0, -26), textcoords="offset points", color=REWARD,
                    ha="center", va="center", fontweight="bold")
    ax.set(xlim=(-0.8, 11), ylim=(-0.7, 1.95))
    ax.set_axis_off()
    return arrows, places


def _arrow(ax, start, end, color, label, lift, bend=0.0, style="-|>"):
    """An arrow and its label, which ``lift`` moves from the middle, in points."""
    arrow = ax.add_patch(FancyArrowPatch(
        start, end, arrowstyle=style, mutation_scale=14, color=color, linewidth=2,
        shrinkA=20 if style == "-" else 2, shrinkB=0 if style == "-" else 24, connectionstyle=f"arc3,rad={bend}"))
    text = ax.annotate(label, (np.array(start) + end) / 2, lift, textcoords="offset points", color=color,
                       ha="center", va="center", fontweight="bold")
    return arrow, text


def draw_tree(ax, taus, mdp, labels):
    """All trajectories as a tree, from left to right, one leaf each: blue to an action, orange to the next state.

    taus     list of (states, actions), those with the same beginning side by side, as a depth-first search lists them
    labels   one text a leaf
    """
    leaves = iter(range(len(taus)))
    box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "black"}

    def draw(n, branch):
        """The branches after n steps of these trajectories, which agree until then; returns its height."""
        if len(branch[0][1]) == n:
            y = -next(leaves)
            ax.text(3.2, y, labels[-y], va="center")
            ax.plot([n, 3.15], [y, y], ":", color="gray", linewidth=1)
        else:
            tips = {}                                   # action -> heights of the states that it leads to
            for a, s in dict.fromkeys((actions[n], states[n + 1]) for states, actions in branch):
                tips.setdefault(a, []).append(
                    draw(n + 1, [tau for tau in branch if (tau[1][n], tau[0][n + 1]) == (a, s)]))
            y = np.mean([np.mean(heights) for heights in tips.values()])
            for a, heights in tips.items():
                dot = np.mean(heights)
                ax.plot([n, n + 0.5], [y, dot], "o-", markevery=[1], markersize=5, color=POLICY, zorder=1)
                ax.annotate(mdp.action_names[a], (n + 0.5, dot), (0, 7), textcoords="offset points", color=POLICY,
                            ha="center", fontsize="small", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0})
                for height in heights:
                    ax.plot([n + 0.5, n + 1], [dot, height], color=DYNAMICS, zorder=0)
        ax.text(n, y, mdp.state_names[branch[0][0][n]], ha="center", va="center", fontsize="small", bbox=box)
        return y

    draw(0, taus)
    ax.set(xlim=(-0.2, 4.1), ylim=(0.6 - len(taus), 0.6))
    ax.set_axis_off()


def draw_lake(ax, desc):
    """A FrozenLake map (rows of the letters S, F, H, G), each tile with its letter and state number."""
    desc = np.array([[str(letter, "ascii") if isinstance(letter, bytes) else letter for letter in row]
                     for row in desc])
    colors = {"S": "#dbe9f4", "F": "#f4f8fb", "H": "#56677a", "G": "#bfe6d8"}
    names = {"S": "start", "F": "", "H": "hole", "G": "goal"}
    for row, col in np.ndindex(desc.shape):
        letter = desc[row, col]
        ax.add_patch(plt.Rectangle((col - 0.5, row - 0.5), 1, 1, facecolor=colors[letter], edgecolor="#9fb3c4"))
        ink = "white" if letter == "H" else "black"
        ax.text(col - 0.44, row - 0.42, row * desc.shape[1] + col, color=ink, va="top", fontsize="small")
        ax.text(col, row + 0.42, names[letter], color=ink, ha="center", va="bottom", fontsize="small")
    ax.set(xlim=(-0.55, desc.shape[1] - 0.45), ylim=(desc.shape[0] - 0.45, -0.55), aspect="equal")
    ax.set_axis_off()


def draw_lake_path(ax, states, columns=4, color=POLICY):
    """The path through the states, on top of ``draw_lake``; a step that repeats a tile is nudged, so it shows."""
    rows, cols = np.divmod(np.asarray(states), columns)
    nudge = 0.22 * np.linspace(-1, 1, len(rows))
    x, y = cols + nudge, rows - nudge
    ax.plot(x, y, "-", color=color, alpha=0.6, zorder=3)
    ax.scatter(x, y, s=22, color=color, zorder=4)
    ax.scatter(x[-1:], y[-1:], s=110, color=color, marker="X", edgecolor="white", zorder=5)


def draw_lake_policy(ax, desc, pi):
    """A policy on top of ``draw_lake``: on each tile an arrow for each action, its area in proportion to π(a|s).

    pi   (S, k = 4), actions left, down, right, up.  No arrows in holes and at the goal: nothing is decided there.
    """
    letters = [str(letter, "ascii") if isinstance(letter, bytes) else letter for row in desc for letter in row]
    right = 0.42 * np.array([(0.1, -0.1), (0.6, -0.1), (0.6, -0.26), (1, 0), (0.6, 0.26), (0.6, 0.1), (0.1, 0.1)])
    x, y = right.T
    shapes = [np.c_[-x, y], np.c_[y, x], np.c_[x, y], np.c_[y, -x]]         # y points downwards, as in the picture
    for s, a in np.argwhere(np.asarray(pi) > 0.01):
        if letters[s] in "SF":
            row, col = divmod(s, len(desc[0]))
            ax.add_patch(plt.Polygon((col, row) + np.sqrt(pi[s][a]) * shapes[a], color=POLICY, linewidth=0, zorder=4))


def draw_lake_values(ax, desc, values, cmap, limits):
    """Values as shades on top of ``draw_lake``, below the number of each tile; nothing in holes and at the goal.

    values   (S,): one box on each tile; (S, k = 4): four triangles, which point left, down, right and up as the actions
    cmap     a colormap; ``limits`` = (low, high) are the values of its two ends

    Returns the collection, one polygon for each tile of S and F (times each action): ``set_array`` recolours it.
    """
    values = np.asarray(values, dtype=float)
    letters = [str(letter, "ascii") if isinstance(letter, bytes) else letter for row in desc for letter in row]
    if values.shape not in ((len(letters),), (len(letters), 4)):
        raise ValueError(f"values must have shape ({len(letters)},) or ({len(letters)}, 4), got {values.shape}")
    tiles = [s for s, letter in enumerate(letters) if letter in "SF"]
    corners = np.array([(-0.44, -0.16), (-0.44, 0.45), (0.44, 0.45), (0.44, -0.16)])        # y points downwards
    middle = corners.mean(axis=0)
    shapes = [corners] if values.ndim == 1 else [np.array([middle, corners[i], corners[(i + 1) % 4]]) for i in range(4)]
    places = np.array([divmod(s, len(desc[0]))[::-1] for s in tiles])
    boxes = ax.add_collection(PolyCollection(
        [place + shape for place in places for shape in shapes], cmap=cmap, norm=plt.Normalize(*limits),
        edgecolor="#9fb3c4", linewidth=0.6, zorder=4))
    boxes.set_array(values[tiles].ravel())
    return boxes


def draw_cartpole(ax, state):
    """CartPole at one moment: state = (position in m, speed, lean of the pole in rad, its speed).

    Returns the cart and the pole, which ``move_cartpole`` moves.
    """
    cart = ax.add_patch(plt.Rectangle((0, -0.3), 0.5, 0.3, facecolor=TRUTH))
    pole, = ax.plot([], [], color=POLICY, linewidth=6, solid_capstyle="round")
    move_cartpole((cart, pole), state)
    ax.set(xlim=(-2.4, 2.4), ylim=(-0.3, 1.1), aspect="equal", yticks=[], xlabel="position (m)")
    ax.spines["left"].set_visible(False)
    return cart, pole


def move_cartpole(cartpole, state):
    """Show the cart and the pole that ``draw_cartpole`` returned in another state."""
    (cart, pole), (x, _, lean, _) = cartpole, state
    cart.set_x(x - 0.25)
    pole.set_data([x, x + np.sin(lean)], [0, np.cos(lean)])


use_style()
