from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .broker_care_call_rating_mixin import RATED_ROLES
from .rating_rating import RATED_MODELS


class BrokerCareCallResultMixin(models.AbstractModel):
    """What a care call leads to: its result, scores, next attempt or end, and to-dos.

    Apart from the call, because a result is checked whole before anything is written
    and has consequences elsewhere; planning, its counterpart, is apart as well.
    """

    _name = "broker.care.call.result.mixin"
    _description = "Care Call: Result"

    # ACTIONS

    def action_log_attempt(
        self,
        outcome=None,
        note=None,
        call_back_at=None,
        sales_rating=None,
        service_rating=None,
        score_declined=None,
    ):
        """Log the result of dialling, and plan what follows from it.

        What is not given is taken from what was typed on the call (`result_note`,
        `call_back_at`, `sales_score`, `service_score`, `score_declined`); the
        outcome may come by the context key `care_outcome` of a button. Everything is
        checked before anything is written, so that a refused result loses nothing.

        :param outcome: one of the outcomes of `broker.care.call.attempt`
        :param call_back_at: naive UTC `datetime`, for the outcome 'call_back'
        :param sales_rating: 1 to 5, only with the outcome 'reached'
        :param service_rating: 1 to 5, only with the outcome 'reached'
        :param score_declined: the customer was asked and gave no score
        :raise UserError: for a result that is missing, wrong or contradictory
        """
        self.ensure_one()
        self.check_access("write")
        call = self.sudo()
        call.lock_for_update(allow_referencing=True)
        call.invalidate_recordset(["state", "attempt_count"])
        outcome = outcome or self.env.context.get("care_outcome")
        call_back_at = fields.Datetime.to_datetime(call_back_at or call.call_back_at)
        scores = {
            "sales": call._check_score(sales_rating, call.sales_score, "sales"),
            "service": call._check_score(service_rating, call.service_score, "service"),
        }
        scores = {role: score for role, score in scores.items() if score}
        if score_declined is None:
            score_declined = call.score_declined
        self._check_result(outcome, call_back_at, scores, score_declined)

        asked = call.ask_rating and outcome == "reached"
        now = fields.Datetime.now()
        self.env["broker.care.call.attempt"].sudo().create(
            {
                "call_id": call.id,
                "user_id": self.env.uid,
                "date": now,
                "outcome": outcome,
                "phone": call.phone,
                "call_back_at": outcome == "call_back" and call_back_at,
                "note": note or call.result_note,
            }
        )
        call._save_ratings(scores)
        call.write(
            {
                "attempt_count": call.attempt_count + 1,
                "last_outcome": outcome,
                "rating_asked": asked,
                "date_reached": outcome == "reached" and now,
                "result_note": False,
                "call_back_at": False,
                "sales_score": "0",
                "service_score": "0",
                "score_declined": False,
            }
        )
        if outcome == "reached":
            call._compare_with_order()
            call._pass_on()
        call._follow_up(outcome, call_back_at)
        return True

    def action_next(self):
        """Open the next callable call of the officer's queue."""
        following = self.search(
            Domain("user_id", "=", self.env.uid)
            & Domain("state", "=", "planned")
            & Domain("callable_now", "=", True)
            & Domain("id", "not in", self.ids),
            limit=1,
        )
        if not following:
            return self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_care_call_action")
        return following._get_form_action()

    def action_cancel(self):
        """Cancel planned calls by hand; the cadence goes on from today."""
        self.check_access("write")
        calls = self.filtered(lambda call: call.state == "planned")
        calls.sudo()._close("cancelled", "by_hand")
        return True

    # BUSINESS: the result of a call

    def _check_result(self, outcome, call_back_at, scores, score_declined):
        """Refuse a result that says nothing, too much or the impossible."""
        self.ensure_one()
        outcomes = dict(self.env["broker.care.call.attempt"]._fields["outcome"]._description_selection(self.env))
        if not outcome:
            raise UserError(
                self.env._(
                    "Say how the call to %(customer)s ended: choose one of %(outcomes)s. What you typed is kept.",
                    customer=self.name,
                    outcomes=", ".join(outcomes.values()),
                )
            )
        if outcome not in outcomes:
            raise UserError(
                self.env._(
                    "%(outcome)s is no outcome of a call: choose one of %(outcomes)s.",
                    outcome=outcome,
                    outcomes=", ".join(outcomes.values()),
                )
            )
        if self.state != "planned":
            raise UserError(
                self.env._(
                    "The call to %(customer)s is already closed. Plan another call on the customer file.",
                    customer=self.name,
                )
            )
        if outcome == "call_back" and (not call_back_at or call_back_at <= fields.Datetime.now()):
            raise UserError(
                self.env._(
                    "Say when to call %(customer)s back: fill in a day and hour to come under Call Back At.",
                    customer=self.name,
                )
            )
        if scores and outcome != "reached":
            raise UserError(
                self.env._(
                    "Scores belong to the outcome %(reached)s. Choose it, or remove the stars.",
                    reached=outcomes["reached"],
                )
            )
        if scores and not self.ask_rating:
            raise UserError(
                self.env._(
                    "%(customer)s was asked for scores lately and is not to be asked "
                    "before %(date)s. Log the call without scores.",
                    customer=self.name,
                    date=fields.Date.to_string(self.ask_rating_from) or "-",
                )
            )
        if outcome == "reached" and self.ask_rating and not scores and not score_declined:
            raise UserError(
                self.env._(
                    "Give the scores of %(customer)s for sales or service, or tick No "
                    "Score Given. What you typed is kept.",
                    customer=self.name,
                )
            )

    # FIGURES

    @api.model
    def _get_summary(self, company, date_from=None, date_to=None):
        """Return the care line's figures of a company.

        :param date_from: only calls and scores from this moment, naive UTC
        :param date_to: only calls and scores before this moment, naive UTC
        :return: dict of done, missed and planned calls (numbers) and the average
            `sales_rating` and `service_rating` (1 to 5, 0.0 without any score)
        """
        call_domain = Domain("company_id", "=", company.id)
        rating_domain = (
            Domain("res_model", "in", RATED_MODELS)
            & Domain("broker_company_id", "=", company.id)
            & Domain("broker_role", "in", RATED_ROLES)
            & Domain("consumed", "=", True)
        )
        for moment, operator in ((date_from, ">="), (date_to, "<")):
            if moment:
                call_domain &= Domain("state", "=", "planned") | Domain("date_done", operator, moment)
                rating_domain &= Domain("rated_on", operator, moment)
        counts = dict(self.sudo()._read_group(call_domain, ["state"], ["__count"]))
        averages = dict(self.env["rating.rating"].sudo()._read_group(rating_domain, ["broker_role"], ["rating:avg"]))
        return {
            "done": counts.get("done", 0),
            "missed": counts.get("missed", 0),
            "planned": counts.get("planned", 0),
            "cancelled": counts.get("cancelled", 0),
            "sales_rating": averages.get("sales", 0.0),
            "service_rating": averages.get("service", 0.0),
        }
