"""Install, upgrade and uninstall the addon, listening to the log and counting what is left behind."""

import re
import subprocess

from devtools import paths

# A line of Odoo's log that tells of something wrong.
COMPLAINT = re.compile(r"^\d{4}-\d\d-\d\d \S+ \d+ (?:WARNING|ERROR|CRITICAL) .*", re.MULTILINE)

# What a module brings besides tables and columns. After uninstalling there must be the same rows as before.
DEFINITIONS = {
    "tables": "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
    "columns": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'",
    "constraints": "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('c', 'f', 'p', 'u', 'x')",
    "indexes": "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "models": "SELECT model FROM ir_model",
    "fields": "SELECT model, name FROM ir_model_fields",
    "selections": "SELECT f.model, f.name, s.value FROM ir_model_fields_selection s"
    " JOIN ir_model_fields f ON f.id = s.field_id",
    "scheduled actions": "SELECT id, cron_name FROM ir_cron",
    "parameters": "SELECT key FROM ir_config_parameter",
    "groups": "SELECT id FROM res_groups",
    "privileges": "SELECT id FROM res_groups_privilege",
    "access rights": "SELECT id, name FROM ir_model_access",
    "record rules": "SELECT id, name FROM ir_rule",
    "menus": "SELECT id, name->>'en_US' FROM ir_ui_menu",
    "views": "SELECT id, name FROM ir_ui_view",
    "actions": "SELECT id, type FROM ir_actions",
    "sequences": "SELECT id, name FROM ir_sequence",
    "activity types": "SELECT id FROM mail_activity_type",
    "activity plans": "SELECT id FROM mail_activity_plan",
    "message subtypes": "SELECT id FROM mail_message_subtype",
    "mail templates": "SELECT id FROM mail_template",
    "stages": "SELECT id FROM crm_stage",
    "company defaults": "SELECT id FROM ir_default",
    "goal definitions": "SELECT id FROM gamification_goal_definition",
    "challenges": "SELECT id FROM gamification_challenge",
    "goals": "SELECT id FROM gamification_goal",
    "external ids": f"SELECT module, name FROM ir_model_data WHERE module = '{paths.ADDON}'"
    f" OR (module <> 'base' AND name LIKE '%{paths.ADDON}%')",
}


def take_stock(server, database):
    """What the database holds of everything that a module can bring."""
    return {
        kind: {"|".join(row) for row in server.query(statement, database)} for kind, statement in DEFINITIONS.items()
    }


def install(odoo, database, update=False):
    """Install or upgrade the addon; the log must not complain."""
    log_path = paths.LOGS / f"{database}.log"
    before = log_path.stat().st_size if log_path.is_file() else 0
    odoo.install("update" if update else "install", database, [paths.ADDON], update=update)
    assert odoo.server.query(f"SELECT state FROM ir_module_module WHERE name = '{paths.ADDON}'", database) == [
        ["installed"]
    ]
    refuse_complaints(log_path.read_bytes()[before:].decode())


def uninstall(odoo, database):
    """Uninstall the addon; the log must not complain."""
    output = run_inside(odoo, "tests.inside.uninstall", database, paths.ADDON)
    assert odoo.server.query(f"SELECT state FROM ir_module_module WHERE name = '{paths.ADDON}'", database) == [
        ["uninstalled"]
    ]
    refuse_complaints(output)


def refuse_complaints(log):
    """Fail with every warning and error that a log holds."""
    complaints = COMPLAINT.findall(log)
    assert not complaints, "\n".join(complaints)


def run_inside(odoo, script, database, *arguments):
    """Run a script inside Odoo and give all that it wrote."""
    result = subprocess.run(
        list(map(str, odoo.inside(script, database, *arguments))),
        env=odoo.environment(),
        cwd=paths.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-6000:]
    return result.stdout
