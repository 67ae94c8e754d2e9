import json
from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.models import MAGIC_COLUMNS
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_protection import ProtectionCommon

# What each person sees and may do: "c" creates records of the model at all, then per
# customer "r" finds and reads, "w" writes, "u" deletes; "*" stands for some of several.
# What is not named is neither found nor read. Wang and Zhao sell, Chen and Lin serve,
# Sun calls for the care line, Qian manages; see `ProtectionCommon` for the customers.
# Odoo's own rights stay below ours: care ratings, calendars and bank accounts are open
# to every employee of a firm, and a purchase user deletes invoices without a salesperson.
MATRIX = {
    "res.partner": {
        "wang": "c onyx:rw press:rw jade:rw pearl:rw",
        "zhao": "c onyx:rw press:rw opal:rw",
        "chen": "c onyx:rw press:rw jade:rw",
        "lin": "c onyx:rw press:rw opal:rw pearl:rw",
        "sun": "onyx:r press:r jade:r opal:r pearl:r",
        "qian": "c onyx:rw press:rw jade:rw opal:rw pearl:rw",
        "plain": "onyx:r press:r jade:r opal:r pearl:r",
        "portal": "",
    },
    "res.partner.bank": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "jade:r opal:r pearl:r",
        "portal": "",
    },
    "crm.lead": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:r",
        "lin": "c opal:rw pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "sale.order": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:rw",
        "lin": "c opal:rw pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "sale.order.line": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "account.move": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "c jade:r",
        "lin": "c opal:rwu",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "account.move.line": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "c jade:r",
        "lin": "c opal:rw",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "purchase.order": {
        "wang": "",
        "zhao": "",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:rwu",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "purchase.order.line": {
        "wang": "",
        "zhao": "",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:rwu",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "rating.rating": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:rw",
        "lin": "c opal:rw pearl:rw",
        "sun": "c jade:rw opal:rw pearl:rw",
        "qian": "c jade:rw opal:rw pearl:rw",
        "plain": "c jade:rw opal:rw pearl:rw",
        "portal": "",
    },
    "mail.message": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:r",
        "sun": "c jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "c",
        "portal": "c",
    },
    "mail.activity": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c",
        "lin": "c opal:rwu",
        "sun": "c",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "c",
        "portal": "",
    },
    "calendar.event": {
        "wang": "c jade:rwu opal:rwu pearl:rwu",
        "zhao": "c jade:rwu opal:rwu pearl:rwu",
        "chen": "c jade:rwu opal:rwu pearl:rwu",
        "lin": "c jade:rwu opal:rwu pearl:rwu",
        "sun": "c jade:rwu opal:rwu pearl:rwu",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "c jade:rwu opal:rwu pearl:rwu",
        "portal": "",
    },
    "calendar.attendee": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:rwu",
        "sun": "c jade:rwu opal:rwu pearl:rwu",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "c jade:rwu opal:rwu pearl:rwu",
        "portal": "",
    },
    "payment.transaction": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "c jade:rw opal:rw pearl:rw",
        "plain": "",
        "portal": "",
    },
    "broker.customer": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "jade:rw",
        "lin": "opal:rw pearl:r",
        "sun": "c jade:rw opal:rw pearl:rw",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.assignment": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.customer.member": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rw opal:rw pearl:rw",
        "plain": "",
        "portal": "",
    },
    "broker.handoff": {
        "wang": "jade:rw pearl:rw",
        "zhao": "opal:rw",
        "chen": "jade:rw",
        "lin": "opal:rw pearl:rw",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.handoff.item": {
        "wang": "jade:rw pearl:rw",
        "zhao": "opal:rw",
        "chen": "jade:rw",
        "lin": "opal:rw pearl:rw",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:rw opal:rw pearl:rw",
        "plain": "",
        "portal": "",
    },
    "broker.question.pass": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r pearl:r",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.handoff.event": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.relay.leg": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.relay.wait": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.commission.entry": {
        "wang": "jade:r* pearl:r*",
        "zhao": "opal:r*",
        "chen": "jade:r*",
        "lin": "",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.commission.charge": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.commission.split": {
        "wang": "jade:r* pearl:r*",
        "zhao": "opal:r*",
        "chen": "jade:r*",
        "lin": "",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.job.spec": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:rw",
        "lin": "c opal:rw pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.case": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:rw",
        "lin": "c opal:rw",
        "sun": "c jade:rw opal:rw pearl:rw",
        "qian": "c jade:rw opal:rw pearl:rw",
        "plain": "",
        "portal": "",
    },
    "broker.claim.line": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu",
        "sun": "c jade:rwu opal:rwu pearl:rwu",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.case.period": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.need": {
        "wang": "c jade:rw pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:rw",
        "lin": "c opal:rw",
        "sun": "c jade:rw opal:rw pearl:rw",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.contact": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:r",
        "lin": "c opal:r pearl:r",
        "sun": "c jade:r opal:r pearl:r",
        "qian": "c jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.proof": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.proof.file": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu pearl:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.commission.statement": {
        "wang": "pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.commission.adjustment": {
        "wang": "pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "",
        "sun": "",
        "qian": "c jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.commission.dispute": {
        "wang": "c pearl:rw",
        "zhao": "c opal:rw",
        "chen": "c jade:rw",
        "lin": "c",
        "sun": "c",
        "qian": "c jade:rw opal:rw pearl:rw",
        "plain": "",
        "portal": "",
    },
    "broker.commission.growth": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.commission.growth.share": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.trend.change": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.tier.score": {
        "wang": "jade:r pearl:r",
        "zhao": "opal:r",
        "chen": "jade:r",
        "lin": "opal:r",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.review": {
        "wang": "jade:rw pearl:rw",
        "zhao": "opal:rw",
        "chen": "jade:rw",
        "lin": "opal:rw",
        "sun": "jade:rw opal:rw pearl:rw",
        "qian": "jade:rw opal:rw pearl:rw",
        "plain": "",
        "portal": "",
    },
    # What the care line heard is read by the care line and the managers.
    "broker.review.evidence": {
        "wang": "jade:r* pearl:r*",
        "zhao": "opal:r*",
        "chen": "jade:r*",
        "lin": "opal:r*",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.review.measure": {
        "wang": "c jade:rwu pearl:rwu",
        "zhao": "c opal:rwu",
        "chen": "c jade:rwu",
        "lin": "c opal:rwu",
        "sun": "c jade:rwu opal:rwu pearl:rwu",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.signal": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.signal.evidence": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.signal.event": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.care.call": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "c jade:rw opal:rw pearl:rw",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.care.call.attempt": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.rating.link": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
    "broker.campaign.member": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "",
        "qian": "c jade:rwu opal:rwu pearl:rwu",
        "plain": "",
        "portal": "",
    },
    "broker.care.call.reason": {
        "wang": "",
        "zhao": "",
        "chen": "",
        "lin": "",
        "sun": "jade:r opal:r pearl:r",
        "qian": "jade:r opal:r pearl:r",
        "plain": "",
        "portal": "",
    },
}

# Models without customers: who reads them, who changes them.
SETTINGS = {
    "broker.tier": ("wang zhao chen lin sun qian", "qian"),
    "broker.tier.policy": ("wang zhao chen lin sun qian", "qian"),
    "broker.tier.dimension": ("wang zhao chen lin sun qian", "qian"),
    "broker.tier.run": ("qian", ""),
    "broker.relay.stage": ("wang zhao chen lin sun qian", "qian"),
    "broker.relay.stage.hour": ("wang zhao chen lin sun qian", "qian"),
    "broker.relay.reason": ("wang zhao chen lin sun qian", "qian"),
    "broker.handoff.requirement": ("wang zhao chen lin sun qian", "qian"),
    "broker.care.rule": ("sun qian", "qian"),
    "broker.care.retry": ("sun qian", "qian"),
    "broker.playbook": ("wang zhao chen lin sun qian", "qian"),
    "broker.playbook.version": ("wang zhao chen lin sun qian", ""),
    "broker.case.mailbox": ("wang zhao chen lin sun qian", "qian"),
    "broker.product.type": ("wang zhao chen lin sun qian", "qian"),
    "broker.print.option": ("wang zhao chen lin sun qian", "qian"),
    "broker.commission.plan": ("qian", "qian"),
    "broker.commission.rule": ("qian", "qian"),
    "broker.commission.share": ("qian", "qian"),
    "broker.commission.attention": ("qian", ""),
    "broker.commission.growth.weight": ("qian", "qian"),
    "broker.commission.what.if": ("qian", "qian"),
    "broker.commission.what.if.share": ("qian", "qian"),
    "broker.commission.what.if.person": ("qian", ""),
    "broker.commission.what.if.line": ("qian", ""),
    "broker.access.log": ("qian", ""),
    "broker.care.figure": ("sun qian", ""),
    "broker.satisfaction.figure": ("sun qian", ""),
    "broker.target.event": ("wang zhao chen lin sun qian", ""),
    "broker.case.figure": ("sun qian", ""),
    "broker.coverage.figure": ("sun qian", ""),
    "broker.desk.figure": ("qian", ""),
    "broker.month.report": ("qian", ""),
    "broker.month.report.line": ("qian", ""),
    "broker.staff.load": ("qian", ""),
    "broker.tier.manual.score": ("sun qian", "qian"),
    "broker.tier.history": ("wang zhao chen lin sun qian", ""),
    "broker.tier.change": ("wang zhao chen lin sun qian", ""),
    "broker.product.gap": ("wang zhao chen lin sun qian", ""),
    "broker.tier.work": ("qian", ""),
    "broker.obligation": ("wang zhao chen lin sun qian", ""),
    "broker.referral": ("qian", ""),
    "broker.demand": ("sun qian", ""),
    "broker.demand.voice": ("sun qian", ""),
    "broker.campaign": ("qian", "qian"),
    "broker.customer.month": ("wang zhao chen lin sun qian", ""),
    "broker.risk.fit": ("qian", ""),
}

# Analyses: whose figures are in them.
REPORTS = {
    "sale.report": {
        "wang": "jade pearl",
        "zhao": "opal",
        "chen": "jade",
        "lin": "opal",
        "qian": "jade opal pearl",
    },
    "crm.activity.report": {
        "wang": "jade pearl",
        "zhao": "opal",
        "chen": "jade",
        "lin": "opal",
        "qian": "jade opal pearl",
    },
    "account.invoice.report": {"qian": "jade opal pearl"},
    "purchase.report": {"chen": "jade", "lin": "opal pearl", "qian": "jade opal pearl"},
}
REPORT_PATHS = {"purchase.report": "order_id"}
# Found by their document's rights although others' to-dos are not listed in a search.
LISTED_TO_WRITERS = ("mail.activity",)


class MatrixCommon(ProtectionCommon):
    def _parse(self, cell):
        """Return (may create, {label: (operations, all of them?)}) of a cell."""
        creates, cells = False, {}
        for word in cell.split():
            if word == "c":
                creates = True
            else:
                label, operations = word.split(":")
                cells[label] = (operations.rstrip("*"), not operations.endswith("*"))
        return creates, cells

    def _get_report_ids(self, model, labels):
        path = REPORT_PATHS.get(model)
        source = "purchase.order" if path else "res.partner"
        records = [self.papers[source][label] for label in labels.split()]
        return {record[:1].id for record in records}


@tagged("post_install", "-at_install")
class TestAccessMatrix(MatrixCommon):
    def setUp(self):
        super().setUp()
        # The access log has a connection of its own; it must see the test's users.
        self.env.flush_all()
        self.registry_enter_test_mode()

    def test_records(self):
        for model, row in MATRIX.items():
            for name, user in self.people.items():
                creates, cells = self._parse(row[name])
                Model = self.env[model].with_user(user)
                self.assertEqual(Model.has_access("create"), creates, f"{name} creates {model}")
                for label, records in self.papers[model].items():
                    operations, complete = cells.get(label, ("", True))
                    with self.subTest(model=model, user=name, label=label):
                        self._check_cell(Model, records.with_user(user), operations, complete)

    def _check_cell(self, Model, records, operations, complete):
        domain = Domain("id", "in", records.ids)
        for letter, operation in (("r", "read"), ("w", "write"), ("u", "unlink")):
            if letter == "r" and Model._name in LISTED_TO_WRITERS:
                continue
            allowed = records._filtered_access(operation)
            self.assertEqual(bool(allowed), letter in operations, operation)
            if complete and allowed:
                self.assertEqual(allowed, records, operation)
        if "r" not in operations:
            if not Model.has_access("read"):
                for search in (Model.search, Model.search_count, Model.name_search):
                    with self.assertRaises(AccessError):
                        search([("id", "in", records.ids)]) if search != Model.name_search else search("")
                return
            self.assertFalse(Model.search(domain))
            self.assertFalse(Model.search_count(domain))
            self.assertFalse(Model.name_search("", list(domain), limit=None))
            if Model._name != "mail.message":
                self.assertFalse(Model._read_group(domain, ["create_uid"], ["__count"]))
                self.assertFalse(Model.formatted_read_group(list(domain), ["create_uid"], ["__count"]))
            if Model._name not in LISTED_TO_WRITERS:
                for record in records:
                    with self.assertRaises(AccessError):
                        record.read(["create_date"])
                    with self.assertRaises(UserError):
                        record.export_data(["id", "create_date"])
        else:
            self.assertTrue(Model.search(domain))
            if complete:
                self.assertEqual(Model.search_count(domain), len(records))

    def test_settings(self):
        for model, (readers, writers) in SETTINGS.items():
            for name, user in self.people.items():
                Model = self.env[model].with_user(user)
                with self.subTest(model=model, user=name):
                    self.assertEqual(Model.has_access("read"), name in readers.split())
                    for operation in ("write", "create", "unlink"):
                        self.assertEqual(Model.has_access(operation), name in writers.split(), operation)

    def test_analyses(self):
        for model, row in REPORTS.items():
            path = REPORT_PATHS.get(model, "partner_id")
            for name, user in self.people.items():
                Model = self.env[model].with_user(user)
                with self.subTest(model=model, user=name):
                    if name not in row:
                        with self.assertRaises(AccessError):
                            Model._read_group([], [path], ["__count"])
                        continue
                    known = self._get_report_ids(model, "jade opal pearl")
                    expected = self._get_report_ids(model, row[name])
                    groups = Model._read_group([(path, "in", list(known))], [path], ["__count"])
                    self.assertEqual({record.id for record, _count in groups}, expected)
                    self.assertEqual(Model.search([(path, "in", list(known))])[path]._ids and expected, expected)
                    pivot = Model.formatted_read_grouping_sets([(path, "in", list(known))], [[path]], ["__count"])
                    self.assertEqual({group[path][0] for group in pivot[0]}, expected)


@tagged("post_install", "-at_install")
class TestAccessMatrixHttp(MatrixCommon, HttpCase):
    """The same table through the doors that programs use."""

    def _post(self, url, payload, **headers):
        return self.url_open(
            url, data=json.dumps(payload), headers={"Content-Type": "application/json", **headers}
        ).json()

    def _call(self, model, method, *args, **kwargs):
        """Return what a web client of the present user gets, or None when refused."""
        result = self._post(
            "/web/dataset/call_kw",
            {"params": {"model": model, "method": method, "args": args, "kwargs": kwargs}},
        )
        if "error" in result:
            self.assertIn(
                result["error"]["data"]["name"],
                ("odoo.exceptions.AccessError", "odoo.exceptions.UserError"),
                result["error"]["data"]["debug"],
            )
            return None
        return result["result"]

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_records_through_the_web_clients_endpoint(self):
        for name, user in self.people.items():
            self.authenticate(user.login, user.login)
            for model, row in MATRIX.items():
                if model in LISTED_TO_WRITERS:
                    continue
                _creates, cells = self._parse(row[name])
                with self.subTest(user=name, model=model):
                    self._check_model(model, cells)

    def _check_model(self, model, cells):
        papers = self.papers[model]
        ids = [record_id for records in papers.values() for record_id in records.ids]
        seen = {
            record_id
            for label, records in papers.items()
            if "r" in cells.get(label, "-")[0]
            for record_id in records.ids
        }
        partly = any(not complete for _operations, complete in cells.values())
        found = self._call(model, "search_read", domain=[["id", "in", ids]], fields=["create_date"])
        found = {row["id"] for row in found or []}
        if partly:
            self.assertLess(found, seen)
            seen = found
        self.assertEqual(found, seen)
        hidden = sorted(set(ids) - seen)
        if hidden:
            self.assertIsNone(self._call(model, "read", hidden[:1], ["create_date"]))
            self.assertIsNone(self._call(model, "export_data", hidden, ["id", "create_date"]))
        locked = [records.ids[0] for label, records in papers.items() if "w" not in cells.get(label, ("", True))[0]]
        if locked:
            field = self._get_plain_field(model)
            value = self.env[model].browse(locked[0]).sudo()[field]
            self.assertIsNone(self._call(model, "write", locked, {field: value}))

    def _get_plain_field(self, model):
        """Return the name of some field that could be written by who may."""
        plain = ("char", "text", "boolean", "integer", "float", "selection")
        return next(
            field.name
            for field in self.env[model]._fields.values()
            if field.store and not field.compute and field.type in plain and field.name not in MAGIC_COLUMNS
        )

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_analyses_through_the_web_clients_endpoint(self):
        for name, user in self.people.items():
            self.authenticate(user.login, user.login)
            for model, row in REPORTS.items():
                path = REPORT_PATHS.get(model, "partner_id")
                known = sorted(self._get_report_ids(model, "jade opal pearl"))
                with self.subTest(user=name, model=model):
                    groups = self._call(
                        model,
                        "web_read_group",
                        domain=[[path, "in", known]],
                        groupby=[path],
                        aggregates=["__count"],
                    )
                    if name not in row:
                        self.assertIsNone(groups)
                    else:
                        self.assertEqual(
                            {group[path][0] for group in groups["groups"]}, self._get_report_ids(model, row[name])
                        )

    @mute_logger(
        "odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule", "odoo.service.server"
    )
    def test_contacts_and_orders_with_a_password(self):
        """JSON-RPC as integrations use it."""
        for name, user in self.people.items():
            for model in ("res.partner", "sale.order", "crm.lead", "broker.customer"):
                _creates, cells = self._parse(MATRIX[model][name])
                papers = self.papers[model]
                ids = [record_id for records in papers.values() for record_id in records.ids]
                seen = {record_id for label in cells for record_id in papers[label].ids}
                with self.subTest(user=name, model=model):
                    result = self._post(
                        "/jsonrpc",
                        {
                            "jsonrpc": "2.0",
                            "method": "call",
                            "params": {
                                "service": "object",
                                "method": "execute_kw",
                                "args": [
                                    self.env.cr.dbname,
                                    user.id,
                                    user.login,
                                    model,
                                    "search_read",
                                    [[["id", "in", ids]], ["create_date"]],
                                ],
                            },
                        },
                    )
                    self.assertEqual({row["id"] for row in result.get("result", [])}, seen)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_contacts_and_orders_with_a_key(self):
        """The JSON interface with an API key."""
        for name in ("wang", "zhao", "chen", "lin", "qian"):
            user = self.people[name]
            key = (
                self.env["res.users.apikeys"]
                .with_user(user)
                ._generate("rpc", "Test", datetime.now() + timedelta(days=1))
            )
            for model in ("res.partner", "sale.order", "crm.lead", "broker.customer"):
                _creates, cells = self._parse(MATRIX[model][name])
                papers = self.papers[model]
                ids = [record_id for records in papers.values() for record_id in records.ids]
                seen = {record_id for label in cells for record_id in papers[label].ids}
                with self.subTest(user=name, model=model):
                    result = self._post(
                        f"/json/2/{model}/search_read",
                        {"domain": [["id", "in", ids]], "fields": ["create_date"]},
                        Authorization=f"Bearer {key}",
                    )
                    self.assertEqual({row["id"] for row in result}, seen)
