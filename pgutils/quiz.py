"""Questions: one before a figure, three at the end of a notebook; every option has an answer of its own.

    quiz.predict("05.1", explorers.explore_log_derivative())
    quiz.recall("05")

The texts are in ``questions/05.toml``, so that the cell which asks gives nothing away.  In a page without a kernel
the question is text, its answers are folded, and the figure is open.
"""

import html
import re
import tomllib
from importlib import resources

import ipywidgets as widgets
from IPython.display import display

LETTERS = "ABCD"


def predict(name, figure=None):
    """Ask question ``name``, as "05.1"; a choice is answered, and opens ``figure``.

    figure   a widget, such as an explorer; without one the choice is only answered

    The button "show me" opens the figure without a choice, for a lecture.  ValueError for an unknown name.
    """
    if figure is not None and not isinstance(figure, widgets.DOMWidget):
        raise ValueError(f"figure must be a widget, such as an explorer, got {figure!r}")
    questions = read(str(name).partition(".")[0])
    if name not in questions or name == "recall":
        known = ", ".join(key for key in questions if key != "recall")
        raise ValueError(f"no prediction is called {name!r}; there are {known}")
    return Prediction(Question("Predict first.", **questions[name]), figure)


def recall(number):
    """Ask the recall questions of a notebook, given its number as a string, "05".  ValueError where it has none."""
    return Questions([Question(f"{i}.", **question) for i, question in enumerate(read(number)["recall"], start=1)])


def read(number):
    """The questions of a notebook: a dict of its predictions by name, and "recall", a list.

    Each has ``question`` (HTML), ``options``, pairs of an option (plain text) and its answer (HTML), and ``right``,
    the number of the right option, counted from 1.
    """
    file = resources.files("pgutils") / "questions" / f"{number}.toml"
    if not re.fullmatch(r"\d\d", str(number)) or not file.is_file():
        raise ValueError(f'no questions for notebook {number!r}: give its number as a string of two digits, as "05"')
    return {"recall": [], **tomllib.loads(file.read_text("utf-8"))}


class Question(widgets.VBox):
    """A question, one button an option, and below them the answer to the option that was chosen.

    Every option may be chosen, in any order, as often as you like: each answers for itself.  ``opens`` is called by
    the first choice, and by the last button, which only afterwards shows all answers at once.
    """

    def __init__(self, lead, question, options, right):
        self.lead, self.question, self.options, self.right = lead, question, options, right - 1
        self.opens = None
        self.buttons = [widgets.Button(description=f"{letter}   {option}", layout={"width": "auto"})
                        for letter, (option, _) in zip(LETTERS, options, strict=False)]
        self.more = widgets.Button(description="show the answers", layout={"width": "auto"})
        self.answer = widgets.HTML()
        self.answer.add_class("quiz-answer")
        for i, button in enumerate(self.buttons):
            button.on_click(lambda _, i=i: self.choose(i))
        self.more.on_click(lambda _: self.show())
        self.more.add_class("quiz-more")
        super().__init__([widgets.HTML(f"{_STYLE}<div><b>{lead}</b> {question}</div>"),
                          *self.buttons, self.more, self.answer, widgets.Output(outputs=_SCRIPT)])
        self.add_class("quiz")

    def choose(self, i):
        """Answer option ``i``, counted from 0, mark it as right or wrong, and open what follows."""
        self._mark(i)
        self.answer.value = self._answers([i])
        self._open()

    def show(self):
        """Open what follows; if it is open, show all answers."""
        if not self._open():
            for i in range(len(self.buttons)):
                self._mark(i)
            self.answer.value = self._answers(range(len(self.options)))

    def before(self, opens):
        """Call ``opens`` at the first choice."""
        self.opens, self.more.description = opens, "show me"

    def _open(self):
        opens, self.opens = self.opens, None
        self.more.description = "show the answers"
        if opens:
            opens()
        return bool(opens)

    def _mark(self, i):
        right = i == self.right
        self.buttons[i].description = f"{'✓' if right else '✗'} {LETTERS[i]}   {self.options[i][0]}"
        self.buttons[i].add_class("quiz-right" if right else "quiz-wrong")

    def _answers(self, which):
        return "\n".join(f"<p><b>{'✓ Right' if i == self.right else '✗ Not so'} ({LETTERS[i]}).</b> "
                         f"{self.options[i][1]}</p>" for i in which)

    def text(self):
        """As HTML for a page without a kernel: the question, its options, the answers folded."""
        options = "<br>\n".join(f"{letter}. {html.escape(option)}"
                                for letter, (option, _) in zip(LETTERS, self.options, strict=False))
        return (f"<p><b>{self.lead}</b> {self.question}</p>\n<p>{options}</p>\n"
                f"<details><summary>Answers</summary>\n{self._answers(range(len(self.options)))}\n</details>")

    def _repr_mimebundle_(self, **kwargs):
        return _bundle(super()._repr_mimebundle_(**kwargs), [self])


class Questions(widgets.VBox):
    """Several questions, one below the other."""

    def _repr_mimebundle_(self, **kwargs):
        return _bundle(super()._repr_mimebundle_(**kwargs), self.children)


class Prediction:
    """A question and the figure that its first choice opens: two outputs of a cell, so that each has its own
    picture or text in a page without a kernel."""

    def __init__(self, question, figure):
        self.question, self.figure = question, figure
        question.add_class("quiz-predict")
        if figure is not None:
            figure.add_class("quiz-figure")
            figure.layout.display = "none"
            question.before(self.open)

    def open(self):
        """Show the figure."""
        self.figure.layout.display = None

    def _ipython_display_(self):
        display(self.question)
        if self.figure is not None:
            display(self.figure)


def _bundle(bundle, questions):
    """The widget's mime bundle, with text for a page without a kernel."""
    text = "\n<br>\n".join(question.text() for question in questions)
    plain = html.unescape(re.sub("<.*?>", "", text))
    return {**bundle, "text/html": text, "text/plain": re.sub(r"\n+", "\n", plain).strip()}


_STYLE = """<style>
.quiz {max-width: 800px; margin-bottom: 0.5em}
.quiz .widget-html-content {font-size: 115%; line-height: 1.45}
.quiz button {height: auto; max-width: 100%; margin: 3px 0; padding: 0.3em 0.9em; font-size: 115%; line-height: 1.4;
  white-space: pre-wrap; text-align: left; border: 2px solid transparent; align-self: flex-start}
.quiz button:focus-visible {outline: 3px solid #0072B2; outline-offset: 1px}
.quiz .quiz-more {background: none; text-decoration: underline}
.quiz .quiz-right {border: 2px solid #009E73; font-weight: bold}
.quiz .quiz-wrong {border: 2px dashed #D55E00}
</style>"""

# As in live.py, once per page: keys that press a button are not taken for shortcuts of the notebook, and an answer
# is read out when it appears.
_SCRIPT = ({"output_type": "display_data", "metadata": {}, "data": {"application/javascript": """
if (!window.quizzes) {
  window.quizzes = true
  window.addEventListener('keydown', ({target, key}) => {
    if (target.matches?.('.quiz button'))
      target.toggleAttribute('data-lm-suppress-shortcuts', key === 'Enter' || key === ' ')
  }, true)
  window.addEventListener('focusin', ({target}) => {
    const answer = target.closest?.('.quiz')?.querySelector('.quiz-answer .widget-html-content')
    if (answer) answer.ariaLive = 'polite'
  })
}"""}},)
