"""A figure that follows the hand: drawn once; after that only what moves is drawn again.

    figure = Figure()
    ax = figure.subplots()
    line, = ax.plot([0, 1], [0, 0])

    def update(slope):
        line.set_ydata([0, slope])
        return {"slope": slope}

    LiveFigure(figure, [line], update, alt="A line through the origin.", slope=FloatSlider(max=1))

Drawing everything anew for every step of a slider takes 100 ms or more, and the hand runs ahead of the picture.
Here the still background is kept, the moving artists are drawn over it, and the result is the same to the pixel.
"""

import asyncio
import base64
import contextlib
import html
import numbers
import struct
import threading
import time
import zlib
from collections.abc import Generator

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import Container
from matplotlib.figure import Figure
from traitlets import Unicode


class LiveFigure(widgets.VBox):
    """Controls, a picture that follows them, and one line with the numbers that the picture shows.

    figure    a ``matplotlib.figure.Figure`` (not one of pyplot's, which keeps it and shows it a second time)
    live      the artists that move; everything else is background, and is redrawn only when something in it changes
    update    called as ``update(**values)`` with the value of each control; sets the artists and returns a dict of
              the numbers that it drew.  A button has no value: it passes how often it was pressed
    alt       one sentence that says what the figure shows, for those who cannot see it
    run       optional: a generator function, called as ``run(**values)``, which draws one frame per ``yield`` and
              yields a dict as ``update`` returns it.  A "run" button starts it; "stop" or any control ends it
    scale     pixels of the picture per pixel of the page, so that it stays sharp on a fine or magnified screen
    controls  any ipywidgets with a value, and buttons, by the names that ``update`` calls them

    ``numbers`` holds what the last update returned, ``error`` the exception of one that failed (else None).
    An error is shown in place of the numbers, under the last good picture: ipywidgets itself would swallow it.
    """

    def __init__(self, figure, live, update, *, alt, run=None, scale=1.5, **controls):
        self._moving = [part for a in live for part in (a.get_children() if isinstance(a, Container) else [a])]
        _check(figure, self._moving, alt, controls)
        super().__init__()
        self.figure, self.update, self.alt, self.run, self.controls = figure, update, alt, run, controls
        self.numbers, self.error = {}, None
        self._presses = {name: 0 for name, c in controls.items() if isinstance(c, widgets.Button)}
        self._layers, self._background = [], None
        self._frames, self._deaf = None, False
        self._turn = threading.RLock()      # JupyterLab runs callbacks in a thread of their own, beside the cells

        width = figure.get_figwidth() * figure.dpi
        figure.set_dpi(figure.dpi * scale)
        FigureCanvasAgg(figure)
        for artist in self._moving:
            artist.axes.set_axisbelow(True)     # ticks over moving bars would be drawn at every step: 15 ms an axis
        self.picture = _Picture(format="png", tooltip=alt,
                                layout={"width": f"{width:.0f}px", "max_width": "100%", "margin": "0"})
        self.readout = widgets.HTML(layout={"width": f"{width:.0f}px", "max_width": "100%"})
        self._size = {"width": round(width), "height": round(width * figure.get_figheight() / figure.get_figwidth())}

        drawn = update(**self.values)
        figure.canvas.draw()
        figure.set_layout_engine("none")    # laid out once: a live layout would move the axes under the artists
        self._show(drawn)

        for name, control in controls.items():
            if isinstance(control, widgets.Button):
                control.on_click(lambda _, name=name: self._press(name))
            else:
                control.observe(self._follow_hand, "value")
        self._run_button = widgets.ToggleButton(description="run", icon="play", layout={"width": "max-content"})
        self._run_button.observe(self._run_or_stop, "value")
        row = [*controls.values(), *([self._run_button] if run else [])]
        for control in row:
            _fit(control)
        self.add_class("live-figure")
        self.children = [widgets.HBox(row, layout={"flex_flow": "row wrap", "grid_gap": "0 1.5em"}),
                         self.picture, self.readout, widgets.Output(outputs=_SCRIPT)]

    @property
    def values(self):
        """The value of each control, by name; of a button, how often it was pressed."""
        return {name: self._presses[name] if name in self._presses else c.value  # noqa: SIM401
                for name, c in self.controls.items()}

    def set(self, **values):
        """Move controls from code, all in one update, and return the numbers.  Unlike a hand, it raises the error.

        ValueError where there is no such control, or where the control does not take the value.
        """
        with self._turn:
            self.stop()
            self._deaf = True               # to the controls, until all are set
            try:
                for name, value in values.items():
                    if name not in self.controls:
                        raise ValueError(f"no control is called {name!r}; there are {', '.join(self.controls)}")
                    if name in self._presses:
                        self._presses[name] = value
                        continue
                    self.controls[name].value = value
                    if self.controls[name].value != value:
                        raise ValueError(f"control {name!r} made {self.controls[name].value!r} of {value!r}")
            finally:
                self._deaf = False
            self._follow()
            return self.numbers

    def start(self, frames, fps=20):
        """Draw one frame per item of the generator ``frames``, at most ``fps`` a second, while the kernel goes on.

        Each item is a dict of numbers, as ``update`` returns it.  Between frames the kernel runs other cells and
        hears the controls; any of them, ``set`` and ``stop`` end it before its next frame.  Returns the asyncio task;
        to await it raises the error that ended the frames.
        """
        if not isinstance(frames, Generator):
            raise ValueError(f"frames must be a generator, which yields after every frame, got {frames!r}")
        loop = asyncio.get_running_loop()
        with self._turn:
            self.stop()
            self._frames = frames
            self._run_button.value = True
        task = loop.create_task(self._play(frames, 1 / fps))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())   # it was shown: no second report
        return task

    def stop(self):
        """End what ``start`` began, before its next frame; the last picture stays."""
        with self._turn:
            self._frames = None
            self._run_button.value = False

    def pixels(self, anew=False):
        """The picture, (height, width, 4) uint8; ``anew`` draws all of it from nothing, to compare with."""
        with self._turn:
            if anew:
                for artist in self._layers:
                    artist.set_animated(False)
                self.figure.canvas.draw()
                picture = np.array(self.figure.canvas.buffer_rgba())
                self.rebase()
                self._draw()
                return picture
            return np.array(self.figure.canvas.buffer_rgba())

    def rebase(self):
        """Draw the still background anew.

        It happens by itself where ``update`` changes a title, limits, or the data of an artist that is not live;
        call it only for a change that matplotlib does not notice, such as an array changed in place.
        """
        for artist in self._layers:
            artist.set_animated(False)
        self._layers = _drawn_each_time(self.figure, self._moving)
        for artist in self._layers:
            artist.set_animated(True)
        self.figure.canvas.draw()
        self._background = self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def _draw(self):
        if self.figure.stale or self._background is None:
            self.rebase()
        canvas = self.figure.canvas
        canvas.restore_region(self._background)
        for artist in self._layers:
            artist.draw(canvas.get_renderer())
        self.figure.stale = False           # a legend marks it while it is drawn

    def _show(self, drawn):
        """Draw the artists as they now are, and show the picture and its numbers."""
        _check_numbers(drawn, self.values)
        self._draw()
        self.numbers, self.error = dict(drawn), None
        self.picture.value = png(self.figure.canvas.buffer_rgba())
        self.readout.value = _READOUT.format(" · ".join(
            f'<span style="white-space:nowrap">{html.escape(f"{k} = {readable(v)}")}</span>' for k, v in drawn.items()))

    def _show_error(self, error):
        self.error = error
        self.readout.value = _ERROR.format(html.escape(f"{type(error).__name__}: {error}"))

    def _follow(self):
        try:
            for _ in range(2):              # an update that moves a control itself is followed once more
                values, self._deaf = self.values, True
                drawn = self.update(**values)
                if self.values == values:
                    break
            self._show(drawn)
        except Exception as error:
            self._show_error(error)
            raise
        finally:
            self._deaf = False

    def _follow_hand(self, change=None):
        with self._turn:
            if self._deaf:
                return
            self.stop()
            with contextlib.suppress(Exception):    # shown in the readout
                self._follow()

    def _press(self, name):
        with self._turn:
            self._presses[name] += 1
            self._follow_hand()

    def _run_or_stop(self, change):
        with self._turn:
            button = self._run_button
            button.description, button.icon = ("stop", "stop") if button.value else ("run", "play")
            if not button.value:
                self.stop()
            elif self._frames is None:
                try:
                    self.start(self.run(**self.values))
                except Exception as error:
                    self.stop()
                    self._show_error(error)

    async def _play(self, frames, pause):
        with contextlib.closing(frames):
            while True:
                began = time.monotonic()
                with self._turn:
                    if self._frames is not frames:
                        return
                    try:
                        self._show(next(frames))
                    except StopIteration:
                        return self.stop()
                    except Exception as error:
                        self.stop()
                        self._show_error(error)
                        raise
                # Never 0: the kernel needs several turns of its loop to run one cell.
                await asyncio.sleep(max(0.005, began + pause - time.monotonic()))

    def _repr_mimebundle_(self, **kwargs):
        """The widget; and for a page without a kernel the picture as it is now, with its alt text."""
        picture = self.picture.value if self.error else png(self.pixels(), level=9)
        data = {"text/plain": self.alt, "image/png": base64.b64encode(picture).decode()}
        return {**super()._repr_mimebundle_(**kwargs), **data}, {"image/png": {"alt": self.alt, **self._size}}


