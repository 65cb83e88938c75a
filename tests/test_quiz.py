"""The questions: what their files hold, where they are asked, what a choice does, what is seen without a kernel."""

import html.parser
import re
from copy import deepcopy

import ipywidgets as widgets
import nbformat
import pytest
from run_notebooks import NOTEBOOKS

from pgutils import explorers, quiz

FILES = sorted((NOTEBOOKS.parent / "pgutils" / "questions").glob("*.toml"))
NUMBERS = [path.stem for path in FILES]
TAGS = {"b", "i", "code", "sub", "sup"}


class Tags(html.parser.HTMLParser):
    """Notes tags that are not allowed or not closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.wrong = [], []
        self.feed(text)
        self.close()
        self.wrong += [f"<{tag}> is not closed" for tag in self.stack]

    def handle_starttag(self, tag, attributes):
        self.stack.append(tag)
        if tag not in TAGS or attributes:
            self.wrong.append(f"<{tag}> is not allowed")

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")


def problems(questions):
    """What is wrong with the questions of a notebook, one line each."""
    predictions = [name for name in questions if name != "recall"]
    if len(questions["recall"]) != 3:
        yield f"{len(questions['recall'])} recall questions, not 3"
    named = [(name, questions[name]) for name in predictions]
    named += [(f"recall {i}", question) for i, question in enumerate(questions["recall"], start=1)]
    for name, question in named:
        if set(question) != {"question", "options", "right"}:
            yield f"{name}: the fields are {sorted(question)}"
            continue
        options, answers = zip(*question["options"], strict=True)
        if len(options) not in (2, 3, 4) or question["right"] not in range(1, len(options) + 1):
            yield f"{name}: {len(options)} options, of which number {question['right']} is right"
        if len(set(options)) < len(options) or len(set(answers)) < len(answers):
            yield f"{name}: two options or two answers are the same"
        for text in (question["question"], *options, *answers):
            if not text.strip() or re.search(r"[$\\`]", text):
                yield f"{name}: empty, or not plain text: {text!r}"
        for text in (question["question"], *answers):
            yield from (f"{name}: {wrong} in {text!r}" for wrong in Tags(text).wrong)
        if any(re.search("</|&[a-z]+;", option) for option in options):
            yield f"{name}: an option is plain text, not HTML"
        if any(len(answer.split()) < 5 for answer in answers):
            yield f"{name}: an answer says too little"


def asked(nb):
    """What the cells of a notebook ask: the names of its predictions, and the numbers of its recalls."""
    source = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    return re.findall(r'quiz\.predict\("(.*?)"', source), re.findall(r'quiz\.recall\("(.*?)"', source)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_questions_of_a_notebook(number):
    assert list(problems(quiz.read(number))) == []
    names = [name for name in quiz.read(number) if name != "recall"]
    assert names == [f"{number}.{i}" for i in range(1, len(names) + 1)]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_asks_what_its_file_holds(path):
    number = path.name[:2]
    predictions, recalls = asked(nbformat.read(path, as_version=4))
    if number in NUMBERS:
        assert predictions == [name for name in quiz.read(number) if name != "recall"]
        assert recalls == [number]
    else:
        assert predictions == recalls == [], f"there is no pgutils/questions/{number}.toml"


def test_each_file_has_its_notebook():
    assert NUMBERS, "there are no questions"
    assert set(NUMBERS) <= {path.name[:2] for path in NOTEBOOKS.glob("*.ipynb")}


GOOD = {"question": "What is η?", "right": 2,
        "options": [["A number", "It is a <i>mean</i> of numbers."], ["A mean", "It is the mean of r(τ)."],
                    ["x < 1", "It may be larger than 1, too."]]}


def good():
    return deepcopy({"05.1": GOOD, "recall": [GOOD, GOOD, GOOD]})


@pytest.mark.parametrize(("change", "message"), [
    (lambda q: q["recall"].pop(), "2 recall questions"),
    (lambda q: q["05.1"].pop("right"), "05.1: the fields are"),
    (lambda q: q["05.1"].update(right=4), "number 4 is right"),
    (lambda q: q["05.1"].update(right=0), "number 0 is right"),
    (lambda q: q["05.1"].update(options=q["05.1"]["options"][:1], right=1), "1 options"),
    (lambda q: q["05.1"]["options"].append(q["05.1"]["options"][0]), "the same"),
    (lambda q: q["05.1"].update(question="What is $η$?"), "not plain text"),
    (lambda q: q["recall"][2]["options"][0].__setitem__(1, ""), "recall 3: empty"),
    (lambda q: q["recall"][0]["options"][0].__setitem__(1, "It is a <i>mean of numbers."), "<i> is not closed"),
    (lambda q: q["05.1"].update(question="Is <script>this</script> good?"), "<script> is not allowed"),
    (lambda q: q["05.1"]["options"][0].__setitem__(0, "An <i>η</i>"), "plain text, not HTML"),
    (lambda q: q["05.1"]["options"][0].__setitem__(1, "No."), "says too little"),
])
def test_each_fault_in_a_file_is_named(change, message):
    questions = good()
    assert list(problems(questions)) == []
    change(questions)
    found = list(problems(questions))
    assert any(message in problem for problem in found), found


# What a choice does.

@pytest.fixture
def prediction():
    return quiz.Prediction(quiz.Question("Predict first.", **GOOD), widgets.IntSlider())


def shown(prediction):
    return prediction.figure.layout.display != "none"


def test_a_choice_is_answered_marked_and_opens_the_figure(prediction):
    question = prediction.question
    assert not shown(prediction) and question.answer.value == ""
    question.buttons[0].click()
    assert shown(prediction)
    assert "✗ Not so (A)." in question.answer.value and GOOD["options"][0][1] in question.answer.value
    assert question.buttons[0].description.startswith("✗ A")
    assert "quiz-wrong" in question.buttons[0]._dom_classes
    assert question.buttons[1].description == "B   A mean", "another choice gives nothing away"


def test_every_option_may_be_chosen_after_another(prediction):
    question = prediction.question
    for i in (1, 2, 1, 0):
        question.buttons[i].click()
        assert GOOD["options"][i][1] in question.answer.value
        assert question.answer.value.count("<p>") == 1
    assert [button.description[0] for button in question.buttons] == ["✗", "✓", "✗"]
    assert "✓ Right (B)." in question._answers([1])


def test_show_me_opens_the_figure_without_an_answer_and_then_shows_all(prediction):
    question = prediction.question
    assert question.more.description == "show me"
    question.more.click()
    assert shown(prediction) and question.answer.value == ""
    assert question.more.description == "show the answers"
    question.more.click()
    assert [answer in question.answer.value for _, answer in GOOD["options"]] == [True] * 3


def test_a_question_without_a_figure_has_no_show_me():
    question = quiz.predict("05.1").question
    assert question.more.description == "show the answers"
    question.more.click()
    assert question.answer.value.count("<p>") == len(question.options)


# What a page without a kernel shows.

def test_a_page_without_a_kernel_shows_the_question_folded_answers_and_the_figure(monkeypatch):
    outputs = []
    monkeypatch.setattr(quiz, "display", outputs.append)
    prediction = quiz.predict("05.1", explorers.explore_log_derivative())
    prediction._ipython_display_()
    question, figure = outputs
    data = question._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    visible, _, folded = data["text/html"].partition("<details><summary>Answers</summary>")
    expected = quiz.read("05")["05.1"]
    assert expected["question"] in visible
    assert all(option in visible and answer not in visible and answer in folded
               for option, answer in expected["options"])
    assert data["text/plain"].startswith("Predict first. ") and "<" not in data["text/plain"]
    data, metadata = figure._repr_mimebundle_()
    assert data["image/png"] and metadata["image/png"]["alt"] == figure.alt


def test_options_are_escaped_in_html():
    assert "C. x &lt; 1</p>" in quiz.Question("1.", **GOOD).text()


def test_recall_asks_three_questions():
    data = quiz.recall("05")._repr_mimebundle_()
    assert data["text/html"].count("<details>") == 3
    assert all(f"<b>{i}.</b>" in data["text/html"] for i in (1, 2, 3))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: quiz.predict("05.7"), "no prediction is called '05.7'; there are 05.1"),
    (lambda: quiz.predict("05.1", "a figure"), "figure must be a widget, such as an explorer, got 'a figure'"),
    (lambda: quiz.predict("99.1"), "no questions for notebook '99'"),
    (lambda: quiz.predict("recall"), "no questions for notebook 'recall'"),
    (lambda: quiz.predict(5.1), "no questions for notebook '5'"),
    (lambda: quiz.recall(5), "no questions for notebook 5: give its number as a string of two digits"),
    (lambda: quiz.recall("../05"), "no questions for notebook"),
])
def test_wrong_use_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
