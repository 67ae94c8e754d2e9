"""A plugin of pytest that makes Odoo's own lint (the addon test_lint) look at our addon alone.

Those tests ask for the manifests of all addons and for the whole registry; both are narrowed here, so that a
complaint is always about us. Runs in the venv, inside Odoo.
"""

import importlib
import logging
from unittest.mock import patch

import pytest

from devtools import paths

TESTS = "odoo.addons.test_lint.tests"


@pytest.fixture(scope="session", autouse=True)
def only_our_addon(load_registry):
    """Narrow what the tests see, for the time they run."""
    import odoo
    from odoo.modules import Manifest
    from odoo.tools import config

    ours = [Manifest.for_addon(paths.ADDON)]
    docstring = importlib.import_module(f"{TESTS}.test_docstring")
    pofile = importlib.import_module(f"{TESTS}.test_pofile")
    patches = [
        patch.object(Manifest, "all_addon_manifests", lambda: ours),
        patch.object(pofile, "get_modules", lambda: [paths.ADDON]),
        # Have the texts of all our methods checked, not just those of a few of Odoo's modules.
        patch.object(docstring, "MODULES_TO_LINT", (paths.ADDON,)),
        *(
            patch.object(importlib.import_module(f"{TESTS}.{name}"), "Registry", _our_models)
            for name in ("test_docstring", "test_naming", "test_override_signatures")
        ),
    ]
    for each in patches:
        each.start()
    yield odoo, config
    for each in reversed(patches):
        each.stop()


@pytest.fixture(autouse=True)
def only_our_files(request, only_our_addon):
    """Two tests walk over Odoo's own folders by themselves."""
    odoo, config = only_our_addon
    if request.node.name == "test_conflict_markers":
        with patch.object(odoo.addons, "__path__", [str(paths.ADDON_FOLDER)]), patch.object(odoo, "__path__", []):
            yield
    elif request.node.name == "test_pylint":
        with patch.object(type(config), "root_path", str(paths.ADDON_FOLDER)):
            yield
    else:
        yield


@pytest.fixture(autouse=True)
def no_logged_complaint(caplog):
    """Some of Odoo's lint only writes a warning into the log."""
    yield
    complaints = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING and record.name.startswith(TESTS)
    ]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def _our_models(database):
    """The models of a registry that our addon makes or extends."""
    from odoo.modules.registry import Registry

    return {
        name: model
        for name, model in Registry(database).items()
        if any(getattr(base, "_module", None) == paths.ADDON for base in model.mro())
    }
