"""Take an order of pictures: ``python -m devtools.photographer JSON``, in the venv; 1 when a page is in error."""

import json
import sys
from pathlib import Path

from devtools.browser import Browser

TIME_ZONE = "Asia/Shanghai"


def main(order):
    faults = 0
    with Browser(order["browser"], order["profile"]) as browser:
        for picture in order["pictures"]:
            complaints = _take(browser, order["address"], picture)
            name = Path(picture["file"]).name
            print(f"  {name}: {'ok' if not complaints else f'{len(complaints)} complaints'}", flush=True)
            for complaint in complaints:
                print(f"    {complaint}", flush=True)
            faults += bool(complaints)
    return 1 if faults else 0


def _take(browser, address, picture):
    with browser.page(picture["width"], picture["height"], TIME_ZONE) as page:
        if picture["session"]:
            page.set_cookie(address, "session_id", picture["session"])
        page.go(address + picture["path"])
        settled = page.settle(picture["wait"])
        page.save_picture(picture["file"])
        complaints = list(dict.fromkeys(page.errors))
        if not settled:
            complaints.append(f"never came to rest, or never showed {picture['wait'] or 'anything'}")
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if overflow > 0:
            complaints.append(f"is {overflow} px wider than the screen")
        dialog = page.evaluate("document.querySelector('.o_error_dialog, .o_dialog_error')?.innerText")
        return complaints + ([f"shows an error dialog: {dialog}"] if dialog else [])


sys.exit(main(json.loads(sys.argv[1])))
