"""The nightly tiers with real processes: a night that is killed, and what the next one makes of it."""

import json
import subprocess

import pytest

from devtools import paths
from tests import life_cycle

SCRIPT = "tests.inside.tier_night"
CUSTOMERS = 11


@pytest.fixture(scope="module")
def whole(odoo, databases, database):
    """What a night comes to that nobody kills; the database itself waits for its night."""
    life_cycle.install(odoo, database)
    _run(odoo, database, "prepare", CUSTOMERS)
    copy = f"{database}_whole"
    databases.clone(database, copy)
    try:
        _run(odoo, copy, "run")
        yield _read(odoo, copy)
    finally:
        databases.drop(copy)


def _run(odoo, database, function, *arguments):
    return life_cycle.run_inside(odoo, f"{SCRIPT}:{function}", database, *arguments)


def _read(odoo, database):
    return json.loads(_run(odoo, database, "read").splitlines()[-1])


def _kill(odoo, database, stop_in, stop_at):
    """Begin the night, and kill its process before what it has just done is committed."""
    command = odoo.inside(f"{SCRIPT}:run", database, stop_in, stop_at)
    with subprocess.Popen(
        list(map(str, command)), env=odoo.environment(), cwd=paths.ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline().strip() == "in the middle"
        finally:
            process.kill()


def test_killed_nights_end_as_one_that_was_not(odoo, database, whole):
    assert len(whole["scores"]) == CUSTOMERS
    assert len({score["profit"] for score in whole["scores"]}) == CUSTOMERS, "the customers are not alike"

    _kill(odoo, database, "_gather", 1)
    state = _read(odoo, database)
    assert not state["scores"], "nothing was committed"

    _kill(odoo, database, "_step", 2)
    state = _read(odoo, database)
    [run] = state["runs"]
    assert run["is_gathered"], "what was gathered stays"
    done = run["score_count"]
    assert done == len(state["scores"]) < CUSTOMERS, "the first batch stays with its mark, the second is gone"
    assert done > 0

    # It goes on behind the mark, and dies again.
    _kill(odoo, database, "_step", 2)
    state = _read(odoo, database)
    assert done < len(state["scores"]) < CUSTOMERS
    assert len({score["customer_id"] for score in state["scores"]}) == len(state["scores"]), "nobody is judged twice"

    _run(odoo, database, "run")
    assert _read(odoo, database) == whole


def test_same_night_again_writes_nothing(odoo, database, whole):
    _run(odoo, database, "run")
    assert _read(odoo, database) == whole


def test_kept_figures_follow_what_others_commit(odoo, databases, database, whole):
    copy = f"{database}_kept"
    databases.clone(database, copy)
    try:
        _run(odoo, copy, "run")
        nights = [_run(odoo, copy, "tomorrow", 1)]
        _run(odoo, copy, "change")
        nights.append(_run(odoo, copy, "tomorrow", 2))
    finally:
        databases.drop(copy)
    quiet, changed = (json.loads(night.splitlines()[-1]) for night in nights)
    assert quiet["worked_out"]["margin"] == 0, "nobody's rows changed"
    # Of a block from which a row is gone all count, and of many customers all are worked out
    assert changed["worked_out"]["margin"] != 0
    assert quiet["left_out"] == changed["left_out"] == 0
