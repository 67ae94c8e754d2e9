from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

# No two rows of a customer and role may share a day. PostgreSQL has range types with
# GiST support built in, so the customer is compared as a range of one number and no
# extension is needed; text has none, hence one constraint per role.
_NO_OVERLAP = """EXCLUDE USING gist (
    int4range(customer_id, customer_id, '[]') WITH &&,
    daterange(date_from, date_to, '[)') WITH &&
) WHERE (role = '%s' AND is_void IS NOT TRUE)"""
_OVERLAP_MESSAGE = "Two assignments of the same role would overlap on this customer. Close the earlier one first."


class BrokerAssignment(models.Model):
    """Who served a customer in a role, from when to when, and how it came to be.

    A ledger: rows are opened and closed by changing the role's user on the contact or
    the customer file, never edited. `date_from` is the first day, `date_to` the first
    day no longer; a row that was opened and closed on one day is kept and covers no
    day. A manager's correction of the past voids rows and puts others in their place:
    what was thought before stays readable.
    """

    _name = "broker.assignment"
    _description = "Assignment"
    _order = "date_from desc, id desc"
    _rec_name = "user_id"
    _check_company_auto = True
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    role = fields.Selection(
        [
            ("sales", "Salesperson"),
            ("service", "Service Agent"),
            ("care", "Care Officer"),
            ("sponsor", "Sponsor"),
        ],
        required=True,
    )
    user_id = fields.Many2one("res.users", string="Person", required=True, index=True, ondelete="restrict")
    origin = fields.Selection(
        [
            ("developed", "Developed"),
            ("transferred", "Transferred"),
            ("inherited", "Inherited"),
        ],
        help="Developed: the salesperson won the customer. Transferred: the "
        "predecessor still works here. Inherited: the predecessor left.",
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="Until", help="The first day that no longer belongs to this person.")
    is_open = fields.Boolean(compute="_compute_is_open", search="_search_is_open", string="Open")
    predecessor_id = fields.Many2one("res.users", ondelete="restrict")
    operator_id = fields.Many2one("res.users", string="Changed by", required=True, ondelete="restrict")
    reason = fields.Char()
    is_void = fields.Boolean(
        string="Void", readonly=True, copy=False, help="A correction took the place of this row; it no longer counts."
    )
    voided_by_id = fields.Many2one(
        "broker.assignment",
        string="Replaced by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    _open_uniq = models.UniqueIndex(
        "(customer_id, role) WHERE date_to IS NULL AND is_void IS NOT TRUE",
        "This customer already has somebody in this role. "
        "Change the person on the customer file; the earlier assignment is then "
        "closed.",
    )
    _at_date_idx = models.Index("(customer_id, role, date_from)")
    _date_order = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)",
        "An assignment cannot end before it began.",
    )
    _sales_no_overlap = models.Constraint(_NO_OVERLAP % "sales", _OVERLAP_MESSAGE)
    _service_no_overlap = models.Constraint(_NO_OVERLAP % "service", _OVERLAP_MESSAGE)
    _care_no_overlap = models.Constraint(_NO_OVERLAP % "care", _OVERLAP_MESSAGE)
    _sponsor_no_overlap = models.Constraint(_NO_OVERLAP % "sponsor", _OVERLAP_MESSAGE)

    @api.depends("role", "user_id", "customer_id")
    def _compute_display_name(self):
        roles = dict(self._fields["role"]._description_selection(self.env))
        for assignment in self:
            assignment.display_name = self.env._(
                "%(person)s, %(role)s of %(customer)s",
                person=assignment.user_id.name or "",
                role=roles.get(assignment.role, ""),
                customer=assignment.customer_id.display_name or "",
            )

    @api.depends("date_to", "is_void")
    def _compute_is_open(self):
        for assignment in self:
            assignment.is_open = not assignment.date_to and not assignment.is_void

    @api.model
    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        is_open = Domain("date_to", "=", False) & Domain("is_void", "=", False)
        domain = Domain.FALSE
        if True in value:
            domain |= is_open
        if False in value:
            domain |= ~is_open
        return domain

    @api.constrains("role", "origin")
    def _check_origin(self):
        for assignment in self:
            if (assignment.role == "sales") != bool(assignment.origin):
                raise ValidationError(
                    self.env._(
                        "Only and always a salesperson's assignment has an origin: check %(assignment)s.",
                        assignment=assignment.display_name,
                    )
                )

    # CRUD

    def write(self, vals):
        """Only the end of an open row is ever written, and only by the ledger."""
        if set(vals) != {"date_to"} or any(row.date_to for row in self):
            raise UserError(
                self.env._(
                    "Assignments are a ledger and are not edited. Change the person "
                    "on the contact or the customer file instead."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Assignments are a ledger and are not deleted."))

    # BUSINESS

    @api.model
    def _get_valid_domain(self, customers, role):
        """Return the `Domain` of the rows of a role, or of several, that count."""
        roles = [role] if isinstance(role, str) else role
        return Domain("customer_id", "in", customers.ids) & Domain("role", "in", roles) & Domain("is_void", "=", False)

    @api.model
    def _get_open(self, customers, role):
        """Return {customer id: open assignment} of a role, in one query."""
        rows = self.search(self._get_valid_domain(customers, role) & Domain("date_to", "=", False))
        return {row.customer_id.id: row for row in rows}

    @api.model
    def _get_at(self, customers, role, date):
        """Answer "whose customer was it on that day?" for many customers at once.

        :param customers: `broker.customer` records
        :param role: 'sales', 'service', 'care' or 'sponsor'
        :param date: the day, a `date`
        :return: dict of customer id to `broker.assignment`; customers who had nobody
            on that day are left out
        """
        return self._get_all_at(customers, [role], date)[role]

    @api.model
    def _get_all_at(self, customers, roles, date):
        """Answer `_get_at` for several roles, in one query.

        :return: dict of role to a dict of customer id to `broker.assignment`
        """
        rows = self.search_fetch(
            self._get_valid_domain(customers, roles)
            & Domain("date_from", "<=", date)
            & (Domain("date_to", "=", False) | Domain("date_to", ">", date)),
            ["customer_id", "role", "user_id", "origin"],
        )
        found = {role: {} for role in roles}
        for row in rows:
            found[row.role][row.customer_id.id] = row
        return found

    @api.model
    def _assign(self, user_by_customer, role):
        """Close the open rows of a role and open the next ones.

        The context may carry `broker_assignment_date` (a date from the open row's
        first day to the company's today, which is the default), `broker_assignment_reason`
        and, for the salesperson, `broker_assignment_origin`. Where it also carries
        `broker_assignment_company_ids`, all that is said of these companies alone: a
        contact is shared, and others follow for a reason of their own.

        :param user_by_customer: dict of `broker.customer` to `res.users`; an empty
            user only closes
        :param role: 'sales', 'service', 'care' or 'sponsor'
        :return: the rows opened
        """
        customers = self.env["broker.customer"].concat(*user_by_customer)
        last_rows = self._get_last(customers, role)
        vals_list = []
        closing = {}
        for customer, user in user_by_customer.items():
            last = last_rows.get(customer.id, self.browse())
            current = last.filtered(lambda row: not row.date_to)
            if current.user_id == user:
                continue
            today = customer.company_id._get_broker_today()
            said = self._get_said(customer.company_id)
            day = min(fields.Date.to_date(said.get("broker_assignment_date")) or today, today)
            if last and day < (last.date_to or last.date_from):
                # The past is not rewritten by changing the present.
                day = last.date_to or last.date_from
            if current:
                closing[day] = closing.get(day, self.browse()) + current
            if user:
                vals_list.append(
                    {
                        "customer_id": customer.id,
                        "role": role,
                        "user_id": user.id,
                        "origin": role == "sales" and self._get_origin(last, user, customer.company_id),
                        "date_from": day,
                        "predecessor_id": last.user_id.id,
                        "operator_id": self.env.uid,
                        "reason": said.get("broker_assignment_reason"),
                    }
                )
        for day, rows in closing.items():
            rows.write({"date_to": day})
        self.flush_model()
        return self.create(vals_list)

    @api.model
    def _get_said(self, company):
        """Return what the context says about the rows of a company, see `_assign`."""
        company_ids = self.env.context.get("broker_assignment_company_ids")
        if not company_ids or company.id in company_ids:
            return self.env.context
        return {"broker_assignment_reason": self.env._("The contact is shared; another company changed it")}

    @api.model
    def _get_last(self, customers, role):
        """Return {customer id: newest assignment} of a role, open or closed."""
        rows = self.search(
            self._get_valid_domain(customers, role),
            order="customer_id, date_from, id",
        )
        return {row.customer_id.id: row for row in rows}

    def _get_origin(self, last, user, company):
        """Tell how a salesperson came to a customer.

        :param last: the customer's last sales assignment, or none
        :param user: the `res.users` who takes over
        :param company: the `res.company` of the customer file
        """
        origin = self._get_said(company).get("broker_assignment_origin")
        if origin:
            return origin
        if not last:
            return "developed"
        if last.user_id == user:
            # Back after a gap with nobody in between: nothing was taken over.
            return last.origin
        still_here = last.user_id.active and company in last.user_id.company_ids
        return "transferred" if still_here else "inherited"

    @api.model
    def _merge_ledgers(self, sources, target):
        """Join the ledgers of customer files that are merged.

        The target's rows stand. A source's row is replaced by what is left of its
        days beside them, so that no day has two answers; the row itself stays as void.

        :param sources: the `broker.customer` files that disappear
        :param target: the `broker.customer` file that remains
        """
        for role, _label in self._fields["role"].selection:
            rows = self.search(
                self._get_valid_domain(sources + target, role),
                order="date_to desc nulls first, date_from, id",
            )
            standing = rows.filtered(lambda row: row.customer_id == target)
            spans = [(row.date_from, row.date_to) for row in standing]
            for row in rows - standing:
                pieces = _subtract(row.date_from, row.date_to, spans)
                spans.extend(pieces)
                row._replace_by_pieces(pieces)

    def _replace_by_pieces(self, pieces):
        """Void a row in favour of rows that cover only some of its days.

        :param pieces: list of (first day, first day no longer or False); nothing
            happens when they are all the row's days
        :return: the new rows
        """
        self.ensure_one()
        if pieces == [(self.date_from, self.date_to)]:
            return self.browse()
        vals_list = [self.copy_data({"date_from": start, "date_to": end})[0] for start, end in pieces]
        self._void()
        rows = self.create(vals_list)
        super().write({"voided_by_id": rows[:1].id})
        return rows

    def _void(self):
        result = super().write({"is_void": True})
        self.flush_recordset()
        return result

    @api.model
    def _get_overlapping(self, customer, role, date_from, date_to):
        """Return the rows that say something about days in [date_from, date_to).

        :param date_to: a `date`, or False for all days from `date_from` on
        """
        return self.search(
            self._get_valid_domain(customer, role) & (Domain("date_to", "=", False) | Domain("date_to", ">", date_from))
        ).filtered(lambda row: (not date_to or row.date_from < date_to) and row.date_from != row.date_to)

    @api.model
    def _correct(self, customer, role, user, date_from, date_to, reason, origin=False):
        """Say again who served a customer, for days that are past or going on.

        The rows in the way are voided, what they still say about other days is
        written anew, and the present person follows when the correction is open.

        :param customer: one `broker.customer`
        :param role: 'sales', 'service', 'care' or 'sponsor'
        :param user: the `res.users` who really had the role, or none
        :param date_from: first day of the correction, a `date`
        :param date_to: the first day no longer, or False
        :param reason: why, for those who read it later
        :param origin: of a salesperson
        :return: the correcting row; empty when nobody had the role
        :raise UserError: when the days are not in order, lie in the future, or there
            is no reason
        """
        if not reason or not reason.strip():
            raise UserError(self.env._("Say why the assignment is corrected: others will read it."))
        today = customer.company_id._get_broker_today()
        if date_from > today or (date_to and not date_from < date_to <= today):
            raise UserError(
                self.env._(
                    "A correction of %(customer)s must begin in the past or today and, where it ends, "
                    "end later and not after today.",
                    customer=customer.display_name,
                )
            )
        overlapping = self._get_overlapping(customer, role, date_from, date_to)
        predecessor = self._get_at(customer, role, date_from - relativedelta(days=1)).get(customer.id, self.browse())
        overlapping_pieces = [
            (row, _subtract(row.date_from, row.date_to, [(date_from, date_to)])) for row in overlapping
        ]
        overlapping._void()
        correction = self.browse()
        if user:
            correction = self.create(
                {
                    "customer_id": customer.id,
                    "role": role,
                    "user_id": user.id,
                    "origin": role == "sales" and (origin or "developed"),
                    "date_from": date_from,
                    "date_to": date_to,
                    "predecessor_id": predecessor.user_id.id,
                    "operator_id": self.env.uid,
                    "reason": reason,
                }
            )
        for row, pieces in overlapping_pieces:
            kept = row._replace_by_pieces(pieces)
            super(BrokerAssignment, row).write({"voided_by_id": (correction or kept)[:1].id})
        customer._follow_ledger(role)
        customer._after_assignment_corrected(role, date_from, date_to)
        return correction


def _subtract(start, end, spans):
    """Return what is left of the half-open span [start, end) without `spans`.

    An end of None or False means open.
    """
    left = [(start, end or False)]
    for other_start, other_end in spans:
        if other_start == other_end:
            continue
        rest = []
        for begin, finish in left:
            if (other_end and other_end <= begin) or (finish and finish <= other_start):
                rest.append((begin, finish))
                continue
            if begin < other_start:
                rest.append((begin, other_start))
            if other_end and (not finish or other_end < finish):
                rest.append((other_end, finish))
        left = rest
    return left
