from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerCasePeriod(models.Model):
    """The time that a case spent in one status: written when the case moves, closed once,
    and never changed or deleted after that, by anybody.

    Their working hours are the clock of the case: what was waited for others is told
    apart from what took our own time.
    """

    _name = "broker.case.period"
    _description = "Period of a Case"
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

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse rows by hand.

        :raises UserError: for any row
        """
        if vals_list:
            raise UserError(self.env._("The history of a case is written when the case moves, and cannot be entered."))
        return super().create(vals_list)

    def write(self, vals):
        """Refuse every change.

        :raises UserError: whenever a column would change
        """
        if self and vals:
            raise UserError(
                self.env._("The history of a case is not edited: what happens next is a new row. Move the case.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The history of a case is never deleted."))

    def copy_data(self, default=None):
        raise UserError(self.env._("The history of a case is not copied."))

    # BUSINESS

    @api.model
    def _append(self, vals_list):
        """Write new rows; not to be had by RPC.

        :return: the rows, in sudo
        """
        if not self.env.su:
            return self.sudo()._append(vals_list)
        past_the_guard = super()
        return past_the_guard.create(vals_list)

    def _close(self, vals):
        """Write how a row ended. A row that has ended stays as it is.

        :param vals: with `finished_at`, `next_state` and `hours`
        """
        if not self.env.su:
            return self.sudo()._close(vals)
        if any(row.finished_at for row in self):
            raise UserError(self.env._("The history of a case is not edited: this part of it is over."))
        past_the_guard = super()
        return past_the_guard.write(vals)
