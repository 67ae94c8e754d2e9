from odoo import api, fields, models
from odoo.tools import format_list
from odoo.tools.misc import format_date


class BrokerCustomerReadinessExplanationMixin(models.AbstractModel):
    """Puts the trace of a customer's succession readiness into words.

    In the reader's language and for the reader's eyes: when the care line called is
    told to the care line and the managers alone.
    """

    _name = "broker.customer.readiness.explanation.mixin"
    _description = "Customer File: Readiness in Words"

    @api.depends("readiness", "readiness_date")
    @api.depends_context("lang", "uid")
    def _compute_readiness_explanation(self):
        sees_care = self.env.su or self.env.user.has_group("print_broker_crm.group_care_officer")
        for customer in self:
            trace = customer.sudo().readiness_trace
            customer.readiness_explanation = trace and self.env["ir.qweb"]._render(
                "print_broker_crm.broker_customer_readiness_explanation",
                {"parts": customer._prepare_readiness_parts(trace, sees_care), "score": customer.readiness},
            )

    def _prepare_readiness_parts(self, trace, sees_care):
        """Return the parts of the score as lines of the explanation.

        :param trace: what the refresh stored
        :param sees_care: the reader may know when the care line called
        :return: list of {'label', 'points', 'of', 'evidence', 'links', 'advice'}
        """
        self.ensure_one()
        labels = {
            "touch": self.env._("A colleague knows the customer"),
            "file": self.env._("The file is complete"),
            "care": self.env._("The care line is in touch"),
            "promise": self.env._("No promise is known to one person only"),
        }
        parts = []
        for code, label in labels.items():
            part = trace[code]
            evidence, links, advice = getattr(self, f"_explain_readiness_{code}")(part, sees_care)
            parts.append(
                {
                    "code": code,
                    "label": label,
                    "points": part["points"],
                    "of": part["of"],
                    "evidence": evidence,
                    "links": links,
                    "advice": part["points"] < part["of"] and advice,
                }
            )
        return parts

    def _format_touch_day(self, moment):
        company = self.company_id.sudo()
        return format_date(self.env, company._get_broker_date(fields.Datetime.to_datetime(moment)))

    def _explain_readiness_touch(self, part, sees_care):
        advice = self.env._(
            "Let a colleague meet the customer: name a service agent, take somebody along to the next meeting, or ask "
            "the care line to call."
        )
        touch = part["other"] if sees_care else part["colleague"]
        if not touch:
            if part["other"]:
                return self.env._("The care line was in touch."), [], advice
            return self.env._("Nobody besides the salesperson is known to have been in touch."), [], advice
        channels = {
            "phone": self.env._("phone"),
            "email": self.env._("e-mail"),
            "message": self.env._("message"),
            "wechat": self.env._("WeChat"),
            "visit": self.env._("visit"),
            "meeting": self.env._("meeting"),
            "handoff": self.env._("handoff"),
        }
        person = self.env["res.users"].sudo().browse(touch["user_id"]).exists()
        evidence = self.env._(
            "%(person)s on %(day)s (%(channel)s); counted are the last %(days)s days.",
            person=person.name or self.env._("Deleted user"),
            day=self._format_touch_day(touch["moment"]),
            channel=channels.get(touch["channel"], touch["channel"]),
            days=part["days"],
        )
        if part["points"] and not sees_care and part["other"] != touch:
            evidence = self.env._("%(colleague)s The care line was in touch as well.", colleague=evidence)
        return evidence, self._get_readiness_links([touch]), advice

    @api.model
    def _get_file_labels(self):
        """Return {code: what is meant} of the checks of a complete file."""
        return {
            "phone": self.env._("phone"),
            "email": self.env._("e-mail"),
            "contact": self.env._("a named contact person with a phone"),
            "address": self.env._("street and city"),
            "tax": self.env._("tax number"),
            "service": self.env._("service agent"),
            "care": self.env._("care officer"),
        }

    def _explain_readiness_file(self, part, _sees_care):
        labels = self._get_file_labels()
        missing = [labels.get(code, code) for code in part["missing"]]
        total = len(self._get_file_checks())
        evidence = self.env._("%(filled)s of %(total)s are filled in.", filled=total - len(missing), total=total)
        return (
            evidence,
            [],
            missing and self.env._("Fill in: %(missing)s", missing=format_list(self.env, missing)),
        )

    def _explain_readiness_care(self, part, sees_care):
        if not sees_care:
            evidence = (
                self.env._("In touch as often as agreed.")
                if part["points"]
                else self.env._("Not in touch as often as agreed.")
            )
            return evidence, [], self.env._("Ask the care line to call the customer.")
        if part["moment"]:
            evidence = self.env._(
                "Reached on %(day)s; owed every %(days)s days.",
                day=self._format_touch_day(part["moment"]),
                days=part["days"],
            )
        else:
            evidence = self.env._("Never reached; owed every %(days)s days.", days=part["days"])
        return evidence, [], self.env._("Plan a care call.")

    def _explain_readiness_promise(self, part, _sees_care):
        if not part["number"]:
            evidence = self.env._("Every open to-do, meeting and handoff has a second pair of eyes.")
        else:
            evidence = self.env._(
                "Only the salesperson knows of %(number)s: to-dos on records that no colleague follows, meetings that "
                "no colleague attends, handoffs that nobody has accepted.",
                number=part["number"],
            )
        advice = self.env._("Let a colleague follow the record or join the meeting, and hand over what waits.")
        return evidence, self._get_readiness_links(part["items"]), advice

    def _get_readiness_links(self, rows):
        """Return links to the rows that the reader may read.

        :param rows: list of {'model', 'res_id'}
        :return: list of {'url', 'name'}
        """
        links = {}
        for row in rows:
            Model = self.env.get(row["model"])
            # A message or a ticked-off activity has no screen of its own.
            if Model is None or row["model"] in ("mail.message", "mail.activity"):
                continue
            record = Model.browse(row["res_id"]).exists()
            if record and record.has_access("read"):
                url = f"/odoo/{row['model']}/{record.id}"
                links[url] = {"url": url, "name": record.display_name}
        return list(links.values())
