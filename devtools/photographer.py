"""Take an order of pictures: ``python -m devtools.photographer JSON``, in the venv; 1 when a page is in error."""

import json
import sys
from pathlib import Path

from devtools.browser import Browser

TIME_ZONE = "Asia/Shanghai"
MENU = ".o_statusbar_buttons .dropdown-toggle, .o_cp_action_menus .dropdown-toggle"


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
        complaints = [complaint for selector in picture["clicks"] if (complaint := _click(page, selector))]
        if picture["scroll_to"]:
            page.evaluate(f"document.querySelector({json.dumps(picture['scroll_to'])})?.scrollIntoView()")
        page.save_picture(picture["file"])
        complaints += dict.fromkeys(page.errors)
        if not settled:
            complaints.append(f"never came to rest, or never showed {picture['wait'] or 'anything'}")
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if overflow > 0:
            complaints.append(f"is {overflow} px wider than the screen")
        dialog = page.evaluate("document.querySelector('.o_error_dialog, .o_dialog_error')?.innerText")
        return complaints + ([f"shows an error dialog: {dialog}"] if dialog else [])


def _click(page, selector):
    """Click an element and wait for what it does; gives a complaint when there is none."""
    visible = f"[...document.querySelectorAll({json.dumps(selector)})].find((element) => element.offsetParent)"
    click = f"((element) => Boolean(element) && (element.click(), true))({visible})"
    if not page.evaluate(click):
        # Phones keep what does not fit in a menu.
        page.evaluate(f"document.querySelector({json.dumps(MENU)})?.click()")
        page.settle()
        if not page.evaluate(click):
            return f"has no {selector} to click"
    page.settle()
    return None


sys.exit(main(json.loads(sys.argv[1])))
