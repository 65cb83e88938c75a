"""The blitted picture of every explorer is, to the pixel, the one that a full redraw gives."""

import pytest
from harness import broken, unlike_a_full_redraw

from pgutils import explorers


@pytest.mark.parametrize("explore", explorers.ALL, ids=lambda explore: explore.__name__)
def test_the_picture_is_what_a_full_redraw_gives(explore):
    assert unlike_a_full_redraw(explore()) == []


def test_a_wrong_blit_is_found():
    figure = broken("none")
    assert unlike_a_full_redraw(figure, 3) == []
    figure.rebase = lambda: None                # the background is no longer redrawn when the title changes
    update = figure.update

    def titled(**values):
        figure.figure.axes[0].set_title(str(values["slope"]))
        return update(**values)

    figure.update = titled
    assert unlike_a_full_redraw(figure, 3) != []
