import json
import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from .broker_commission_entry_writer_mixin import MOVE_TYPES

_logger = logging.getLogger(__name__)

# How far behind the start of the last pass the sweep looks, for transactions that
# were still open then: `write_date` is the time at which a transaction began.
_SWEEP_OVERLAP = timedelta(hours=1)
_SWEEP_BATCH = 200
_SWEEP_PARAMETER = "print_broker_crm.commission_sweep"


class BrokerCommissionEntrySweepMixin(models.AbstractModel):
    """The nightly check: what the hooks may have missed is settled again.

    It goes from what changed since the last complete pass began, batch by batch, and
    writes nothing where nothing was missed.
    """

    _name = "broker.commission.entry.sweep.mixin"
    _description = "Commission Entry: Nightly Check"

    @api.model
    def _cron_sweep(self):
        """Settle again what may have been missed, batch by batch.

        A pass walks, by ascending id, the invoices of jobs where the invoice, the job
        or its lines changed since the last complete pass began. Where it stands is
        kept in a system parameter, so that a pass that ran out of time goes on in the
        next run.
        """
        parameters = self.env["ir.config_parameter"].sudo()
        size = int(parameters.get_param(f"{_SWEEP_PARAMETER}_batch", _SWEEP_BATCH))
        state = json.loads(parameters.get_param(_SWEEP_PARAMETER) or "{}")
        state.setdefault("since", "")
        if not state.get("started"):
            state["started"] = fields.Datetime.to_string(fields.Datetime.now())
            state["position"] = 0
        while True:
            moves, remaining = self._get_sweep_batch(state["since"], state["position"], size)
            self._settle_one_by_one_on_error(moves)
            if moves:
                state["position"] = moves.ids[-1]
            if not remaining:
                state = {"since": state["started"]}
                self._sweep_charges()
            parameters.set_param(_SWEEP_PARAMETER, json.dumps(state))
            left = self.env["ir.cron"]._commit_progress(len(moves), remaining=remaining)
            if not remaining or not left:
                return

    @api.model
    def _settle_one_by_one_on_error(self, moves):
        """Settle a batch; when an invoice of it fails, the others all the same, so that
        one broken document does not stop every night at its place."""
        try:
            with self.env.cr.savepoint():
                self._settle(moves, "sweep")
            return
        except OperationalError:
            # Somebody was faster: the next run finds the batch again.
            raise
        except Exception:
            self.env.invalidate_all()
        for move in moves:
            try:
                with self.env.cr.savepoint():
                    self._settle(move, "sweep")
            except OperationalError:
                raise
            except Exception:
                self.env.invalidate_all()
                _logger.exception("The commission of the invoice %s (%s) cannot be settled", move.name, move.id)

    @api.model
    def _get_sweep_batch(self, since, position, size):
        """Return the next invoices of a pass and whether (1) some are left, or not (0).

        :param since: start of the last complete pass (UTC, text), or empty
        :param position: the greatest id already settled in this pass
        :param size: how many invoices at most
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT changed.id
                  FROM (%(changed)s) changed
                 WHERE changed.id > %(position)s
                   AND EXISTS (
                        SELECT
                          FROM account_move move
                          JOIN account_move_line line
                            ON line.move_id IN (move.id, move.reversed_entry_id)
                          JOIN sale_order_line_invoice_rel link
                            ON link.invoice_line_id = line.id
                          JOIN sale_order_line sale_line
                            ON sale_line.id = link.order_line_id
                          JOIN sale_order job ON job.id = sale_line.order_id
                         WHERE move.id = changed.id
                           AND move.move_type IN %(types)s
                           AND job.broker_commission_plan_id IS NOT NULL
                       )
              ORDER BY changed.id
                 LIMIT %(limit)s
                """,
                changed=self._get_changed_query(since),
                position=position,
                types=MOVE_TYPES,
                limit=size + 1,
            )
        )
        ids = [id_ for [id_] in rows]
        moves = self.env["account.move"].sudo().browse(ids[:size])
        return moves, len(ids) - len(moves)

    @api.model
    def _get_changed_query(self, since):
        """Return the query of the ids of invoices that changed since a pass began.

        Each of the three tables is asked for its own changes, and only from these the
        way leads to invoices: a quiet night does not visit every invoice of every job.
        The first pass visits all, by their ids.
        """
        if not since:
            return SQL("SELECT id FROM account_move")
        return SQL(
            """
            SELECT id FROM account_move WHERE write_date >= %(after)s AND move_type IN %(types)s
             UNION
            SELECT line.move_id
              FROM sale_order_line sale_line
              JOIN sale_order_line_invoice_rel link ON link.order_line_id = sale_line.id
              JOIN account_move_line line ON line.id = link.invoice_line_id
             WHERE sale_line.write_date >= %(after)s
             UNION
            SELECT line.move_id
              FROM sale_order job
              JOIN sale_order_line sale_line ON sale_line.order_id = job.id
              JOIN sale_order_line_invoice_rel link ON link.order_line_id = sale_line.id
              JOIN account_move_line line ON line.id = link.invoice_line_id
             WHERE job.write_date >= %(after)s
            """,
            after=fields.Datetime.to_datetime(since) - _SWEEP_OVERLAP,
            types=MOVE_TYPES,
        )
