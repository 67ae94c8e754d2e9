"""Open sessions of the web client for the screenshots, without knowing passwords, and find the records they show."""

import ast
import json
import re
import sys

from odoo import http
from odoo.service import security


def main(env, wishes):
    """Print, as JSON, a session id and the completed path for every wish."""
    sessions = {}
    result = []
    for wish in json.loads(wishes):
        login = wish["login"]
        user = env["res.users"].search([("login", "=", login)])
        if login and not user:
            known = ", ".join(env["res.users"].search([("share", "=", False)]).mapped("login"))
            sys.exit(f"Nobody logs in as {login}. There are: {known}")
        if login and login not in sessions:
            sessions[login] = _open_session(env, user)
        result.append({"session": sessions.get(login, ""), "path": _complete(env(user=user or env.user), wish["path"])})
    print(json.dumps(result))


def _open_session(env, user):
    session = http.root.session_store.new()
    session.update(http.get_default_session(), db=env.cr.dbname, _trace_disable=True)
    user_env = env(user=user)
    session.uid = user.id
    session.login = user.login
    session.context = dict(user_env["res.users"].context_get())
    session.session_token = security.compute_session_token(session, user_env)
    http.root.session_store.save(session)
    return session.sid


def _complete(env, path):
    """Replace ``{id:XMLID}`` and ``{first:MODEL[:DOMAIN]}`` by record ids."""

    def find(match):
        kind, _separator, value = match.group(1).partition(":")
        if kind == "id":
            return str(env.ref(value).id)
        model, _separator, domain = value.partition(":")
        record = env[model].search(ast.literal_eval(domain or "[]"), limit=1)
        if not record:
            sys.exit(f"{env.user.login} sees no {value}")
        return str(record.id)

    return re.sub(r"\{((?:id|first):[^}]+)\}", find, path)
