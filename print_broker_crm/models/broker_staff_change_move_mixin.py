from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import format_list

from .broker_customer_staff_mixin import QUIET


class BrokerStaffChangeMoveMixin(models.AbstractModel):
    """What happens when a staff change moves customers, and who is told.

    Everything is written in sets: per successor and kind of document, not per customer.
    """

    _name = "broker.staff.change.move.mixin"
    _description = "Staff Change: Moving"

    # MOVING

    def _get_due_lines(self):
        """Return the waiting lines whose day has come."""
        today = self.company_id._get_broker_today()
        return self.line_ids.filtered(lambda line: line.state == "waiting" and line.date_due <= today)

    def _apply(self, lines):
        """Move these lines' customers and their open work to the successors, in sets.

        Lines whose role somebody else took meanwhile are skipped; those whose
        successor can no longer take it wait for another, and the managers are told.

        :param lines: waiting `broker.staff.change.line` of this change
        """
        self.ensure_one()
        if not lines:
            return
        lines.filtered(lambda line: not line._is_held()).state = "skipped"
        lines = lines.filtered(lambda line: line.state == "waiting")
        blocked = lines - lines._filter_able()
        if blocked:
            blocked.state = "blocked"
            self._ask_for_successors(len(blocked))
        lines -= blocked
        moved = self._move_roles(lines)
        moved += self._move_common(lines)
        lines.write({"state": "done", "date_done": fields.Datetime.now()})
        if lines:
            self._tell(lines, moved)

    def _move_roles(self, lines):
        """Move the roles and the open documents that go with them.

        :return: number of documents moved
        """
        Customer = self.env["broker.customer"].sudo()
        origin = "inherited" if self.mode == "leaving" else "transferred"
        reason = self._get_ledger_reason()
        moved = 0
        for (role, successor, day), group in lines.grouped(
            lambda line: (line.role, line.successor_id, line.date_due)
        ).items():
            Customer._give_role(
                group.customer_id, role, successor, self.user_id, origin=origin, reason=reason, date=day
            )
        for kind in Customer._get_held_kinds():
            role_lines = lines.filtered(lambda line, kind=kind: line.role == kind.role)
            if not role_lines:
                continue
            documents = Customer._find_documents(
                kind, self.user_id, role_lines.customer_id, vacant=not self.user_id.active
            )
            successors = {line.customer_id: line.successor_id for line in role_lines}
            for successor, group in documents.grouped(
                lambda document, kind=kind, successors=successors: successors[document[kind.customer_field]]
            ).items():
                Customer._give_documents(kind, group, successor, self.user_id)
            moved += len(documents)
        return moved

    def _move_common(self, lines):
        """Move the activities, meetings and places in the teams with these customers.

        They go to the successor of the person's first role with the customer.

        :return: number of activities and meetings moved
        """
        Customer = self.env["broker.customer"].sudo()
        successors = {}
        for line in lines.sorted("role_rank", reverse=True):
            successors[line.customer_id] = line.successor_id
        activities = self._group_by_successor(
            Customer._map_activities(Customer._find_activities(self.user_id), self.company_id), successors
        )
        for successor, group in activities.items():
            Customer._give_activities(group, successor)
        meetings = self._group_by_successor(Customer._find_meetings(self.user_id, self.company_id), successors)
        for successor, group in meetings.items():
            Customer._give_meetings(group, self.user_id, successor)
        days = {line.customer_id: line.date_due for line in lines}
        self._find_memberships().filtered(lambda member: member.customer_id in successors)._pass_on(successors, days)
        return sum(map(len, activities.values())) + sum(map(len, meetings.values()))

    @api.model
    def _group_by_successor(self, customer_by_record, successors):
        """Return {successor: records} of the records whose customer has a successor."""
        ids_by_successor = defaultdict(list)
        for record, customer in customer_by_record.items():
            if customer in successors:
                ids_by_successor[successors[customer]].append(record)
        return {
            successor: records[0].concat(*records[1:]) if len(records) > 1 else records[0]
            for successor, records in ids_by_successor.items()
        }

    def _move_rest(self):
        """Give what the leaver holds beside the customers to the one named for it."""
        Customer = self.env["broker.customer"].sudo()
        receiver = self.fallback_user_id.filtered("active")
        memberships = self._find_memberships()
        # Whoever leaves is in no team any more, even if nobody follows.
        memberships._pass_on(dict.fromkeys(memberships.customer_id, receiver))
        if not receiver:
            return
        for kind, documents in self._find_rest_documents().items():
            Customer._give_documents(kind, documents, receiver, self.user_id)
        prospects = self._find_prospects()
        if prospects:
            prospects.with_context(**QUIET).write({"user_id": receiver.id})
        rest = [
            activity
            for activity, customer in Customer._map_activities(
                Customer._find_activities(self.user_id), self.company_id
            ).items()
            if not customer or customer.company_id == self.company_id
        ]
        Customer._give_activities(self.env["mail.activity"].sudo().concat(*rest), receiver)

    def _finish(self):
        """Close a change of which nothing waits, and archive the leaver if asked."""
        self.ensure_one()
        if self.state != "confirmed" or self.line_ids.filtered(lambda line: line.state in ("waiting", "blocked")):
            return
        if self.mode == "leaving":
            if self.last_day > self.company_id._get_broker_today():
                return
            self._move_rest()
            self.env["broker.commission.entry"]._settle_leaver(self.user_id, self.company_id)
            if self.archive_user and self.user_id.active:
                self.user_id.action_archive()
        self.state = "done"
        self.activity_feedback(["mail.mail_activity_data_todo"])

    # TELLING

    def _get_ledger_reason(self):
        person = self.user_id.name
        if self.mode == "leaving":
            text = self.env._("%(person)s leaves", person=person)
        else:
            text = self.env._("Given away by %(person)s", person=person)
        return " · ".join(part for part in (self.name, text, self.reason) if part)

    def _tell(self, lines, moved):
        """Tell the customers, the successors and the readers of the files."""
        self._write_to_customers(lines)
        by_successor = lines.grouped("successor_id")
        figures = format_list(
            self.env,
            [
                self.env._("%(count)s to %(person)s", count=len(successor_lines.customer_id), person=successor.name)
                for successor, successor_lines in by_successor.items()
            ],
        )
        self.message_post(
            body=self.env._(
                "%(customers)s customers moved (%(figures)s), with %(items)s open documents, activities and meetings.",
                customers=len(lines.customer_id),
                figures=figures,
                items=moved,
            )
        )
        customers = lines.customer_id
        texts = {
            line.customer_id.id: self.env._(
                "%(change)s: from %(giver)s to %(successor)s.",
                change=self._get_ledger_reason(),
                giver=self.user_id.name,
                successor=line.successor_id.name,
            )
            for line in lines.sorted("role_rank", reverse=True)
        }
        customers._message_log_batch(bodies=texts)
        for successor, successor_lines in by_successor.items():
            self._tell_successor(successor, successor_lines)

    def _tell_successor(self, successor, lines):
        """Send a person the list of the customers that are theirs now."""
        env = self.with_context(lang=successor.lang or self.env.lang).env
        self.env["mail.thread"].message_notify(
            partner_ids=successor.partner_id.ids,
            subject=env._("%(count)s customers are yours now", count=len(lines.customer_id)),
            body=env._(
                "%(giver)s handed over to you: %(customers)s",
                giver=self.user_id.name,
                customers=format_list(env, lines.customer_id.mapped("display_name")),
            ),
        )

    def _write_to_customers(self, lines):
        """Let the customers of these lines be written to, in a transaction of its own."""
        addressed = lines.filtered(lambda line: line.notify and line.email)
        if self.notify_customers and self.mail_template_id and addressed:
            addressed.is_to_write = True
            self.env.ref("print_broker_crm.ir_cron_write_to_customers").sudo()._trigger()

    def _ask_for_successors(self, count):
        """Give every manager one to-do to name successors in this change."""
        managers = self.env["broker.customer"]._get_managers(self.company_id, self.user_id)
        todo_type = self.env.ref("mail.mail_activity_data_todo")
        open_todos = self.activity_ids.filtered(lambda activity: activity.activity_type_id == todo_type)
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(
            [
                {
                    "activity_type_id": todo_type.id,
                    "automated": True,
                    "date_deadline": self.company_id._get_broker_today(),
                    "res_id": self.id,
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "summary": self.with_context(lang=manager.lang or self.env.lang).env._(
                        "Name successors: %(count)s customers of %(person)s", count=count, person=self.user_id.name
                    ),
                    "user_id": manager.id,
                }
                for manager in managers - open_todos.user_id
            ]
        )
