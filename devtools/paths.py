"""Where things lie. Everything that ./dev makes lies below ``.odoo``, so that removing it is a clean uninstall."""

from pathlib import Path

ADDON = "print_broker_crm"

ROOT = Path(__file__).resolve().parent.parent
ADDON_FOLDER = ROOT / ADDON
INSIDE = ROOT / "devtools" / "inside"
SCREENSHOTS = ROOT / "docs" / "screenshots"

STATE = ROOT / ".odoo"
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
SOURCE = STATE / "source"
APT = STATE / "apt"
POSTGRES = STATE / "postgres"
SECRETS = STATE / "secrets"
ODOO_DATA = STATE / "data"
CONFIGURATIONS = STATE / "configurations"
LOCKS = STATE / "locks"
LOGS = STATE / "log"
STAMPS = STATE / "stamps"

LOCK_FILE = ROOT / "requirements.lock"
