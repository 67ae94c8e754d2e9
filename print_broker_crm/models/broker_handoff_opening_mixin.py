from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_list

from .broker_handoff_flow_mixin import OPEN_STATES


class BrokerHandoffOpeningMixin(models.AbstractModel):
    """How handoffs come to be: for which leads and jobs, and who receives them.

    Apart from the packet, because opportunities, orders and leaving users call in here,
    and because everything works in batches, before anybody fills a packet.
    """

    _name = "broker.handoff.opening.mixin"
    _description = "Handoff: Opening"

    # LEADS AND JOBS

    @api.model
    def _open_for_leads(self, leads):
        """Open the handoffs of leads that enter the Service Handoff stage.

        A lead that already has one in its company, open or accepted, gets no second.

        :param leads: `crm.lead` records
        :return: the leads' handoffs in sudo, found and opened
        :raise UserError: when a lead has no customer
        """
        without_customer = leads.filtered(lambda lead: not lead.partner_id)
        if without_customer:
            raise UserError(
                self.env._(
                    "Set the customer on these opportunities before they are handed over to service: %(leads)s",
                    leads=format_list(self.env, without_customer.mapped("name")),
                )
            )
        leads = leads.sudo()
        handoffs = self.sudo().search(Domain("lead_id", "in", leads.ids) & Domain("state", "!=", "cancelled"))
        known = {(handoff.lead_id, handoff.company_id) for handoff in handoffs}
        vals_list = []
        for company, company_leads in leads.grouped(lambda lead: lead._get_broker_company()).items():
            missing = company_leads.filtered(lambda lead, company=company: (lead, company) not in known)
            vals_list += self._prepare_handoffs(missing, company)
        opened = self.sudo().create(vals_list)
        self._attach_orders(leads.order_ids.filtered(lambda order: order.state == "sale"))
        opened._accept_themselves()
        return handoffs + opened

    @api.model
    def _open_for_orders(self, orders):
        """Open the handoffs of confirmed jobs that have none: a repeat order is handed
        over without an opportunity, one that has an opportunity with it.

        :param orders: confirmed `sale.order` records with a customer file
        :return: the opened handoffs in sudo
        """
        orders = orders.sudo().filtered(lambda order: not order.broker_handoff_id)
        of_leads = orders.filtered("opportunity_id")
        opened = self._open_for_leads(of_leads.opportunity_id) if of_leads else self.sudo()
        # The handoff of the opportunity may be another company's.
        repeats = orders.filtered(lambda order: not order.broker_handoff_id and not order.opportunity_id)
        if not repeats:
            return opened
        handoffs = self.sudo().create([self._prepare_repeat(order) for order in repeats])
        with self.env["broker.commission.entry"]._settling_together():
            for order, handoff in zip(repeats, handoffs, strict=True):
                order.broker_handoff_id = handoff
        handoffs._sync_items()
        handoffs._accept_themselves()
        return opened + handoffs

    @api.model
    def _prepare_repeat(self, order):
        """Return the values of the handoff of a job without an opportunity.

        What service learned the last time need not be written again; promises and what
        is open are of this job.
        """
        customer = order.broker_customer_id
        sender = order.user_id.filtered("active") or customer.user_id.filtered("active") or self.env.user
        last = customer.handoff_ids.filtered(lambda handoff: handoff.state == "accepted").sorted("accepted_at")[-1:]
        return {
            "company_id": order.company_id.id,
            "customer_id": customer.id,
            "sender_id": sender.id,
            "team_id": order.team_id.id,
            "buying_reason": last.buying_reason,
            "not_sold": last.not_sold,
        }

    @api.model
    def _open_for_repeat_orders(self, orders):
        """Open handoffs for jobs just confirmed, in companies that hand over every job.

        What service itself took from the customer is with service already.
        """
        orders = orders.filtered(
            lambda order: (
                order.company_id.broker_handoff_repeat
                and not order.opportunity_id
                and not order.broker_handoff_id
                and order.broker_brought_by != "service"
            )
        )
        if orders:
            self._open_for_orders(orders)

    @api.model
    def _prepare_handoffs(self, leads, company):
        """Return the values of the handoffs of some leads of one company."""
        if not leads:
            return []
        customers = self.env["broker.customer"]._open_for_partners(
            leads.partner_id, company, {lead.partner_id: lead.user_id for lead in leads}
        )
        customer_by_partner = {customer.partner_id: customer for customer in customers}
        vals_list = []
        for lead in leads:
            customer = customer_by_partner[lead.partner_id.commercial_partner_id]
            sender = lead.user_id.filtered("active") or customer.user_id.filtered("active") or self.env.user
            vals_list.append(
                {
                    "company_id": company.id,
                    "customer_id": customer.id,
                    "lead_id": lead.id,
                    "sender_id": sender.id,
                    "team_id": lead.team_id.id,
                }
            )
        return vals_list

    @api.model
    def _attach_orders(self, orders):
        """Link confirmed orders to the handoff of their opportunity.

        :param orders: confirmed `sale.order` records; those that have a handoff, no
            opportunity, or an opportunity not yet handed over are left alone
        """
        orders = orders.sudo().filtered(lambda order: order.opportunity_id and not order.broker_handoff_id)
        if not orders:
            return
        handoffs = self.sudo().search(
            Domain("lead_id", "in", orders.opportunity_id.ids) & Domain("state", "!=", "cancelled"),
            order="id",
        )
        by_lead = {}
        # An open handoff, of which there is one, comes before those accepted.
        for handoff in handoffs.sorted(lambda handoff: not handoff._is_closed()):
            by_lead[handoff.lead_id, handoff.company_id] = handoff
        with self.env["broker.commission.entry"]._settling_together():
            for order in orders:
                handoff = by_lead.get((order.opportunity_id, order.company_id))
                if handoff:
                    order.broker_handoff_id = handoff
        handoffs._sync_items()

    def _after_orders_cancelled(self):
        """Withdraw open handoffs of repeat orders when no job of theirs is left.

        With an opportunity another order may come; an accepted one stays as it was.
        """
        idle = self.sudo().filtered(
            lambda handoff: (
                not handoff.lead_id
                and not handoff._is_closed()
                and all(order.state == "cancel" for order in handoff.order_ids)
            )
        )
        if idle:
            idle._cancel(self.env._("Its jobs were cancelled."))

    @api.model
    def _after_leads_lost(self, leads):
        """Withdraw the open handoffs of lost opportunities that led to no job."""
        handoffs = self.sudo().search(Domain("lead_id", "in", leads.ids) & Domain("state", "in", OPEN_STATES))
        idle = handoffs.filtered(lambda handoff: all(order.state == "cancel" for order in handoff.order_ids))
        if idle:
            idle._cancel(self.env._("The opportunity was lost."))

    @api.model
    def _after_leads_moved(self, leads):
        """Let the open handoffs of opportunities that got another customer follow.

        One that has a job stays with the customer of the job.

        :param leads: `crm.lead` records whose customer was written
        """
        handoffs = self.sudo().search(Domain("lead_id", "in", leads.ids) & Domain("state", "in", OPEN_STATES))
        moved = handoffs.filtered(
            lambda handoff: (
                handoff.lead_id.partner_id
                and handoff.lead_id.partner_id.commercial_partner_id != handoff.customer_id.partner_id
                and all(order.state == "cancel" for order in handoff.order_ids)
            )
        )
        for company, group in moved.grouped("company_id").items():
            vals_list = self._prepare_handoffs(group.lead_id, company)
            self._fill_receivers(vals_list)
            by_lead = group.grouped("lead_id")
            for vals in vals_list:
                handoff = by_lead[self.env["crm.lead"].sudo().browse(vals["lead_id"])]
                handoff.write({"customer_id": vals["customer_id"], "receiver_id": vals["receiver_id"]})
        moved._sync_items()

    @api.model
    def _merge_leads(self, head, tail):
        """Bring the handoffs of merged leads under the one that remains.

        Of the open handoffs of a company the one that got furthest stays open; the
        others are cancelled, kept for reading, and give it their jobs and words.

        :param head: the `crm.lead` that remains
        :param tail: the `crm.lead` records that disappear
        """
        handoffs = self.sudo().search(Domain("lead_id", "in", (head + tail).ids), order="id")
        rank = {"submitted": 0, "returned": 1, "draft": 2}
        open_handoffs = handoffs.filtered(lambda handoff: not handoff._is_closed())
        for rivals in open_handoffs.grouped("company_id").values():
            kept, *others = rivals.sorted(lambda handoff: rank[handoff.state])
            kept._absorb(self.sudo().concat(*others))
        # The index allows one open handoff per lead at every moment.
        handoffs.flush_recordset()
        handoffs.filtered(lambda handoff: handoff.lead_id in tail).lead_id = head

    def _absorb(self, others):
        """Take over jobs and words of handoffs that are given up for this one."""
        self.ensure_one()
        if not others:
            return
        orders = others.order_ids
        others._cancel(self.env._("The opportunity was merged."))
        orders.broker_handoff_id = self
        self._sync_items()
        for name in ("buying_reason", "promises", "not_sold", "still_open"):
            if not self[name]:
                self[name] = others.filtered(name)[:1][name]
        others._message_log_batch(
            bodies={
                other.id: self.env._(
                    "The opportunity was merged; %(handoff)s goes on in its place.",
                    handoff=self.name,
                )
                for other in others
            }
        )

    # NEW HANDOFFS

    @api.model
    def _fill_names(self, vals_list):
        """Number new handoffs by the company's sequence, drawn once for the batch."""
        by_company = defaultdict(list)
        for vals in vals_list:
            if not vals.get("name"):
                by_company[vals.get("company_id") or self.env.company.id].append(vals)
        for company_id, company_vals in by_company.items():
            sequence = (
                self.env["ir.sequence"]
                .sudo()
                .search(
                    Domain("code", "=", "broker.handoff") & Domain("company_id", "in", [company_id, False]),
                    order="company_id",
                    limit=1,
                )
            )
            for vals, name in zip(
                company_vals,
                self._draw_names(sequence, len(company_vals)),
                strict=True,
            ):
                vals["name"] = name

    @api.model
    def _draw_names(self, sequence, count):
        """Return the next numbers of a sequence, in one query where it allows that."""
        if not sequence:
            return [self.env._("New")] * count
        if sequence.implementation != "standard" or sequence.use_date_range:
            return [sequence.next_by_id() for _index in range(count)]
        numbers = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence.id:03d}",
                count,
            )
        )
        return [sequence.get_next_char(number) for (number,) in numbers]

    # RECEIVERS

    @api.model
    def _fill_receivers(self, vals_list):
        """Choose the service agents of new handoffs.

        In a team divided by territory the sender serves too. Else the customer's own
        service agent comes first; a sender who serves too keeps the job; then the agent
        with the fewest open handoffs, the one who waited longest among equals. Without
        any agent a manager who sells serves as well; otherwise the receiver stays empty.
        """
        missing = [vals for vals in vals_list if "receiver_id" not in vals]
        queues = {}
        for vals in missing:
            sender = self.env["res.users"].browse(vals.get("sender_id") or self.env.uid)
            if self.env["crm.team"].sudo().browse(vals.get("team_id") or ())._broker_is_territory_of(sender):
                vals["receiver_id"] = sender.id
                continue
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            if company not in queues:
                queues[company] = self._get_agent_queue(company)
            receiver = self._pick_receiver(
                *queues[company],
                self.env["broker.customer"].sudo().browse(vals["customer_id"]).service_user_id,
                sender,
            )
            vals["receiver_id"] = receiver.id if receiver else False

    @api.model
    def _pick_receiver(self, able, queue, service_user, sender):
        """Return who receives the next handoff, or None, and move the queue on.

        :param able: `res.users` who can receive
        :param queue: dict as returned by `_get_agent_queue`; changed in place
        :param service_user: the customer's present service agent, or none
        :param sender: the salesperson
        """
        if service_user in able:
            receiver = service_user
        elif sender in queue or (not queue and sender in able):
            receiver = sender
        else:
            receiver = min(queue, key=queue.get, default=None)
        if receiver in queue:
            open_count, _last_id, user_id = queue[receiver]
            queue[receiver] = (open_count + 1, float("inf"), user_id)
        return receiver

    @api.model
    def _pass_on(self, users, companies=None):
        """Give the open handoffs of agents who leave to those who stay.

        :param users: the `res.users` about to be archived
        :param companies: only handoffs of these `res.company`
        """
        domain = Domain("receiver_id", "in", users.ids) & Domain("state", "in", OPEN_STATES)
        if companies:
            domain &= Domain("company_id", "in", companies.ids)
        handoffs = self.sudo().search(domain)
        for company, left in handoffs.grouped("company_id").items():
            able, queue = self._get_agent_queue(company, leaving=users)
            for handoff in left:
                receiver = self._pick_receiver(able, queue, handoff.customer_id.service_user_id, handoff.sender_id)
                handoff.receiver_id = receiver or False

    @api.model
    def _get_agent_queue(self, company, leaving=()):
        """Return who can receive in a company, and who waits for the next handoff.

        :param company: `res.company`
        :param leaving: users who are not asked any more
        :return: the able users, managers included; and {agent: (open handoffs, id of
            the last handoff received, user id)} of those who are no managers
        """
        able = (
            self._get_agent_group()
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and not user.share and user not in leaving and company in user.company_ids
            )
        )
        managers = self.env.ref("print_broker_crm.group_manager").sudo().all_user_ids
        agents = able - managers
        domain = Domain("company_id", "=", company.id) & Domain("receiver_id", "in", agents.ids)
        Handoff = self.sudo()
        last_ids = dict(Handoff._read_group(domain, ["receiver_id"], ["id:max"]))
        counts = dict(
            Handoff._read_group(
                domain & Domain("state", "in", OPEN_STATES),
                ["receiver_id"],
                ["__count"],
            )
        )
        return able, {agent: (counts.get(agent, 0), last_ids.get(agent, 0), agent.id) for agent in agents}
