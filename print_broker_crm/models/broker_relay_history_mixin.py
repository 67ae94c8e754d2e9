from pytz import UTC

from odoo import api, models
from odoo.exceptions import UserError


class BrokerRelayHistoryMixin(models.AbstractModel):
    """Rows that tell who had a job or a case when: written when it happens, closed once,
    and never changed or deleted after that, by anybody.

    The rooms write through `_append` and `_close`; everything else is refused, whoever
    asks, so that a form, an import, RPC and the administrator meet the same door.
    """

    _name = "broker.relay.history.mixin"
    _description = "Relay: History"
    _allow_sudo_commands = False

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse rows by hand.

        :raises UserError: for any row
        """
        if vals_list:
            raise UserError(self._get_history_messages()["create"])
        return super().create(vals_list)

    def write(self, vals):
        """Refuse every change.

        :raises UserError: whenever a column would change
        """
        if self and vals:
            raise UserError(self._get_history_messages()["write"])
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self._get_history_messages()["unlink"])

    def copy_data(self, default=None):
        raise UserError(self._get_history_messages()["copy"])

    @api.model
    def load(self, fields, data):
        raise UserError(self._get_history_messages()["load"])

    # BUSINESS

    @api.model
    def _get_history_messages(self):
        """Hook: return what somebody is told who comes past the door: {what was tried:
        why not}."""
        return {
            "create": self.env._("The history of a job is written when the job moves, and cannot be entered."),
            "write": self.env._(
                "The history of a job is not edited: what happens next is a new row. Move the job instead."
            ),
            "unlink": self.env._("The history of a job is never deleted."),
            "copy": self.env._("The history of a job is not copied."),
            "load": self.env._("The history of a job is not imported: it is written when the job moves."),
            "close": self.env._("The history of a job is not edited: this part of it is over."),
        }

    @api.model
    def _append(self, vals_list):
        """Write new rows; not to be had by RPC.

        :return: the rows, in sudo
        """
        if not self.env.su:
            return self.sudo()._append(vals_list)
        past_the_guard = super()
        return past_the_guard.create(vals_list)

    def _count_hours(self, now):
        """Return {row: working hours since it began}; rows of a company share one look
        into its calendar.

        :param now: naive UTC `datetime`
        """
        hours = {}
        for company, rows in self.grouped("company_id").items():
            calendar = company._get_broker_calendar()
            end = UTC.localize(now)
            starts = {row: UTC.localize(row.started_at) for row in rows}
            spans = [(min(starts.values()), end)]
            if calendar.attendance_ids:
                intervals = calendar._work_intervals_batch(*spans[0], domain=company._get_broker_leave_domain())[False]
                spans = [(begin, stop) for begin, stop, _attendances in intervals]
            for row, start in starts.items():
                seconds = sum((stop - max(begin, start)).total_seconds() for begin, stop in spans if stop > start)
                hours[row] = seconds / 3600
        return hours

    def _close(self, vals):
        """Write how a row ended. A row that has ended stays as it is.

        :param vals: with `finished_at`
        """
        if not self.env.su:
            return self.sudo()._close(vals)
        if any(row.finished_at for row in self):
            raise UserError(self._get_history_messages()["close"])
        past_the_guard = super()
        return past_the_guard.write(vals)
