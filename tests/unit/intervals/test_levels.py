from __future__ import annotations

from tidebook.intervals.levels import pairs, plain, tails


def test_levels_are_bounded_by_quantiles_of_equal_tails() -> None:
    assert tails((80, 95)) == (0.025, 0.1, 0.9, 0.975)
    assert tails(()) == ()


def test_quantiles_of_equal_tails_are_intervals_the_narrowest_first() -> None:
    assert pairs((0.025, 0.1, 0.5, 0.9, 0.975)) == [(80, 1, 3), (95, 0, 4)]
    assert pairs((0.1, 0.5, 0.975)) == []
    assert pairs((0.5,)) == []


def test_every_level_comes_back_from_its_quantiles() -> None:
    for level in (1, 50, 66.6, 99.9):
        low, high = tails((level,))
        assert pairs((low, 0.5, high)) == [(level, 0, 2)]


def test_whole_levels_are_written_without_a_point() -> None:
    assert (str(plain(80.0)), str(plain(99.5))) == ("80", "99.5")
