import json

from odoo.tests import Form, HttpCase, tagged

from odoo.addons.print_broker_crm.tests.common_protection import ProtectionCommon


@tagged("post_install", "-at_install")
class TestProtectionWork(ProtectionCommon, HttpCase):
    """The protection is in nobody's way who works with their own customers."""

    def _as(self, user):
        """Return the environment of a user who really works: with mails and tracking."""
        return self.env(user=user.id, su=False, context={"lang": "en_US", "tz": "Asia/Shanghai"})

    def test_a_salespersons_day(self):
        env = self._as(self.sales_wang)
        with Form(env["res.partner"]) as form:
            form.name = "Coral Bar"
            form.email = "coral@bar.example.com"
        coral = form.save()
        self.assertFalse(coral.broker_collision_message)
        with Form(env["res.partner"].with_context(default_parent_id=coral.id)) as form:
            form.name = "Barkeeper"
        keeper = form.save()
        self.assertEqual(keeper.parent_id, coral)
        with Form(env["crm.lead"]) as form:
            form.name = "Menus"
            form.partner_id = coral
        lead = form.save()
        self.assertEqual(lead.email_from, "coral@bar.example.com")
        with Form(env["sale.order"]) as form:
            form.partner_id = coral
            form.opportunity_id = lead
            with form.order_line.new() as line:
                line.product_id = self.print_product
                line.price_unit = 300.0
        order = form.save()
        self.assertEqual(order.user_id, self.sales_wang)
        self._send(order)
        order.message_post(body="The customer wants it soon", subtype_xmlid="mail.mt_note")
        order.activity_schedule("mail.mail_activity_data_todo", summary="Call back")
        lead.message_subscribe(keeper.ids)
        order.action_confirm()
        lead.action_set_won()
        for records in (coral, keeper, lead, order, order.broker_customer_id):
            self.assertTrue(records.has_access("read"), records)
        self._open_screens(self.sales_wang, {coral, keeper, lead, order, order.broker_customer_id})

    def test_a_service_agents_day(self):
        order = self.papers["sale.order"]["jade"]
        env = self._as(self.service_chen)
        purchase = self.papers["purchase.order"]["jade"].with_env(env)
        job = order.with_env(env)
        with Form(job) as form:
            form.client_order_ref = "PO-77"
        job.message_post(body="At the press", partner_ids=self.jade.ids)
        purchase.message_post(body="Send the proof")
        with Form(env["purchase.order"]) as form:
            form.partner_id = self.press
            with form.order_line.new() as line:
                line.product_id = self.outside_product
        bought = form.save()
        bought.button_confirm()
        self.assertEqual((bought.state, job.client_order_ref), ("purchase", "PO-77"))
        self._open_screens(
            self.service_chen,
            {self.jade, job, purchase, self.press, *self.papers["broker.handoff"]["jade"], job.broker_customer_id},
        )

    def test_a_successor_works_with_the_predecessors_papers(self):
        self.jade.user_id = self.sales_zhao
        env = self._as(self.sales_zhao)
        lead = self.papers["crm.lead"]["jade"].with_env(env)
        lead.write({"expected_revenue": 500.0})
        order = self.papers["sale.order"]["jade"].with_env(env)
        again = order.copy({"user_id": self.sales_zhao.id})
        again.action_confirm()
        self._open_screens(self.sales_zhao, {self.jade, lead, order, again})

    def _send(self, order):
        """Send a quotation by e-mail, as the button does."""
        action = order.action_quotation_send()
        composer = (
            order.env["mail.compose.message"]
            .with_context(**action["context"])
            .create({"body": "Our offer", "subject": "Offer"})
        )
        composer._action_send_mail()
        self.assertEqual(order.state, "sent")

    def _post(self, url, params):
        result = self.url_open(
            url, data=json.dumps({"params": params}), headers={"Content-Type": "application/json"}
        ).json()
        self.assertFalse(
            result.get("error", {}).get("data", {}).get("message"),
            f"{url} {str(params)[:90]}" + result.get("error", {}).get("data", {}).get("debug", "")[-1500:],
        )
        return result["result"]

    def _open_screens(self, user, documents):
        """Open the form of each record with its chatter, as the web client does."""
        self.env.flush_all()
        self.authenticate(user.login, user.login)
        self._post("/mail/data", {"fetch_params": ["systray_get_activities", "init_messaging"]})
        for record in documents:
            Form(record.with_env(self._as(user)))
            self._post(
                "/mail/thread/messages", {"thread_model": record._name, "thread_id": record.id, "fetch_params": {}}
            )
            self._post(
                "/mail/data",
                {
                    "fetch_params": [
                        [
                            "mail.thread",
                            {
                                "thread_model": record._name,
                                "thread_id": record.id,
                                "request_list": ["activities", "attachments", "followers", "suggestedRecipients"],
                            },
                        ]
                    ]
                },
            )
