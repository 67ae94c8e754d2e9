"""Commission with real connections: people who work at the same moment, and a night that is cut off."""

import json
import subprocess

import pytest

from devtools import paths
from tests import life_cycle

SCRIPT = "tests.inside.commission_rivals"
# Ten per cent of a margin of 300, 70 and 30.
EARNED = {"earned sales": [21.0, 1], "earned service": [9.0, 1]}


@pytest.fixture(scope="module")
def invoices(odoo, database):
    """The ids of ten posted invoices of 1,000 with a cost of 700."""
    life_cycle.install(odoo, database)
    return json.loads(_run(odoo, database, "prepare", 12).splitlines()[-1])


def _run(odoo, database, function, *arguments):
    return life_cycle.run_inside(odoo, f"{SCRIPT}:{function}", database, *arguments)


def _read(odoo, database, *moves):
    ledger = json.loads(_run(odoo, database, "read_ledger", *moves).splitlines()[-1])
    return [ledger[str(move)] for move in moves]


def test_two_pay_the_same_invoice(odoo, database, invoices):
    quiet, rivals = invoices[:2]
    _run(odoo, database, "pay", quiet, 300, 700)
    told = json.loads(_run(odoo, database, "pay_at_once", rivals, 300, 700).splitlines()[-1])
    assert told["attempts"] > 2, "they did not meet"
    expected = {**EARNED, "released sales": [21.0, 2], "released service": [9.0, 2]}
    assert _read(odoo, database, quiet, rivals) == [expected, expected]


def test_two_settle_the_same_difference(odoo, database, invoices):
    rivals = invoices[2:4]
    _run(odoo, database, "change_costs", 600, *rivals)
    told = json.loads(_run(odoo, database, "settle_at_once", *rivals).splitlines()[-1])
    assert told["attempts"] == 3, "the second found the first one's entries only by starting over"
    # A margin of 400.
    assert _read(odoo, database, *rivals) == [{"earned sales": [28.0, 2], "earned service": [12.0, 2]}] * 2


def test_night_that_is_killed_in_the_middle(odoo, database, invoices):
    moves = invoices[4:]
    # What was there before this night is seen to first.
    _run(odoo, database, "sweep")
    _run(odoo, database, "change_costs", 500, *moves)
    command = odoo.inside(f"{SCRIPT}:sweep", database, 4)
    with subprocess.Popen(
        list(map(str, command)), env=odoo.environment(), cwd=paths.ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline().strip() == "in the middle"
        finally:
            process.kill()
    done = {"earned sales": [35.0, 2], "earned service": [15.0, 2]}
    states = _read(odoo, database, *moves)
    assert done in states, "what was committed stays"
    assert EARNED in states, "what was not is gone"
    _run(odoo, database, "sweep")
    assert _read(odoo, database, *moves) == [done] * len(moves)
    _run(odoo, database, "sweep")
    assert _read(odoo, database, *moves) == [done] * len(moves)
