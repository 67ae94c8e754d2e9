from base64 import b64encode

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class ProtectionCommon(BrokerAccountCommon):
    """Three customers with everything a customer has, and people who may not see all.

    Jade is Wang's and served by Chen. Opal is Zhao's and served by Lin; on its papers
    stands no salesperson, which Odoo's own rules show to everybody who sells. Pearl is
    Wang's, and its handoff waits at Lin's desk. Onyx is nobody's customer yet and the
    press prints for the firm.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal_user = new_test_user(cls.env, login="broker_portal", groups="base.group_portal")
        cls.press = cls.env["res.partner"].create({"name": "Press", "is_company": True, "supplier_rank": 1})
        cls.outside_product = cls._create_print_product(
            "Outside Print",
            cls.print_category,
            service_to_purchase=True,
            seller_ids=[Command.create({"partner_id": cls.press.id, "price": 70.0})],
        )
        cls.sponsor = new_test_user(cls.env, login="broker_sponsor", groups="base.group_user")
        cls.provider = cls.env["payment.provider"].sudo().create({"name": "Bank", "company_id": cls.company.id})
        cls.payment_method = (
            cls.env["payment.method"].sudo().create({"name": "Transfer", "code": "broker_transfer", "active": True})
        )
        cls.jade = cls.partner
        cls.opal = cls._create_partner("Opal Hotel", cls.sales_zhao, vat="US111222")
        cls.pearl = cls._create_partner("Pearl School", cls.sales_wang)
        cls.onyx = cls._create_partner("Onyx Bank")
        cls.people = {
            "wang": cls.sales_wang,
            "zhao": cls.sales_zhao,
            "chen": cls.service_chen,
            "lin": cls.service_lin,
            "sun": cls.care_sun,
            "qian": cls.manager_qian,
            "plain": cls.plain_user,
            "portal": cls.portal_user,
        }
        for user in cls.people.values():
            user.password = user.login
        # {model: {label: records}}
        cls.papers = {"res.partner": {"onyx": cls.onyx, "press": cls.press}}
        cls._fill_customer_papers("jade", cls.jade, cls.service_chen, cls.sales_wang)
        cls._fill_customer_papers("opal", cls.opal, cls.service_lin, cls.env["res.users"])
        cls._fill_customer_papers("pearl", cls.pearl, cls.env["res.users"], cls.sales_wang)
        cls.pearl_handoff = cls.papers["broker.handoff"]["pearl"]
        cls.pearl_handoff.sudo().write({"state": "submitted", "receiver_id": cls.service_lin.id})
        cls._pass_questions_on()
        cls._run_night()
        cls._raise_signals()
        cls._start_campaign()
        cls._open_reviews()
        cls._pay_people()
        cls.env.flush_all()

    @classmethod
    def _pass_questions_on(cls):
        """A question about each job was passed on by the salesperson to the agent."""
        for label, salesperson, agent in (
            ("jade", cls.sales_wang, cls.service_chen),
            ("opal", cls.sales_zhao, cls.service_lin),
            ("pearl", cls.sales_wang, cls.service_lin),
        ):
            question = cls.papers["mail.message"][label]
            row = (
                cls.env["broker.question.pass"]
                .with_user(salesperson)
                ._pass_on(cls.papers["sale.order"][label].with_user(salesperson).sudo(), question.sudo(), agent)
            )
            cls.papers.setdefault("broker.question.pass", {})[label] = row.with_env(cls.env)

    @classmethod
    def _run_night(cls):
        """Score and call the three customers."""
        customers = cls.papers["broker.customer"]
        cls.env["broker.tier.score"]._run(cls.company, cls.env["broker.customer"].union(*customers.values()))
        for label, customer in customers.items():
            call = cls.env["broker.care.call"].create({"customer_id": customer.id, "user_id": cls.care_sun.id})
            call.action_log_attempt("reached", note="All well", sales_rating=4, service_rating=5)
            records = {
                "broker.tier.score": cls.env["broker.tier.score"].sudo().search([("customer_id", "=", customer.id)]),
                "broker.care.call": call,
                "broker.care.call.attempt": call.attempt_ids,
                "broker.care.call.reason": call.reason_ids,
                "broker.rating.link": cls.env["broker.rating.link"]._ask(
                    customer, customer.child_ids[:1], 180, call=call
                ),
                "broker.trend.change": cls.env["broker.trend.change"]
                .sudo()
                .create(
                    {
                        "customer_id": customer.id,
                        "company_id": cls.company.id,
                        "date": "2026-03-01",
                        "trend": "declining",
                    }
                ),
            }
            for model, found in records.items():
                cls.papers.setdefault(model, {})[label] = found.with_env(cls.env)

    @classmethod
    def _raise_signals(cls):
        """Raise a signal about each customer's salesperson."""
        for label, customer in cls.papers["broker.customer"].items():
            signal = cls.env["broker.signal"]._raise(
                [
                    {
                        "company_id": cls.company.id,
                        "customer_id": customer.id,
                        "kind": "mismatch",
                        "key": label,
                        "user_id": customer.user_id.id,
                        "evidence": [(customer, f"The price of {label}")],
                    }
                ]
            )
            records = {
                "broker.signal": signal,
                "broker.signal.evidence": signal.evidence_ids,
                "broker.signal.event": signal.event_ids,
            }
            for model, found in records.items():
                cls.papers.setdefault(model, {})[label] = found.with_env(cls.env)

    @classmethod
    def _start_campaign(cls):
        """Choose the three customers for a campaign."""
        campaign = cls.env["broker.campaign"].create({"name": "Calendars"})
        for label, customer in cls.papers["broker.customer"].items():
            cls.papers.setdefault("broker.campaign.member", {})[label] = cls.env["broker.campaign.member"].create(
                {"campaign_id": campaign.id, "customer_id": customer.id}
            )

    @classmethod
    def _open_reviews(cls):
        """Open a review of each customer, with something that everybody may read, something
        that the care line heard, and a measure of the manager's."""
        for label, customer in cls.papers["broker.customer"].items():
            review = cls.env["broker.review"]._open([{"customer_id": customer.id, "reason": "by_hand"}])
            cls.env["broker.review.evidence"].sudo()._add(
                {
                    review: [
                        {"kind": "case", "text": f"Secret of {label}", "res_model": "broker.customer", **vals}
                        for vals in (
                            {"res_id": customer.id, "cause": "quality"},
                            {"res_id": customer.id + 1000000, "cause": "competitor", "is_confidential": True},
                        )
                    ]
                }
            )
            measure = cls.env["broker.review.measure"].create(
                {"review_id": review.id, "name": label, "user_id": cls.manager_qian.id, "date": "2026-03-02"}
            )
            records = {
                "broker.review": review,
                "broker.review.evidence": review.evidence_ids.filtered(lambda row: row.text.startswith("Secret")),
                "broker.review.measure": measure,
            }
            for model, found in records.items():
                cls.papers.setdefault(model, {})[label] = found.with_env(cls.env)

    @classmethod
    def _pay_people(cls):
        """Give Chen, Zhao and Wang, who work with Jade, Opal and Pearl, a statement,
        an adjustment and a dispute each."""
        for label, user in (("jade", cls.service_chen), ("opal", cls.sales_zhao), ("pearl", cls.sales_wang)):
            vals = {"user_id": user.id, "company_id": cls.company.id}
            records = {
                "broker.commission.statement": cls.env["broker.commission.statement"].create(vals),
                "broker.commission.adjustment": cls.env["broker.commission.adjustment"].create(
                    {**vals, "amount": 1.0, "reason": label}
                ),
            }
            dispute = {"reason": "missing", "description": label}
            records["broker.commission.dispute"] = (
                cls.env["broker.commission.dispute"].with_user(user).create(dispute).with_env(cls.env)
            )
            for model, found in records.items():
                cls.papers.setdefault(model, {})[label] = found

    @classmethod
    def _fill_customer_papers(cls, label, partner, service, salesperson):
        """Give a customer a contact, a lead, a job with all its papers, a care call."""
        env = cls.env
        contact = env["res.partner"].create(
            {"name": f"Buyer of {partner.name}", "parent_id": partner.id, "email": f"buyer@{label}.example.com"}
        )
        lead = env["crm.lead"].create(
            {"name": f"{label} lead", "type": "opportunity", "partner_id": partner.id, "user_id": salesperson.id}
        )
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "user_id": salesperson.id,
                "opportunity_id": lead.id,
                "order_line": [
                    Command.create({"product_id": cls.outside_product.id, "price_unit": 100.0, "purchase_price": 70.0})
                ],
            }
        )
        order.user_id = salesperson
        order.action_confirm()
        lead.action_set_won()
        order.action_broker_wait_customer()
        customer = cls._open_customer(partner, service=service)
        handoff = env["broker.handoff"]._open_for_leads(lead)
        # Each job has a purchase order of its own.
        purchase = order._get_purchase_orders()
        purchase.button_confirm()
        invoice = order._create_invoices()
        invoice.invoice_user_id = salesperson
        invoice.action_post()
        rating = env["rating.rating"].create(
            {
                "res_model_id": env["ir.model"]._get_id("sale.order"),
                "res_id": order.id,
                "partner_id": partner.id,
                "rating": 4,
                "consumed": True,
            }
        )
        order.message_subscribe(partner.ids)
        message = order.message_post(body=f"About {label}", partner_ids=contact.ids, message_type="comment")
        event = env["calendar.event"].create(
            {
                "name": f"Visit {label}",
                "start": "2026-03-02 02:00:00",
                "stop": "2026-03-02 03:00:00",
                "partner_ids": [Command.set((contact + cls.sponsor.partner_id).ids)],
                "opportunity_id": lead.id,
                "user_id": cls.sponsor.id,
            }
        )
        transaction = (
            env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.payment_method.id,
                    "reference": label,
                    "amount": 1.0,
                    "currency_id": cls.company.currency_id.id,
                    "partner_id": partner.id,
                }
            )
        )
        env["mail.activity"].create(
            {
                "res_model_id": env["ir.model"]._get_id("crm.lead"),
                "res_id": lead.id,
                "activity_type_id": env.ref("mail.mail_activity_data_todo").id,
                "user_id": cls.manager_qian.id,
            }
        )
        lead.activity_schedule("mail.mail_activity_data_call", user_id=cls.manager_qian.id).action_feedback("Called")
        growth = (
            env["broker.commission.growth"]
            .sudo()
            ._append(
                [
                    {
                        "company_id": cls.company.id,
                        "customer_id": customer.id,
                        "date_from": "2026-01-01",
                        "date_to": "2026-03-31",
                        "plan_id": cls.plan.id,
                        "outcome": "growth",
                        "state": "confirmed",
                    }
                ]
            )
        )
        growth_share = (
            env["broker.commission.growth.share"]
            .sudo()
            ._append([{"growth_id": growth.id, "user_id": partner.user_id.id, "amount": 100.0}])
        )
        proof = env["broker.proof"].create({"order_id": order.id})
        case = env["broker.case"].create(
            {"customer_id": customer.id, "title": f"{label} complains", "order_id": order.id}
        )
        proof_file = env["broker.proof.file"].create(
            {"proof_id": proof.id, "name": f"{label}.txt", "content": b64encode(label.encode())}
        )
        papers = {
            "broker.proof": proof,
            "broker.proof.file": proof_file,
            "res.partner": partner + contact,
            "res.partner.bank": env["res.partner.bank"].create(
                {"acc_number": f"BANK {label}", "partner_id": partner.id}
            ),
            "crm.lead": lead,
            "sale.order": order,
            "sale.order.line": order.order_line,
            "account.move": invoice,
            "account.move.line": invoice.invoice_line_ids,
            "purchase.order": purchase,
            "purchase.order.line": purchase.order_line,
            "rating.rating": rating,
            "mail.message": message,
            "mail.activity": lead.activity_ids,
            "calendar.event": event,
            "calendar.attendee": event.attendee_ids.filtered(lambda attendee: attendee.partner_id == contact),
            "payment.transaction": transaction,
            "broker.customer": customer,
            "broker.assignment": customer.assignment_ids,
            "broker.need": env["broker.need"].create(
                {"name": f"{label} needs boxes", "customer_id": customer.id, "contact_id": contact.id}
            ),
            "broker.case": case,
            "broker.case.period": case.period_ids,
            "broker.contact": env["broker.contact"]
            .with_user(partner.user_id)
            .create({"customer_id": customer.id, "channel": "wechat"})
            .with_env(env),
            "broker.claim.line": env["broker.claim.line"].create(
                {"case_id": case.id, "order_line_id": order.order_line[:1].id}
            ),
            "broker.job.spec": env["broker.job.spec"].create({"order_line_id": order.order_line.id}),
            "broker.customer.member": env["broker.customer.member"].create(
                {"customer_id": customer.id, "user_id": cls.sponsor.id, "function": "settlement"}
            ),
            "broker.relay.leg": order.broker_leg_ids,
            "broker.relay.wait": order.broker_leg_ids.wait_ids,
            "broker.handoff": handoff,
            "broker.handoff.item": handoff.item_ids,
            "broker.handoff.event": handoff.event_ids,
            "broker.commission.charge": env["broker.commission.charge"].create(
                {"order_id": order.id, "amount": 10.0, "reason": f"Freight of {label}"}
            ),
            "broker.commission.entry": env["broker.commission.entry"].search([("order_id", "=", order.id)]),
            "broker.commission.growth": growth,
            "broker.commission.growth.share": growth_share,
            "broker.commission.split": env["broker.commission.split"].search([("order_id", "=", order.id)]),
        }
        for model, records in papers.items():
            cls.papers.setdefault(model, {})[label] = records.with_env(env)
