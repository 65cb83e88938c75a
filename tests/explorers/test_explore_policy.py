"""explore_policy: the numbers are the softmax and an honest sample, and what notebook 01 promises is seen."""

import numpy as np
import pytest

from pgutils import explorers

ACTIONS = ("left", "down", "right", "up")
PI = "π(left, down, right, up)"


@pytest.fixture(scope="module")
def figure():
    return explorers.explore_policy()


@pytest.fixture
def live(figure):
    figure.set(left=0.0, down=1.0, right=2.0, up=0.0, temperature=1.0, draws=100.0, new_sample=0)
    return figure


def numbers_at(live, **values):
    """What ``set`` returns, without the picture."""
    return live.update(**{**live.values, **values})


def test_probabilities_entropy_and_frequencies_agree_with_the_exact_ones(live):
    rng = np.random.default_rng(0)
    for n in range(100):
        h = np.round(rng.uniform(-5, 5, 4), 1)
        temperature, draws = float(10 ** rng.uniform(-1, 2)), float(10 ** rng.uniform(0, 4))
        numbers = numbers_at(live, **dict(zip(ACTIONS, h, strict=True)), temperature=temperature, draws=draws,
                             new_sample=n)
        weights = np.exp((h - h.max()) / temperature)
        pi, m = weights / weights.sum(), round(draws)
        assert numbers[PI] == pytest.approx(pi, abs=1e-12)
        assert numbers["draws"] == m
        assert numbers["entropy"] == pytest.approx(sum(p * np.log(1 / p) for p in pi if p > 0), abs=1e-12)
        assert numbers["largest standard error"] == pytest.approx(np.sqrt(pi * (1 - pi) / m).max(), abs=1e-12)
        assert sum(numbers["sampled"]) == pytest.approx(1)
        assert numbers["sampled"] * m == pytest.approx(np.round(numbers["sampled"] * m))


def test_frequencies_scatter_as_the_error_bars_say(live):
    frequencies = np.array([numbers_at(live, new_sample=n)["sampled"] for n in range(400)])
    pi = live.numbers[PI]
    standard_error = np.sqrt(pi * (1 - pi) / 100)
    assert np.all(abs(frequencies.mean(axis=0) - pi) < 4 * standard_error / np.sqrt(400))
    assert frequencies.std(axis=0) == pytest.approx(standard_error, rel=4 / np.sqrt(2 * 400))


@pytest.mark.parametrize("control, value", [("left", 3.0), ("down", -2.0), ("right", 0.5), ("up", 1.0),
                                            ("temperature", 10.0), ("draws", 1000.0), ("new_sample", 1)])
def test_each_control_changes_the_picture_which_equals_a_full_redraw(live, control, value):
    before = live.pixels()
    live.set(**{control: value})
    after = live.pixels()
    assert (before != after).any()
    assert (after == live.pixels(anew=True)).all()


def test_the_sample_stays_while_other_controls_move(live):
    before = live.numbers["sampled"]
    live.set(right=4.0, temperature=3.0)
    live.set(right=2.0, temperature=1.0)
    assert (live.numbers["sampled"] == before).all()


# What notebook 01 says under "Explore", step by step.

def test_prediction_left_falls_and_its_ratio_to_down_stays(live):
    before, after = live.numbers[PI], live.set(right=3.0)[PI]
    assert (round(before[0], 3), round(after[0], 3)) == (0.083, 0.040)
    assert before[0] / before[1] == pytest.approx(np.exp(-1)) == pytest.approx(after[0] / after[1])


def test_step_1_only_differences_count(live):
    start = live.numbers[PI]
    assert np.round(start, 2).tolist() == [0.08, 0.22, 0.61, 0.08]
    for name, h in zip(ACTIONS[:3], (1, 2, 3), strict=True):
        assert abs(live.set(**{name: h})[PI] - start).max() > 0.01
    assert live.set(up=1)[PI] == pytest.approx(start)


def test_step_2_cold_is_greedy_and_hot_is_uniform(live):
    temperature = live.controls["temperature"]
    cold = live.set(temperature=temperature.base ** temperature.min)
    assert cold[PI][2] > 0.999 and cold["entropy"] < 0.001
    hot = live.set(temperature=temperature.base ** temperature.max)
    assert [f"{p:.2f}" for p in hot[PI]] == ["0.25"] * 4
    assert round(hot["entropy"], 3) == 1.386 == round(np.log(4), 3)


def test_step_3_two_favourites_share(live):
    numbers = live.set(down=2.0, temperature=0.1)
    assert [f"{p:.2f}" for p in numbers[PI]] == ["0.00", "0.50", "0.50", "0.00"]
    assert round(numbers["entropy"], 3) == 0.693 == round(np.log(2), 3)


def test_step_4_the_sample_changes_and_the_policy_does_not(live):
    spread = {}
    for draws in (10.0, 10_000.0):
        seen = [numbers_at(live, draws=draws, new_sample=n) for n in range(10)]
        assert all((numbers[PI] == seen[0][PI]).all() for numbers in seen)
        spread[draws] = np.ptp([numbers["sampled"] for numbers in seen], axis=0).max()
    assert spread[10.0] > 0.2 and spread[10_000.0] < 0.03


def test_step_5_rare_is_not_impossible(live):
    seen = [numbers_at(live, up=-5.0, draws=100.0, new_sample=n) for n in range(400)]
    rare = seen[0][PI][3]
    lack = (1 - rare) ** 100
    assert (round(rare, 4), round(lack, 2)) == (0.0006, 0.94)
    missing = np.mean([numbers["sampled"][3] == 0 for numbers in seen])
    assert missing < 1 and abs(missing - lack) < 4 * np.sqrt(lack * (1 - lack) / 400)
