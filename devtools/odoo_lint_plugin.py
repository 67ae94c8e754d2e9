"""A plugin of pytest that makes Odoo's own lint (the addon test_lint) look at our addon alone.

Those tests ask for the manifests of all addons and for the whole registry; both are narrowed here, so that a
complaint is always about us. Runs in the venv, inside Odoo.
"""

import importlib
import inspect
import logging
import sys
from contextlib import ExitStack
from pathlib import Path
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
            patch.object(importlib.import_module(f"{TESTS}.{name}"), attribute, replacement)
            for name in ("test_docstring", "test_naming", "test_override_signatures")
            for attribute, replacement in (("Registry", _our_models), ("inspect", OurInspect()))
        ),
    ]
    with ExitStack() as stack:
        # Entered, not started: Odoo's test classes stop whatever was started when they are done.
        for each in patches:
            stack.enter_context(each)
        yield odoo, config


@pytest.fixture(autouse=True)
def only_our_files(request, only_our_addon):
    """Two tests walk over Odoo's own folders by themselves."""
    odoo, config = only_our_addon
    if request.node.name == "test_conflict_markers":
        with patch.object(odoo.addons, "__path__", [str(paths.ADDON_FOLDER)]), patch.object(odoo, "__path__", []):
            yield
    elif request.node.name == "test_pylint":
        # pytest put the folder of Odoo's addons on the path, where the addon "calendar" hides Python's own.
        visible = [entry for entry in sys.path if Path(entry).name != "addons"]
        with patch.object(config, "root_path", str(paths.ADDON_FOLDER)), patch.object(sys, "path", visible):
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


class OurInspect:
    """The module ``inspect``, but of a model's members it sees those alone that our addon wrote."""

    def __getattr__(self, name):
        return getattr(inspect, name)

    def getmembers(self, model, predicate):
        written = {name for base in model.mro() if _is_ours(base) for name in vars(base)}
        return [(name, member) for name, member in inspect.getmembers(model, predicate) if name in written]


def _is_ours(model):
    return getattr(model, "_module", None) == paths.ADDON


def _our_models(database):
    """The models of a registry that our addon makes or extends."""
    from odoo.modules.registry import Registry

    return {name: model for name, model in Registry(database).items() if any(map(_is_ours, model.mro()))}
