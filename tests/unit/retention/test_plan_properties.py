"""Whatever there is: nothing protected goes, and a plan that was carried out leaves nothing to do."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.retention.facts import NOW, forecast, run, version
from tidebook.registry.best import best_of
from tidebook.retention.facts import Facts, VersionFact
from tidebook.retention.plan import Plan, plan
from tidebook.retention.policy import ForecastRule, Policy, RunRule, VersionRule

LINES = ("product/P001_all/lstm", "product/P001_all/gru", "store/S001_all/lstm")
PROJECTS = ("default", "north", "?")
ADDRESSES = [f"{line}/v{number}" for line in LINES for number in range(1, 7)]
maybe = st.none() | st.integers(0, 4)

policies = st.builds(
    Policy,
    forecasts=st.builds(ForecastRule, maybe, maybe),
    versions=st.builds(VersionRule, maybe),
    runs=st.builds(RunRule, maybe, maybe),
    action=st.sampled_from(["delete", "archive"]),
)
days = st.floats(0, 10)


@st.composite
def versions(draw: st.DrawFn) -> list[VersionFact]:
    found = []
    for address in draw(st.lists(st.sampled_from(ADDRESSES), unique=True)):
        line, _, number = address.rpartition("/v")
        found.append(
            version(
                int(number),
                line,
                days=draw(days),
                project=draw(st.sampled_from(PROJECTS)),
                wape=draw(st.none() | st.sampled_from([0.1, 0.2, 0.3])),
                validated=draw(st.sampled_from(["", "2026-01-01", "2026-02-01"])),
                aliases=draw(st.sampled_from([(), (), (), ("production",)])),
                pinned=draw(st.sampled_from([False, False, False, True])),
                archived=draw(st.sampled_from([False, False, False, True])),
                members=tuple(draw(st.lists(st.sampled_from(ADDRESSES), max_size=2))),
            )
        )
    return found


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    forecasts = [
        forecast(
            f"PRED{i}",
            days=draw(days),
            model=draw(st.sampled_from(ADDRESSES)),
            project=draw(st.sampled_from(PROJECTS)),
            archived=draw(st.sampled_from([False, False, True])),
        )
        for i in range(draw(st.integers(0, 8)))
    ]
    runs = [
        run(
            f"run{i}",
            days=draw(days),
            status=draw(st.sampled_from(["completed", "failed", "training"])),
            project=draw(st.sampled_from(PROJECTS)),
            live=draw(st.booleans()),
            pinned=draw(st.booleans()),
        )
        for i in range(draw(st.integers(0, 6)))
    ]
    return Facts(draw(versions()), forecasts, runs)


projects = st.dictionaries(st.sampled_from(PROJECTS), policies)


def after(found: Facts, made: Plan) -> Facts:
    """What is there once the plan was carried out."""
    fate = {item.id: item.action for item in made.going}

    return Facts(
        [
            fact._replace(archived=fact.archived or fate.get(fact.address) == "archive")
            for fact in found.versions
            if fate.get(fact.address) != "delete"
        ],
        [
            replace(fact, archived=fact.archived or fate.get(fact.id) == "archive")
            for fact in found.forecasts
            if fate.get(fact.id) != "delete"
        ],
        [fact for fact in found.runs if fact.name not in fate],
    )


@settings(max_examples=300, deadline=None)
@given(projects, facts())
def test_nothing_protected_goes(rules: dict[str, Policy], found: Facts) -> None:
    made = plan(rules, found, NOW)
    going = {item.id: item.action for item in made.going}
    kept = {fact.address for fact in found.versions if fact.address not in going and not fact.archived}
    by_line: dict[str, list[VersionFact]] = {}
    for fact in found.versions:
        by_line.setdefault(fact.line, []).append(fact)
        if fact.aliases or fact.pinned or fact.project == "?" or fact.archived:
            assert fact.address not in going
        if fact.address in kept:
            assert not set(fact.members) & going.keys()
        elif going.get(fact.address) != "delete":  # in the archive, or soon
            assert all(going.get(member) != "delete" for member in fact.members)
    for line in by_line.values():
        items = [
            {
                "address": fact.address,
                "version": f"v{fact.number}",
                "validation": None if fact.wape is None else {"wape": fact.wape, "end": fact.validated},
            }
            for fact in line
        ]
        best = best_of(items)
        assert best is not None
        assert best["address"] not in going
        assert max(line, key=lambda fact: fact.number).address not in going
    for prediction in found.forecasts:
        if prediction.archived or going.get(prediction.id) == "archive":
            assert going.get(prediction.model) != "delete"
        elif prediction.id not in going:
            assert prediction.model not in going
    for training in found.runs:
        assert not (training.name in going and (training.live or training.pinned or training.project == "?"))


@settings(max_examples=300, deadline=None)
@given(projects, facts())
def test_a_plan_that_was_carried_out_leaves_an_empty_plan(rules: dict[str, Policy], found: Facts) -> None:
    assert plan(rules, after(found, plan(rules, found, NOW)), NOW).going == []


@settings(max_examples=100, deadline=None)
@given(projects, facts(), st.data())
def test_the_order_of_the_facts_changes_nothing(rules: dict[str, Policy], found: Facts, data: st.DataObject) -> None:
    mixed = Facts(
        data.draw(st.permutations(found.versions)),
        data.draw(st.permutations(found.forecasts)),
        data.draw(st.permutations(found.runs)),
    )
    made, again = plan(rules, found, NOW), plan(rules, mixed, NOW)
    assert {item.id for item in made.going} == {item.id for item in again.going}


@settings(max_examples=100, deadline=None)
@given(projects, facts())
def test_every_thing_that_is_here_is_in_the_plan_once(rules: dict[str, Policy], found: Facts) -> None:
    here = [fact.address for fact in found.versions if not fact.archived]
    here += [fact.id for fact in found.forecasts if not fact.archived] + [fact.name for fact in found.runs]
    assert sorted(item.id for item in plan(rules, found, NOW).items) == sorted(here)
