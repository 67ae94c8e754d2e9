"""Let the demo firm live through eighteen months that end today."""

import gc
import json
from datetime import datetime

import pytz

from devtools.inside.demo.story import Story

# Where the firm keeps what its people were refused while it grew.
REFUSALS = "print_broker_crm.demo_refusals"


def grow(env):
    """Run the firm's flow through its public methods, day by day; commits with every month.

    The same day gives the same firm.
    """
    zone = pytz.timezone(env.ref("print_broker_crm.demo_company").resource_calendar_id.tz)
    story = Story(env, datetime.now(zone).date())
    story.firm.let_admin_in()
    month = None
    # Looking for circular garbage among all that Odoo keeps takes a sixth of the time; once a month is enough.
    gc.disable()
    for moment in story.grow():
        if moment.strftime("%Y-%m") != month:
            env.cr.commit()
            # What is remembered of past months would be looked through at every step.
            env.invalidate_all()
            gc.collect()
            month = moment.strftime("%Y-%m")
            print(month, flush=True)
    env["ir.config_parameter"].sudo().set_param(REFUSALS, json.dumps(story.clock.refusals))
    env.cr.commit()
