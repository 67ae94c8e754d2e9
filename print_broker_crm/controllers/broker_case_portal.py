from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.broker_case_portal_mixin import FILE_BYTES, FILE_COUNT


class BrokerCasePortal(CustomerPortal):
    """The pages on which a customer says that something is wrong, and follows what
    becomes of it."""

    def _get_own_cases(self):
        """Return the cases that whoever is logged in sees, as a domain for sudo."""
        partner = request.env.user.partner_id.commercial_partner_id
        return Domain("is_on_portal", "=", True) & Domain("customer_id.partner_id", "=", partner.id)

    def _get_case(self, case_id, access_token=None):
        """Return a case that the customer sees online, in sudo, for who has its token or is of its
        customer, and any case for colleagues who may read it; else nothing."""
        case = request.env["broker.case"].sudo().browse(case_id).exists()
        if not case:
            return case
        token = case.is_on_portal and case.access_token
        if access_token and token and consteq(token.encode(), str(access_token).encode()):
            return case
        if not request.env.user._is_public() and case.filtered_domain(self._get_own_cases()):
            return case
        staff = request.env.user._is_internal() and case.with_env(request.env).has_access("read")
        return case if staff else case.browse()

    def _get_own_files(self):
        """Return the customer files of whoever is logged in, in sudo."""
        partner = request.env.user.partner_id.commercial_partner_id
        return request.env["broker.customer"].sudo().search(Domain("partner_id", "=", partner.id))

    def _get_own_jobs(self, customers):
        return (
            request.env["sale.order"]
            .sudo()
            .search(
                Domain("broker_customer_id", "in", customers.ids) & Domain("state", "=", "sale"),
                order="date_order desc",
                limit=80,
            )
        )

    def _read_files(self):
        """Return the files of the form that was sent, as (name, bytes)."""
        uploads = [upload for upload in request.httprequest.files.getlist("photos") if upload.filename]
        # Odoo rewinds the first file alone when it runs a request again.
        for upload in uploads:
            upload.seek(0)
        # One more of each than fits: the check says so.
        return [(upload.filename, upload.read(FILE_BYTES + 1)) for upload in uploads[: FILE_COUNT + 1]]

    def _open_case(self, customer, order, kwargs):
        """Open a case for who fills in a form, as if it were one tap.

        :raises UserError: with what is missing
        """
        request.env["broker.proof"]._check_customer_may_answer(request.env.user)
        user = request.env.user
        partner = None if user._is_public() else user.sudo().partner_id
        with request.env.cr.savepoint():
            return (
                request.env["broker.case"]
                .sudo()
                ._open_online(
                    customer.sudo(),
                    str(kwargs.get("name") or ""),
                    str(kwargs.get("comment") or ""),
                    order=order,
                    files=self._read_files(),
                    key=str(kwargs.get("key") or ""),
                    partner=partner,
                )
            )

    @http.route(["/my/cases"], type="http", auth="user", website=True)
    def portal_my_cases(self, message=None, **kwargs):
        """List the customer's cases, with a form for another one."""
        cases = (
            request.env["broker.case"].sudo().search(self._get_own_cases(), order="opened_at desc, id desc", limit=80)
        )
        customers = self._get_own_files()
        values = {
            **self._prepare_portal_layout_values(),
            "cases": cases,
            "jobs": self._get_own_jobs(customers),
            "can_open": bool(customers) and not request.env.user._is_internal(),
            "error": request.session.pop("broker_portal_error", None) if message == "failed" else None,
            "page_name": "broker_cases",
        }
        return request.render("print_broker_crm.portal_my_cases", values)

    @http.route(["/my/cases/new"], type="http", auth="user", methods=["POST"], website=True)
    def portal_case_new(self, order_id=None, **kwargs):
        """Open a case about one of the customer's jobs, or about none."""
        customers = self._get_own_files()
        order = None
        try:
            if str(order_id or "").isdigit():
                order = self._get_own_jobs(customers).filtered(lambda job: job.id == int(order_id))
                if not order:
                    raise UserError(request.env._("Choose one of your own jobs."))
            of_company = customers.filtered(lambda customer: customer.company_id == request.env.company)
            customer = order.broker_customer_id if order else (of_company or customers)[:1]
            if not customer:
                raise UserError(request.env._("We do not know you as a customer yet. Please call us."))
            case = self._open_case(customer, order, kwargs)
        except UserError as error:
            request.session["broker_portal_error"] = str(error)
            return request.redirect("/my/cases?message=failed")
        return request.redirect(case.get_portal_url(query_string="&message=opened"))

    @http.route(["/my/orders/<int:order_id>/case"], type="http", auth="public", methods=["POST"], website=True)
    def portal_order_case(self, order_id, access_token=None, **kwargs):
        """Open a case about the job whose page the customer looks at."""
        try:
            order = self._document_check_access("sale.order", order_id, access_token=access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        try:
            if not order.broker_customer_id or order.state != "sale":
                raise UserError(request.env._("This order is not confirmed. Send us a message instead."))
            case = self._open_case(order.broker_customer_id, order, kwargs)
        except UserError as error:
            request.session["broker_portal_error"] = str(error)
            return request.redirect(order.get_portal_url(query_string="&message=case_failed", anchor="broker_cases"))
        return request.redirect(case.get_portal_url(query_string="&message=opened"))

    @http.route(["/my/cases/<int:case_id>"], type="http", auth="public", website=True)
    def portal_case_page(self, case_id, access_token=None, message=None, **kwargs):
        """Show a case: where it stands, and what was written."""
        case = self._get_case(case_id, access_token)
        if not case:
            return request.redirect("/my")
        values = {
            "case": case,
            "page_name": "broker_case",
            "message": message if message == "opened" else None,
            "is_staff": request.env.user._is_internal(),
            "token": case._portal_ensure_token(),
            "res_company": case.company_id,
        }
        values = self._get_page_view_values(case, access_token, values, "my_broker_cases", False, **kwargs)
        return request.render("print_broker_crm.portal_case_page", values)
