from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import SQL

# Models that hold contact data.
CONTACT_MODELS = ("res.partner", "broker.customer", "crm.lead")
# What the document of another model may show of its contact in a file.
NAME_FIELDS = frozenset({"id", ".id", "name", "display_name", "complete_name"})


class BrokerAccessLog(models.Model):
    """Who took customers out of the system, or read many at once.

    Rows are written in a transaction of their own: a request that is rolled back
    afterwards, refused, or run on a read-only cursor, has read all the same. Nobody
    changes or deletes them; after the company's number of days they are dropped.
    """

    _name = "broker.access.log"
    _description = "Access Log"
    _order = "id desc"
    _rec_name = "model"
    _allow_sudo_commands = False

    # Rows deleted in one statement of the nightly clean-up.
    _gc_batch = 10000

    user_id = fields.Many2one("res.users", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    date = fields.Datetime(required=True, readonly=True, index=True)
    kind = fields.Selection(
        [("export", "Export"), ("refused", "Refused Export"), ("read", "Bulk Read")], required=True, readonly=True
    )
    model = fields.Char(string="Technical Name", required=True, readonly=True)
    model_name = fields.Char(string="Records Of", compute="_compute_model_name")
    record_count = fields.Integer(string="Records", readonly=True)
    field_names = fields.Char(string="Fields", readonly=True)
    path = fields.Char(string="Requested by", readonly=True, help="The address that the program of the user asked.")

    @api.depends("model")
    def _compute_model_name(self):
        for log in self:
            log.model_name = self.env["ir.model"]._get(log.model).name or log.model

    # CRUD

    def write(self, vals):
        if self:
            raise UserError(self.env._("The access log is a record of what happened and cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("The access log cannot be deleted. Rows disappear by themselves after the days in the settings.")
        )

    # BUSINESS

    @api.model
    def _record(self, kind, model, record_count, field_names):
        """Write a row at once, whatever becomes of the present transaction.

        :param kind: 'export', 'refused' or 'read'
        :param model: technical name of the model that was read
        :param record_count: how many records
        :param field_names: names of the fields
        """
        address = request.httprequest.path if request else False
        with self.env.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    INSERT INTO broker_access_log (
                        user_id, company_id, date, kind, model, record_count, field_names, path,
                        create_uid, create_date, write_uid, write_date
                    ) VALUES (
                        %(uid)s, %(company)s, NOW() AT TIME ZONE 'UTC', %(kind)s, %(model)s, %(count)s,
                        %(fields)s, %(path)s,
                        %(uid)s, NOW() AT TIME ZONE 'UTC', %(uid)s, NOW() AT TIME ZONE 'UTC'
                    )
                    """,
                    uid=self.env.uid,
                    company=self.env.company.id,
                    kind=kind,
                    model=model,
                    count=record_count,
                    fields=", ".join(field_names),
                    path=address or None,
                )
            )

    @api.model
    def _record_read(self, model, record_count, field_names):
        """Write a row when a person of ours read more records of a model at once than
        the company's threshold."""
        if (
            not self.env.su
            and record_count > self.env.company.broker_bulk_read_threshold
            and self.env["broker.customer"]._is_of_ours(self.env.user)
        ):
            self._record("read", model, record_count, field_names)

    @api.model
    def _check_export(self, records, field_names):
        """Refuse or record an export, when it takes contact data out.

        :param records: records about to be exported
        :param field_names: paths of the fields, as the client sends them
        :raise UserError: when the present user may not export contacts
        """
        Customer = self.env["broker.customer"]
        if self.env.su or not Customer._is_of_ours(self.env.user):
            return
        if not any(self._is_contact_path(records, name) for name in field_names):
            return
        allowed = Customer._may_export_contacts(self.env.user)
        self._record("export" if allowed else "refused", records._name, len(records), field_names)
        if not allowed:
            raise UserError(
                self.env._(
                    "Customers, contacts and opportunities are not exported by salespeople and service agents. "
                    "Ask a manager for the file. This attempt was recorded."
                )
            )

    @api.model
    def _is_contact_path(self, records, path):
        """Return whether a path of fields ends in contact data; on documents the name
        of the contact is not."""
        if records._name in CONTACT_MODELS:
            return True
        model = records
        for name in path.replace(".id", "/.id").split("/"):
            if model._name in CONTACT_MODELS and name not in NAME_FIELDS:
                return True
            field = model._fields.get(name)
            if field is None or not field.relational:
                return False
            model = self.env[field.comodel_name]
        return False

    # CRON

    @api.autovacuum
    def _gc_access_logs(self):
        """Drop the rows that are older than their company's number of days.

        :return: (rows deleted, whether there are more)
        """
        deleted = 0
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        for company in companies:
            limit = fields.Datetime.now() - timedelta(days=company.broker_access_log_days)
            self.env.cr.execute(
                SQL(
                    """
                    DELETE FROM broker_access_log
                     WHERE id IN (
                        SELECT id FROM broker_access_log
                         WHERE company_id = %s AND date < %s
                         LIMIT %s
                     )
                    """,
                    company.id,
                    limit,
                    self._gc_batch,
                )
            )
            if self.env.cr.rowcount == self._gc_batch:
                return deleted + self._gc_batch, True
            deleted += self.env.cr.rowcount
        self.invalidate_model()
        return deleted, False
