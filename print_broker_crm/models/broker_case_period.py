from odoo import api, fields, models


class BrokerCasePeriod(models.Model):
    """The time that a case spent in one status: written when the case moves, closed once,
    and never changed or deleted after that, by anybody.

    Their working hours are the clock of the case: what was waited for others is told
    apart from what took our own time.
    """

    _name = "broker.case.period"
    _description = "Period of a Case"
    _inherit = "broker.relay.history.mixin"
    _order = "started_at desc, id desc"
    _rec_name = "case_id"
    _allow_sudo_commands = False

    case_id = fields.Many2one("broker.case", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="restrict")
    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="restrict")
    state = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["state"]._description_selection(self.env),
        string="Status",
        required=True,
    )
    next_state = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["state"]._description_selection(self.env),
        string="Went on To",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        index="btree_not_null",
        ondelete="restrict",
        help="Who answered for the case when the period began.",
    )
    operator_id = fields.Many2one(
        "res.users", string="Moved by", required=True, ondelete="restrict", help="Who let the period begin."
    )
    is_waiting = fields.Boolean(string="Waiting for Others", help="The clock of the solution stood still.")
    started_at = fields.Datetime(string="From", required=True)
    finished_at = fields.Datetime(string="To")
    hours = fields.Float(help="Working hours of the company.")

    _open_case_uniq = models.UniqueIndex(
        "(case_id) WHERE finished_at IS NULL", "The case has just been moved by somebody else: look at it again."
    )

    @api.model
    def _get_history_messages(self):
        return {
            "create": self.env._("The history of a case is written when the case moves, and cannot be entered."),
            "write": self.env._("The history of a case is not edited: what happens next is a new row. Move the case."),
            "unlink": self.env._("The history of a case is never deleted."),
            "copy": self.env._("The history of a case is not copied."),
            "load": self.env._("The history of a case is not imported: it is written when the case moves."),
            "close": self.env._("The history of a case is not edited: this part of it is over."),
        }
