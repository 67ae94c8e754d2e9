"""./dev shots: serve the demo firm, log in as each person, and let a browser take the pictures."""

import json
import shutil
import subprocess
from dataclasses import replace
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from devtools import database, paths, shots
from devtools.command_line import prepared
from devtools.console import DevError, run_foreground, say
from devtools.database import Databases
from devtools.run import find_free_port, prepare_demo, serving
from devtools.tools import BROWSER, TOOLS, find_tool

PAPER_RESOLUTION = 110


def take_pictures(arguments):
    """Take the pictures that were asked for; 1 when a page logged an error."""
    browser = find_tool(BROWSER)
    if not browser:
        raise DevError(f"Pictures need a browser. On Debian: apt-get install {TOOLS[BROWSER][1]} fonts-noto-cjk")
    chosen, papers = _choose(arguments)
    with prepared() as odoo:
        if arguments.database == database.DEMO:
            prepare_demo(odoo, arguments.database)
        elif not Databases(odoo).exists(arguments.database):
            raise DevError(f"There is no database {arguments.database}.")
        with serving(odoo, arguments.database, find_free_port(), "--max-cron-threads=0") as (address, _server):
            sessions = _open_sessions(odoo, arguments.database, [*chosen, *papers])
            output = arguments.output.resolve()
            order = {"browser": browser, "profile": str(paths.STATE / "browser"), "address": address, "pictures": []}
            for shot, session in zip(chosen, sessions[: len(chosen)], strict=True):
                for width, height in shot.sizes:
                    suffix = {shots.DESKTOP: "", shots.PHONE: "-phone"}.get((width, height), f"-{width}x{height}")
                    order["pictures"].append(
                        {
                            **session,
                            "wait": shot.wait,
                            "clicks": shot.clicks,
                            "scroll_to": shot.scroll_to,
                            "width": width,
                            "height": height,
                            "file": str(output / f"{shot.name}{suffix}.png"),
                        }
                    )
            output.mkdir(parents=True, exist_ok=True)
            for paper, session in zip(papers, sessions[len(chosen) :], strict=True):
                _print_paper(address, paper, session, output)
            status = run_foreground(
                [paths.PYTHON, "-m", "devtools.photographer", json.dumps(order)], env=odoo.environment()
            )
    say(f"Pictures are in {output}")
    return status


def _print_paper(address, paper, session, output):
    """Fetch a document in each language, and take a picture of each of its pages."""
    for suffix, code in paper.languages:
        file = output / f"{paper.name}-{suffix}.pdf"
        query = urlencode({"context": json.dumps({"lang": code})})
        request = Request(f"{address}{session['path']}?{query}", headers={"Cookie": f"session_id={session['session']}"})
        with urlopen(request, timeout=120) as response:
            file.write_bytes(response.read())
        say(f"  {file.name}: ok")
        # Nothing else needs poppler-utils.
        if drawer := shutil.which("pdftoppm"):
            subprocess.run(
                [drawer, "-png", "-r", str(PAPER_RESOLUTION), str(file), str(file.with_suffix(""))], check=True
            )


def _choose(arguments):
    """Return the pictures and the papers that were asked for."""
    papers = []
    if arguments.path:
        chosen = [shots.Shot(arguments.only or "shot", arguments.login or "admin", arguments.path)]
    else:
        chosen = [shot for shot in shots.SHOTS if arguments.only in (None, shot.name)]
        papers = [paper for paper in shots.PAPERS if arguments.only in (None, paper.name)]
        if arguments.login:
            chosen = [replace(shot, login=arguments.login) for shot in chosen]
    if not chosen:
        known = ", ".join(shot.name for shot in shots.SHOTS)
        raise DevError(f"There is no picture {arguments.only}. There are: {known}; or name a --path.")
    sizes = tuple(tuple(map(int, size.split("x"))) for size in arguments.size or ())
    clicks = tuple(arguments.click or ())
    return [
        replace(
            shot,
            wait=arguments.wait or shot.wait,
            sizes=sizes or shot.sizes,
            clicks=clicks or shot.clicks,
        )
        for shot in chosen
    ], papers


def _open_sessions(odoo, name, chosen):
    """A session of the web client for each picture, opened without a password."""
    wishes = json.dumps([{"login": wish.login, "path": wish.path} for wish in chosen])
    result = subprocess.run(
        list(map(str, odoo.inside("sessions", name, wishes))),
        env=odoo.environment(),
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise DevError(f"Cannot log in:\n{result.stderr[-3000:]}")
    return json.loads(result.stdout.splitlines()[-1])
