"""What the whole-system tests share: the Odoo and the server that ./dev holds open for them."""

import pytest

from devtools import paths
from devtools.database import PREFIX, Databases
from devtools.odoo import handed_on_odoo


@pytest.fixture(scope="session")
def odoo():
    return handed_on_odoo()


@pytest.fixture(scope="session")
def databases(odoo):
    return Databases(odoo)


@pytest.fixture(scope="module")
def database(request, databases):
    """A database with what the addon depends on, but without the addon; gone after the module's tests."""
    name = f"{PREFIX}_system_{request.module.__name__.rpartition('.')[2]}"
    databases.clone(databases.ensure_template("plain"), name)
    (paths.LOGS / f"{name}.log").unlink(missing_ok=True)
    yield name
    databases.drop(name)
