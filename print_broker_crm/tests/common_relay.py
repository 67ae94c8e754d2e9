from datetime import datetime

from freezegun import freeze_time

from .common_account import BrokerAccountCommon


class RelayCommon(BrokerAccountCommon):
    """Jobs in the relay, from Monday, 2 March 2026, ten in the morning in Shanghai.

    The firm works from 8 to 12 and 13 to 17, which is 00 to 04 and 05 to 09 in UTC.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stage = {stage.code: stage for stage in cls.env["broker.relay.stage"].search([("company_id", "=", False)])}
        cls.reason = cls.env.ref("print_broker_crm.broker_relay_reason_file")

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def at(self, moment):
        """Move the clock to a moment in UTC."""
        self.clock.move_to(datetime.fromisoformat(moment))

    def _move(self, order, code, user=None, **details):
        details.setdefault("note", "Consignment 4711")
        order.with_user(user or self.service_chen)._broker_move(self.stage[code], **details)

    def _get_legs(self, order):
        """Return the legs in their order, in sudo."""
        return order.sudo().broker_leg_ids.sorted("id")