_READOUT = '<div style="font-size:115%;font-variant-numeric:tabular-nums;line-height:1.5">{}</div>'
_ERROR = '<div role="alert" style="font-size:115%;color:#b00020;font-weight:bold;line-height:1.5">{}</div>'

# What ipywidgets leaves out for keyboard and screen reader, once per page:
# 1. Notebook 7 hands each key first to its own shortcuts (it listens in the capture phase; JupyterLab, in the bubbling
#    phase, listens after the slider), so arrow keys moved between cells; this attribute makes both leave them alone.
# 2. Sliders without a name, a picture without an alt text, and a readout that changes unheard.
_SCRIPT = ({"output_type": "display_data", "metadata": {}, "data": {"application/javascript": """
if (!window.liveFigures) {
  window.liveFigures = true
  window.addEventListener('keydown', ({target, key}) => {
    if (target.matches?.('.live-figure [role=slider]'))
      target.toggleAttribute('data-lm-suppress-shortcuts', /^(Arrow|Page|Home|End)/.test(key))
  }, true)
  window.addEventListener('focusin', ({target}) => {
    const figure = target.closest?.('.live-figure')
    if (!figure) return
    for (const image of figure.querySelectorAll('img')) image.alt = image.title
    for (const line of figure.querySelectorAll(':scope > .widget-html .widget-html-content')) line.ariaLive = 'polite'
    if (target.role === 'slider') target.ariaLabel = target.closest('.widget-slider').querySelector('label').textContent
  })
}"""}},)


