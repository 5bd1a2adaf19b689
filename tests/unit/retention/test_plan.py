"""What goes, what stays, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.retention.facts import LINE, NOW, forecast, run, version
from tidebook.core.errors import InvalidInput
from tidebook.retention.facts import Facts
from tidebook.retention.plan import Plan, plan
from tidebook.retention.policy import KEEP_ALL, ForecastRule, Policy, RunRule, VersionRule

ARCHIVING = Policy(action="archive")


def codes(made: Plan) -> dict[str, str]:
    """The reason of each thing, with a minus before those that go."""
    return {item.id.removeprefix(f"{LINE}/"): f"{'-' if item.goes else ''}{item.code}" for item in made.items}


def planned(policy: Policy | None = None, **facts: Any) -> dict[str, str]:
    """The reasons under one policy, by default the default one."""
    return codes(plan({} if policy is None else {"default": policy}, Facts(**facts), NOW))


def test_the_newest_three_and_the_best_which_does_not_count_among_them_are_kept() -> None:
    versions = [version(n, wape=0.1 if n == 5 else 0.5, validated="2026-01-01") for n in range(1, 8)]
    assert planned(versions=versions) == {
        "v1": "-beyond_newest",
        "v2": "-beyond_newest",
        "v3": "-beyond_newest",
        "v4": "newest",
        "v5": "best",
        "v6": "newest",
        "v7": "newest",
    }


def test_each_scope_and_algorithm_is_counted_by_itself_and_each_project_in_it() -> None:
    versions = [version(n, f"product/P00{p}_all/lstm") for p in (1, 2) for n in range(1, 5)]
    assert plan({}, Facts(versions=versions), NOW).going == []
    north = [version(n, project="north") for n in range(5, 12)]
    going = plan({}, Facts(versions=[*versions, *north]), NOW).going
    assert {item.project for item in going} == {"north"}


def test_aliased_and_pinned_versions_stay() -> None:
    versions = [version(n) for n in range(3, 9)]
    versions += [version(1, aliases=("production", "candidate")), version(2, pinned=True)]
    made = plan({}, Facts(versions=versions), NOW)
    assert codes(made) == {
        "v1": "alias",
        "v2": "pinned",
        "v3": "-beyond_newest",
        "v4": "-beyond_newest",
        "v5": "newest",
        "v6": "newest",
        "v7": "newest",
        "v8": "best",
    }
    [aliased] = [item for item in made.items if item.code == "alias"]
    assert aliased.values == {"alias": "production, candidate"}


def test_what_a_kept_forecast_refers_to_stays_and_goes_with_the_last_one() -> None:
    versions = [version(n) for n in range(1, 6)]
    kept = forecast("PRED1", model=f"{LINE}/v1")
    assert planned(versions=versions, forecasts=[kept])["v1"] == "forecast"
    old = replace(kept, created=0)
    found = planned(versions=versions, forecasts=[old])
    assert (found["PRED1"], found["v1"]) == ("-too_old", "-beyond_newest")


def test_what_an_archived_forecast_refers_to_may_be_archived_and_not_deleted() -> None:
    versions = [version(n) for n in range(1, 6)]
    archived = forecast("PRED1", days=100, model=f"{LINE}/v1", archived=True)
    assert planned(versions=versions, forecasts=[archived])["v1"] == "forecast"
    assert planned(ARCHIVING, versions=versions, forecasts=[archived])["v1"] == "-beyond_newest"
    elsewhere = forecast("PRED1", days=100, model=f"{LINE}/v1", project="north")
    made = plan({"north": ARCHIVING}, Facts(versions=versions, forecasts=[elsewhere]), NOW)
    assert codes(made) | {} == {**codes(made), "PRED1": "-too_old", "v1": "forecast"}


def test_members_of_versions_that_stay_do_too_and_members_of_members() -> None:
    other = "product/P001_all/gru"
    versions = [version(n, other) for n in range(1, 8)]
    versions[0] = version(1, other, members=(f"{other}/v2",))
    head = version(1, members=(f"{other}/v1", "product/P009_all/gone/v1"))
    found = planned(versions=[*versions, head])
    assert found["v1"] == "best"
    assert {name: found[f"{other}/{name}"] for name in ("v1", "v2", "v3")} == {
        "v1": "member",
        "v2": "member",
        "v3": "-beyond_newest",
    }


def test_members_of_what_goes_go_after_it() -> None:
    other = "product/P001_all/gru"
    members = [version(n, other) for n in range(1, 6)]
    heads = [version(n, members=(f"{other}/v1",) if n == 1 else ()) for n in range(1, 6)]
    made = plan({}, Facts(versions=[*members, *heads]), NOW)
    assert [item.id for item in made.going] == [f"{LINE}/v1", f"{other}/v1"]


def test_members_of_what_is_archived_may_be_archived_and_not_deleted() -> None:
    other = "product/P001_all/gru"
    members = [version(n, other) for n in range(1, 6)]
    heads = [version(n, members=(f"{other}/v1",) if n == 1 else (), archived=n == 1) for n in range(1, 6)]
    assert planned(versions=[*members, *heads])[f"{other}/v1"] == "member"
    assert planned(ARCHIVING, versions=[*members, *heads])[f"{other}/v1"] == "-beyond_newest"


def test_the_newest_version_of_a_line_stays_even_where_none_should() -> None:
    versions = [version(n, wape=0.1 if n == 1 else 0.5, validated="2026-01-01") for n in (1, 2, 3)]
    policy = Policy(versions=VersionRule(0))
    assert planned(policy, versions=versions) == {"v1": "best", "v2": "-beyond_newest", "v3": "newest_of_line"}


def test_a_forecast_is_kept_only_if_it_is_young_and_among_the_newest() -> None:
    policy = Policy(ForecastRule(days=30, newest=2))
    forecasts = [forecast(f"PRED{days}", days=days) for days in (1, 2, 3, 40)]
    assert planned(policy, forecasts=forecasts) == {
        "PRED1": "young",
        "PRED2": "young",
        "PRED3": "-beyond_newest",
        "PRED40": "-too_old",
    }
    assert planned(Policy(ForecastRule(None, None)), forecasts=forecasts) == dict.fromkeys(
        ("PRED1", "PRED2", "PRED3", "PRED40"), "no_rule"
    )
    assert planned(Policy(ForecastRule(None, 1)), forecasts=forecasts[:2]) == {
        "PRED1": "newest",
        "PRED2": "-beyond_newest",
    }


def test_runs_stay_unless_a_rule_says_otherwise_and_live_and_pinned_ones_always() -> None:
    runs = [
        run("done", days=100),
        run("failed", days=100, status="failed"),
        run("young", days=1, status="failed"),
        run("live", days=100, status="training", live=True),
        run("pinned", days=100, status="failed", pinned=True),
        run("unknown", days=100, status="unknown"),
    ]
    assert set(planned(runs=runs).values()) == {"no_rule", "live", "pinned"}
    assert planned(Policy(runs=RunRule(completed_days=None, failed_days=30)), runs=runs) == {
        "done": "no_rule",
        "failed": "-too_old",
        "young": "young",
        "live": "live",
        "pinned": "pinned",
        "unknown": "no_rule",
    }


def test_what_names_a_project_that_cannot_be_read_stays() -> None:
    facts = Facts(
        versions=[version(n, project="?") for n in range(1, 9)],
        forecasts=[forecast("PRED1", days=500, project="?")],
        runs=[run("old", days=500, project="?")],
    )
    assert plan({}, facts, NOW).going == []


def test_what_is_archived_is_no_part_of_the_plan_but_counts_among_the_newest() -> None:
    versions = [version(n, archived=n > 1) for n in range(1, 6)]
    assert planned(versions=versions) == {"v1": "-beyond_newest"}


def test_the_plan_tells_bytes_by_kind_and_its_digest_changes_with_what_goes() -> None:
    facts = Facts(versions=[version(n) for n in range(1, 7)], forecasts=[forecast("PRED1", days=50)])
    made = plan({}, facts, NOW)
    assert made.summary() == [
        {"kind": "forecast", "going": 1, "going_bytes": 10, "kept": 0, "kept_bytes": 0},
        {"kind": "version", "going": 2, "going_bytes": 2000, "kept": 4, "kept_bytes": 4000},
        {"kind": "run", "going": 0, "going_bytes": 0, "kept": 0, "kept_bytes": 0},
    ]
    assert plan({}, facts, NOW + 1).digest == made.digest
    assert plan({"default": ARCHIVING}, facts, NOW).digest != made.digest
    assert made.of("north").going == []
    assert made.of("default").digest == made.digest


@pytest.mark.parametrize(
    "value",
    [
        {"action": "burn"},
        {"versions": {"newest": -1}},
        {"versions": {"newest": True}},
        {"forecasts": {"days": 1.5}},
        {"runs": []},
        {"runs": "all"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(value: dict[str, Any]) -> None:
    if value == {"runs": []}:
        assert Policy.from_json(value) == KEEP_ALL
        return
    with pytest.raises(InvalidInput):
        Policy.from_json(value)


def test_a_policy_survives_its_json_form() -> None:
    for policy in (Policy(), KEEP_ALL, ARCHIVING, Policy(runs=RunRule(1, 2))):
        assert Policy.from_json(policy.to_json()) == policy
