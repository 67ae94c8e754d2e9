from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import float_compare, format_list

from .broker_order_relay_news_mixin import BACK_ACTIVITY, LATE_LEG_ACTIVITY


class BrokerOrderRelayMoveMixin(models.AbstractModel):
    """How a job moves: there is one way, `_broker_move`, and this is all of it.

    Leaving the relay, passing on and waiting stand beside it, because they write the
    same rows.
    """

    _name = "broker.order.relay.move.mixin"
    _inherit = ["broker.order.relay.course.mixin", "broker.order.relay.news.mixin"]
    _description = "Order: Moving in the Relay"

    # HOOKS

    def _broker_check_stage(self, stage):
        """Hook: return why a job may not enter a stage, in translated sentences.

        A job that jumps over stages is asked about each of them.

        :param stage: `broker.relay.stage` in sudo
        :return: list of str; call super and add your own
        """
        self.ensure_one()
        if stage.code == "printing":
            return self._broker_get_print_obstacles().get(self, [])
        if (
            stage.code in ("reconciliation", "done")
            and self.company_id.broker_receipt_whole
            and not self.broker_receipt_date
        ):
            waiting = self._broker_get_undelivered()
            if waiting:
                return [self.env._("not everything is delivered yet: %(what)s", what=format_list(self.env, waiting))]
        return []

    def _broker_after_stage(self, stage, leg):
        """Hook: called after each of these jobs entered a stage or changed hands.

        :param stage: `broker.relay.stage` in sudo
        :param leg: the open `broker.relay.leg` of the job, or none in the last stage
        """

    def _broker_get_undelivered(self):
        """Hook: return what of a job is not delivered yet, as texts. A firm that notes no
        deliveries on the order lines delivers at once."""
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment and not line.product_id.broker_out_of_relay
        )
        if not any(line.qty_delivered for line in lines):
            return []
        return [
            self.env._(
                "%(product)s: %(delivered)g of %(ordered)g",
                product=line.product_id.display_name,
                delivered=line.qty_delivered,
                ordered=line.product_uom_qty,
            )
            for line in lines
            if float_compare(line.qty_delivered, line.product_uom_qty, precision_digits=4) < 0
        ]

    # MOVING

    def _broker_move(self, stage, reason=None, returned=False, **details):
        """Move jobs to a stage: finish the open legs and begin the next ones.

        :param stage: `broker.relay.stage`
        :param reason: in words; needed for a return, unless `reason_id` is given
        :param returned: the job goes back because something was not good enough; it
            goes to whoever ran that stage last, and is counted
        :param details: `note`, `date`, `attachment` (evidence of the stage that is
            left), `reason_id`, `user` who gets it instead of the customer's person,
            `kind` of the new legs, `is_fact` where something happened anyway and
            nothing may hold it up
        :raises UserError: names every reason of every job; nothing is moved then
        """
        stage = stage.sudo()
        self._broker_check_mover()
        orders = self.sudo().filtered(lambda order: order.broker_relay_stage_id != stage)
        if not orders or not stage:
            return
        orders._broker_lock()
        if not details.get("is_fact"):
            orders._broker_check_move(stage, reason, returned, details)
        kind = details.get("kind") or ("returned" if returned else "moved")
        outcome = {"returned": "returned", "corrected": "corrected"}.get(kind, "finished")
        evidence = {
            "note": details.get("note") or False,
            "evidence_date": details.get("date") or False,
            "attachment_id": (details.get("attachment") or self.env["ir.attachment"]).id,
        }
        values = {
            "start_kind": kind,
            "reason": (reason or "").strip() or False,
            "reason_id": (details.get("reason_id") or self.env["broker.relay.reason"]).id,
        }
        orders._broker_change_legs(stage, outcome, evidence, values, details.get("user"))
        orders._broker_agree_receipt(stage, details.get("date"))
        orders._broker_agree_arrival(stage, details.get("date"))

    def _broker_lock(self):
        """Let nobody else move these jobs until the end of the transaction."""
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else is moving %(orders)s at this very moment. Look again what became of it.",
                    orders=format_list(self.env, self.mapped("name")),
                )
            ) from error

    def _broker_change_legs(self, stage, outcome, evidence, values, user=None):
        """Finish the open legs of these jobs and begin the next ones in a stage.

        :param outcome: of the finished legs
        :param evidence: columns of the finished legs
        :param values: columns of the new legs
        :param user: `res.users` who gets the jobs; else the customers' people do
        """
        now = fields.Datetime.now()
        before = {order: order.broker_leg_id for order in self}
        self.broker_leg_id._finish(now, outcome, **evidence)
        if stage.code == "done":
            self._broker_write_relay({**self._broker_get_empty(), "broker_relay_stage_id": stage.id})
            no_leg = self.env["broker.relay.leg"].sudo()
            self._broker_tell_stage(stage, no_leg)
            for order in self:
                order._broker_after_stage(stage, no_leg)
            return
        is_passed_on = values["start_kind"] == "passed_on"
        clocks = self._broker_get_old_clocks() if is_passed_on else self._broker_get_clocks(stage, now)
        waits_for = {order: is_passed_on and order.broker_waits_for or stage.waits_for for order in self}
        history = self._broker_get_last_legs(stage) if values["start_kind"] == "returned" else {}
        vals_list = []
        for order in self:
            earlier = history.get(order)
            runner = order._broker_get_runner(stage) if user is None else user
            if earlier and user is None:
                runner = earlier.user_id.filtered("active") or runner
            vals_list.append(
                {
                    "order_id": order.id,
                    "company_id": order.company_id.id,
                    "customer_id": order.broker_customer_id.id,
                    "stage_id": stage.id,
                    "role": stage.role,
                    "user_id": runner.id,
                    "operator_id": self.env.uid,
                    "predecessor_id": before[order].id,
                    "started_at": now,
                    **clocks[order],
                    **values,
                    "return_count": int(values["start_kind"] == "returned"),
                    "return_user_id": earlier.user_id.id if earlier else False,
                }
            )
        legs = self.env["broker.relay.leg"]._append(vals_list)
        for order, leg in zip(self, legs, strict=True):
            order._broker_show_leg(leg, waits_for[order])
        for whom, group in legs.grouped(lambda leg: waits_for[leg.order_id]).items():
            group._begin_waiting(whom)
        if values["start_kind"] != "confirmed":
            self._broker_tell_stage(stage, legs)
        for order, leg in zip(self, legs, strict=True):
            order._broker_after_stage(stage, leg)

    def _broker_show_leg(self, leg, waits_for):
        """Show the open leg on the job, in one write."""
        self.ensure_one()
        self._broker_write_relay(
            {
                "broker_relay_stage_id": leg.stage_id.id,
                "broker_leg_id": leg.id,
                "broker_leg_user_id": leg.user_id.id,
                "broker_leg_warn_at": leg.warn_at,
                "broker_leg_deadline": leg.deadline,
                "broker_leg_escalated_at": False,
                "broker_waits_for": waits_for,
            }
        )

    @api.model
    def _broker_get_empty(self):
        return {
            "broker_relay_stage_id": False,
            "broker_leg_id": False,
            "broker_leg_user_id": False,
            "broker_leg_warn_at": False,
            "broker_leg_deadline": False,
            "broker_leg_escalated_at": False,
            "broker_waits_for": False,
        }

    # WHAT HOLDS A JOB UP

    def _broker_check_move(self, stage, reason, returned, details):
        """Raise one message with everything that holds these jobs up."""
        blocks = []
        for order in self:
            reasons = order._broker_get_obstacles(stage, reason, returned, details)
            if reasons:
                blocks.append("\n".join([f"{order.name}:", *(f"- {text}" for text in reasons)]))
        if blocks:
            raise UserError(
                self.env._(
                    "The job cannot move to %(stage)s yet.\n%(reasons)s", stage=stage.name, reasons="\n".join(blocks)
                )
            )

    def _broker_get_obstacles(self, stage, reason, returned, details):
        """Return why this job does not move, as texts."""
        present = self.broker_relay_stage_id
        if self.state != "sale" or not present:
            return [self.env._("only a confirmed order that is in the relay has stages")]
        if stage.company_id and stage.company_id != self.company_id:
            return [self.env._("the stage belongs to another company")]
        if stage._get_rank() < present._get_rank():
            if not (reason or "").strip() and not details.get("reason_id") and details.get("kind") != "corrected":
                return [self.env._("say why it goes back")]
            # Back to the press is to print again, on what is approved now.
            return self._broker_get_print_obstacles().get(self, []) if stage.code == "printing" else []
        if returned:
            return [self.env._("a job is sent back to an earlier stage")]
        reasons = []
        if not self._broker_has_evidence(present, details):
            reasons.append(self._broker_get_evidence_message(present))
        stages = self.env["broker.relay.stage"]._get_stages(self.company_id)
        for passed in stages | stage:
            if present._get_rank() < passed._get_rank() <= stage._get_rank():
                reasons += [text for text in self._broker_check_stage(passed) if text not in reasons]
        return reasons

    @api.model
    def _broker_has_evidence(self, stage, details):
        given = {
            "note": (details.get("note") or "").strip(),
            "file": details.get("attachment"),
            "date": details.get("date") or (stage.code == "receipt" and self.broker_receipt_date),
        }
        return stage.evidence == "none" or bool(given[stage.evidence])

    def _broker_get_evidence_message(self, stage):
        """Return what must be given to finish a stage, as a sentence."""
        texts = {
            "note": self.env._("To finish %(stage)s, write a note.", stage=stage.name),
            "file": self.env._("To finish %(stage)s, attach a file.", stage=stage.name),
            "date": self.env._("To finish %(stage)s, give the date.", stage=stage.name),
        }
        return texts[stage.evidence]

    # CHANGING HANDS

    def _broker_pass_on(self, user, reason=None, kind="passed_on"):
        """Give jobs to another person: a new leg in the same stage.

        The deadline stays, because the customer waits from the same moment; only a
        handoff that was accepted starts the clock anew.

        :param user: one `res.users`, or none
        """
        self._broker_check_mover()
        orders = self.sudo().filtered(
            lambda order: (
                order.broker_relay_stage_id
                and order.broker_stage_code != "done"
                and (order.broker_leg_user_id != user or not order.broker_leg_id)
            )
        )
        if not orders:
            return
        user = user.sudo()
        for order in orders if user else ():
            if not user.active or user.share or order.company_id not in user.company_ids:
                raise UserError(
                    self.env._(
                        "%(user)s does not work for %(company)s and cannot take %(order)s over.",
                        user=user.name,
                        company=order.company_id.name,
                        order=order.name,
                    )
                )
        if user and not self.env.su and not self.env["broker.customer"]._is_of_ours(user):
            raise UserError(
                self.env._(
                    "%(user)s has no role that opens jobs. Choose another one, or ask a manager to give it to them.",
                    user=user.name,
                )
            )
        orders._broker_lock()
        for stage, group in orders.grouped("broker_relay_stage_id").items():
            # Jobs of before the installation have no leg yet: it begins now.
            for begins, jobs in group.grouped(lambda order: not order.broker_leg_id).items():
                jobs._broker_change_legs(
                    stage,
                    "passed_on",
                    {},
                    {"start_kind": "reopened" if begins else kind, "reason": reason or False},
                    user,
                )

    @api.model
    def _broker_rescue_legs(self, users, companies=None):
        """Give the open legs of people who leave to those who stay: the customer's
        service agent, else the salesperson. Where there is neither they are nobody's,
        until a successor is named.

        :param users: the `res.users` who leave
        :param companies: only jobs of these `res.company`
        """
        domain = Domain("broker_leg_user_id", "in", users.ids)
        if companies:
            domain &= Domain("company_id", "in", companies.ids)
        orders = self.sudo().search(domain, order="id")
        orders._broker_pass_on_to_people(self.env._("Whoever had it left."), users)

    def _broker_pass_on_to_people(self, reason, leaving=None):
        """Give jobs to who of the customers' people is to run them now.

        :param leaving: `res.users` who get none
        """
        ids_by_receiver = {}
        for order in self:
            people = order._broker_get_people(order.broker_relay_stage_id)
            receiver = (people - leaving if leaving else people)[:1]
            ids_by_receiver.setdefault(receiver, []).append(order.id)
        for receiver, ids in ids_by_receiver.items():
            self.browse(ids)._broker_pass_on(receiver, reason)

    def _broker_wait(self, waits_for):
        """Say whom jobs wait for; the time is written apart."""
        self._broker_check_mover()
        orders = self.sudo().filtered(lambda order: order.broker_leg_id and order.broker_waits_for != waits_for)
        orders._broker_lock()
        orders._broker_set_waiting(waits_for)
        return True

    def _broker_set_waiting(self, waits_for):
        now = fields.Datetime.now()
        legs = self.broker_leg_id
        legs.wait_ids.filtered(lambda wait: not wait.finished_at)._finish(now)
        legs._begin_waiting(waits_for)
        self._broker_write_relay({"broker_waits_for": waits_for})

    # IN AND OUT

    def _broker_start_relay(self):
        """Let confirmed orders enter their first stage; one that was cancelled before
        goes on where it stood."""
        orders = self.sudo().filtered(
            lambda order: not order.broker_relay_stage_id and order.state == "sale" and order._broker_is_for_relay()
        )
        if not orders:
            return
        earlier = {
            leg.order_id: leg
            for leg in self.env["broker.relay.leg"].sudo().search(Domain("order_id", "in", orders.ids), order="id")
        }
        targets = {}
        for company, group in orders.grouped("company_id").items():
            first = self.env["broker.relay.stage"]._get_stages(company)[:1]
            for order in group:
                leg = earlier.get(order)
                stage = leg.stage_id if leg and leg.stage_id.active else first
                targets.setdefault((stage, bool(leg)), order.browse())
                targets[stage, bool(leg)] |= order
        for (stage, is_reopened), group in targets.items():
            if stage:
                kind = "reopened" if is_reopened else "confirmed"
                group._broker_change_legs(stage, "left", {}, {"start_kind": kind})

    def _broker_is_for_relay(self):
        """Tell whether an order goes through the stages: the company works with them,
        nobody took the order out, and something on it is printed."""
        self.ensure_one()
        if not self.company_id.broker_relay_active or self.broker_out_of_relay or not self.broker_customer_id:
            return False
        lines = self.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        return any(not line.product_id.broker_out_of_relay for line in lines)

    def _broker_leave_relay(self, outcome):
        """Take jobs off the board; their legs stay."""
        orders = self.sudo().filtered("broker_relay_stage_id")
        if orders:
            orders.broker_leg_id._finish(fields.Datetime.now(), outcome)
            orders._broker_write_relay(self._broker_get_empty())
            orders.activity_unlink([LATE_LEG_ACTIVITY, BACK_ACTIVITY])

    def _broker_follow_choice(self):
        """Let jobs leave the relay, or come back, as somebody ticked."""
        jobs = self.sudo().filtered(lambda order: order.state == "sale")
        jobs.filtered("broker_out_of_relay")._broker_leave_relay("left")
        jobs._broker_start_relay()

    # RECEIPT

    def _broker_agree_receipt(self, stage, date=None):
        """Make the day of the receipt agree with the stage that was entered."""
        for company, orders in self.grouped("company_id").items():
            receipt = self.env["broker.relay.stage"]._get_by_code(company, "receipt")
            if not receipt:
                continue
            if stage._get_rank() > receipt._get_rank():
                orders.filtered(lambda order: not order.broker_receipt_date).broker_receipt_date = (
                    date or fields.Datetime.now()
                )
            else:
                orders.filtered("broker_receipt_date").broker_receipt_date = False

    def _broker_agree_arrival(self, stage, date=None):
        """Note that the printing houses delivered, for jobs that are past printing."""
        for company, orders in self.grouped("company_id").items():
            printing = self.env["broker.relay.stage"]._get_by_code(company, "printing")
            if printing and stage._get_rank() > printing._get_rank():
                self.env["purchase.order.line"].sudo().search(
                    Domain("sale_order_id", "in", orders.ids)
                    & Domain("state", "=", "purchase")
                    & Domain("broker_arrived_date", "=", False)
                )._broker_note_arrival(date)

    def _broker_follow_receipt(self):
        """Make the stage agree with the day of the receipt that was written."""
        for company, orders in self.sudo().filtered("broker_relay_stage_id").grouped("company_id").items():
            receipt = self.env["broker.relay.stage"]._get_by_code(company, "receipt")
            if not receipt:
                continue
            limit = receipt._get_rank()
            before = orders.filtered(lambda order, limit=limit: order.broker_relay_stage_id._get_rank() <= limit)
            received = before.filtered("broker_receipt_date")
            after = (
                self.env["broker.relay.stage"]
                ._get_stages(company)
                .filtered(lambda stage, limit=limit: stage._get_rank() > limit)[:1]
            )
            for date, group in received.grouped("broker_receipt_date").items():
                group._broker_move(after, is_fact=True, date=date)
            (orders - before).filtered(lambda order: not order.broker_receipt_date)._broker_move(
                receipt, is_fact=True, kind="corrected"
            )
