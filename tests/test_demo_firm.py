"""The whole system: the demo firm grows through its own flow, and what it has come to agrees with itself."""

import json

import pytest

from devtools import database, run
from tests.life_cycle import run_inside

NAME = f"{database.TEST}_demo_firm"
REFUSED_AT_MOST = 3


@pytest.fixture(scope="module")
def demo(odoo, databases):
    """The name of a database of its own with the demo firm, grown anew when the script or the addon changed."""
    state = databases.read_state(NAME)
    is_fresh = state.get("addon") == database.addon_fingerprint() and state.get("growth") == run._growth_fingerprint()
    run.prepare_demo(odoo, NAME, rebuild=not is_fresh)
    return NAME


@pytest.fixture(scope="module")
def facts(odoo, demo):
    return json.loads(run_inside(odoo, "tests.inside.demo_facts", demo).splitlines()[-1])


def test_shares_are_the_pool(facts):
    assert len(facts["commission"]) > 300
    for row in facts["commission"]:
        assert row["percents"] == 100, row
    for row in filter(lambda row: row["is_plain"], facts["commission"]):
        pool = round((row["revenue"] - row["cost"]) * row["rate"] / 100, 2)
        assert row["earned"] == pytest.approx(pool, abs=0.011), row


def test_released_is_what_was_collected(facts):
    plain = [row for row in facts["commission"] if row["is_plain"] and not row["is_held"]]
    assert {row["paid"] for row in plain} > {0.0, 1.0}, "invoices paid in full, in part and not at all"
    for row in plain:
        assert row["released"] == pytest.approx(row["earned"] * row["paid"], abs=0.011), row


def test_settling_again_writes_nothing(facts):
    assert facts["entries_of_a_sweep"] == 0


def test_refunds_take_commission_back(facts):
    notes = [row for row in facts["commission"] if row["revenue"] < 0]
    assert len(notes) >= 3
    assert all(row["earned"] < 0 for row in notes), notes


def test_no_customer_is_alone(facts):
    assert facts["customers_alone"] == []


def test_leavers_customers_have_somebody_new(facts):
    assert len(facts["leavers"]) == 1
    for leaver in facts["leavers"].values():
        assert leaver["customers"] > 5
        assert leaver["still"] == 0


def test_tiers_are_spread(facts):
    taken = [name for name, count in facts["tiers"].items() if count and name != "No tier"]
    # On some days nobody is as poor a customer as the lowest tier.
    assert len(taken) >= 4, facts["tiers"]


def test_tiers_have_something_to_tell(facts):
    assert [what for what, customers in facts["judgements"].items() if not customers] == []


def test_own_and_inherited_customers_earn(facts):
    assert {"developed", "inherited", "transferred"} <= set(facts["origins"])


def test_handoffs_come_back_sometimes(facts):
    handoffs = facts["handoffs"]
    assert handoffs["accepted"] > handoffs["returned"] > 0
    assert 0 < handoffs["median_hours"] < 16


def test_customers_are_called_and_rate(facts):
    calls = facts["calls"]
    assert calls["done"] > calls["missed"] > 0
    for role in ("sales_rating", "service_rating"):
        assert 1 < calls[role] < 5


def test_nobody_is_mailed(facts):
    assert facts["mails"] == 0


def test_hardly_anybody_is_refused(facts):
    """Which day it is decides how the story goes. One who asks in vain now and then is no harm, many are a fault."""
    assert len(facts["refusals"]) <= REFUSED_AT_MOST, facts["refusals"]


def test_what_is_refused_did_not_happen(facts):
    refused = facts["refused"]
    assert refused["moments"] == ["2026-03-02 09:00:00"]
    assert refused["name"] != "Renamed"
    assert len(refused["refusals"]) == 1 and refused["refusals"][0].endswith("rename: Not you.")


def test_same_day_same_firm(facts):
    first, second = facts["stories"]
    assert len(first) > 5
    assert first == second


def test_summary_shows_every_part(odoo, demo):
    lines = run_inside(odoo, "summary:print_summary", demo).splitlines()
    for title in ("Customers per tier", "What the tiers tell", "Handoffs", "Commission", "Care calls", "Who left"):
        assert any(line.startswith(title) for line in lines), title