class _Picture(widgets.Image):
    """An image whose tooltip names it for a screen reader: ipywidgets gives images no alt text, but a title.

    The front end sets the title only on widgets with a description (without one it stops with an error).
    """

    description = Unicode("").tag(sync=True)


def readable(x):
    """A number as a reader wants it: four significant digits, a true minus sign, thousands set apart.

    >>> readable(0.123456), readable(-12345.6), readable(1.5e-7), readable((1, 0.5)), readable("none")
    ('0.1235', '−12,346', '1.5 × 10⁻⁷', '(1, 0.5)', 'none')
    """
    if isinstance(x, str):
        return x
    if isinstance(x, bool | np.bool_):
        return "yes" if x else "no"
    if np.ndim(x):
        return f"({', '.join(readable(item) for item in x)})"
    x = x + 0                               # -0.0 is 0
    if isinstance(x, numbers.Integral) or abs(x) >= 1000:
        text = f"{x:,.0f}" if abs(x) < 1e9 else f"{x:.3e}"
    else:
        text = f"{x:.4g}"
    if "e" in text:
        digits, power = text.split("e")
        text = f"{float(digits):g} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return text.replace("-", "−")


def png(rgba, level=1):
    """An (height, width, 4) uint8 picture as the bytes of a PNG file.

    Each row is stored as its difference from the row above: for figures this packs as well as searching for the best
    of PNG's five filters row by row, as Pillow does, in less than half the time.
    """
    rgba = np.asarray(rgba)
    height, width, _ = rgba.shape
    rgba = rgba.reshape(height, 4 * width)
    rows = np.empty((height, 1 + 4 * width), np.uint8)
    rows[:, 0] = 2                          # the filter "up"
    rows[0, 1:] = rgba[0]
    np.subtract(rgba[1:], rgba[:-1], out=rows[1:, 1:])

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, level)) + chunk(b"IEND", b""))


