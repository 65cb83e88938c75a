"""What holds for every explorer; warnings are errors here as everywhere in the tests."""

import numpy as np
import pytest
from harness import broken, dead_controls, drive

from pgutils import explorers


@pytest.fixture(scope="module", params=explorers.ALL, ids=lambda explore: explore.__name__)
def figure(request):
    return request.param()


def test_every_setting_is_drawn(figure):
    drive(figure)


def test_every_control_changes_the_picture(figure):
    assert dead_controls(figure) == []


def test_every_control_has_a_label_and_a_keyboard(figure):
    for name, control in figure.controls.items():
        assert control.description.strip(), name
        assert not control.disabled, name


def test_a_run_draws_finite_frames_and_ends_where_the_sliders_are():
    figure = explorers.explore_reinforce()
    *_, last = figure.run(**figure.values)
    now = figure.set(**figure.values)
    assert list(last) == list(now)
    assert all(np.array_equal(last[name], now[name]) for name in now)


@pytest.mark.parametrize("explore", explorers.ALL, ids=lambda explore: explore.__name__)
def test_the_docstring_says_what_you_see(explore):
    assert "What you see:" in explore.__doc__
    assert explore.__name__ in dir(explorers)


@pytest.mark.parametrize(
    "fault", ["raises at an end", "not finite in a corner", "fails in the middle", "readout changes"])
def test_a_broken_explorer_fails(fault):
    with pytest.raises(AssertionError):
        drive(broken(fault))


def test_a_dead_control_is_found():
    assert dead_controls(broken("none")) == []
    assert dead_controls(broken("dead control")) == ["depth"]