def _drawn_each_time(figure, moving):
    """In drawing order: the moving artists, and the still ones that lie above them and may touch them."""
    moving, layers, reached = set(moving), [], []
    for item in sorted(figure.get_children(), key=lambda a: a.zorder):
        if isinstance(item, Axes) and item.get_visible():
            hidden = {item.patch, *(() if item.axison and item.get_frame_on() else item.spines.values()),
                      *(() if item.axison else item._axis_map.values())}
            artists = sorted((a for a in item.get_children() if a not in hidden), key=lambda a: a.zorder)
            mine = [a for a in artists if a in moving]
            if mine:                        # a clipped artist stays inside the axes, a text may reach over their labels
                reached.append(item.bbox if all(a.get_clip_on() for a in mine) else item.get_tightbbox())
                artists = artists[artists.index(mine[0]):]
        else:
            artists = [item] * (item is not figure.patch and not isinstance(item, Axes))
        layers += [a for a in artists if a in moving or any(a.get_window_extent().overlaps(box) for box in reached)]
    return layers


def _fit(control):
    """Give a control the width at which no label is clipped and rows wrap; a width that the author has set stays."""
    if hasattr(control, "indent"):          # a checkbox is set off to the right, as in a form
        control.indent = False
    if getattr(control.style, "description_width", None) == "":
        control.style.description_width = "initial"
    if control.layout.width is None:        # a slider's track has no width of its own
        is_slider = isinstance(control.style, widgets.SliderStyle)
        control.layout.width = f"{20 + len(control.description) / 2}em" if is_slider else "auto"
    if control.layout.max_width is None:
        control.layout.max_width = "100%"


def _check(figure, moving, alt, controls):
    if not isinstance(figure, Figure):
        raise ValueError(f"figure must be a matplotlib.figure.Figure, got {figure!r}")
    if figure.canvas.manager is not None:
        raise ValueError("figure belongs to pyplot, which would show it again; make it with matplotlib.figure.Figure()")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt must be a sentence that says what the figure shows")
    inside = {child for item in figure.get_children() if isinstance(item, Axes) for child in item.get_children()}
    for i, artist in enumerate(moving):
        if artist not in inside:
            raise ValueError(f"live artist {i}, {artist!r}, is in no axes of the figure")
    if not moving:
        raise ValueError("live must name at least one artist")
    for name, control in controls.items():
        has_value = hasattr(control, "value") or isinstance(control, widgets.Button)
        if not isinstance(control, widgets.Widget) or not has_value:
            raise ValueError(f"control {name!r} must be a widget with a value, or a Button, got {control!r}")


def _check_numbers(drawn, values):
    at = ", ".join(f"{name}={value!r}" for name, value in values.items()) or "no controls"
    if not isinstance(drawn, dict):
        raise ValueError(f"update must return a dict of the numbers that it drew, got {drawn!r} at {at}")
    for name, x in drawn.items():
        try:
            good = isinstance(x, str) or np.isfinite(np.asarray(x, dtype=float)).all()
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ValueError(f"update returned {name} = {x!r}, which is not a finite number, at {at}")
