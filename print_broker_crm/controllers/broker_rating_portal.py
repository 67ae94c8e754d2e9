from odoo import http
from odoo.exceptions import LockError, UserError
from odoo.http import request


class BrokerRatingPortal(http.Controller):
    """The page on which a customer scores sales and service, by a link and once.

    Messengers and mail filters open links before people do: opening changes nothing,
    sending the form does. The page shows what is asked and the firm's own name.
    """

    def _render(self, link, status, error=None, values=None):
        response = request.render(
            "print_broker_crm.rating_link_page",
            {
                "link": link,
                "status": status,
                "error": error,
                "given": values or {},
                "asked_roles": link._get_asked_roles() if link else (),
                "scores": range(5, 0, -1),
                "res_company": link.company_id or request.env.company,
                "no_header": True,
                "no_footer": True,
            },
            status=404 if status == "unknown" else 200,
        )
        # The address is the key: it goes into no cache, no index and no other site's log.
        response.headers.update(
            {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
        )
        return response

    @http.route(
        "/broker/rate/<string:token>", type="http", auth="public", methods=["GET", "POST"], website=True, sitemap=False
    )
    def rating_link(self, token, sales=None, service=None, comment=None, **kwargs):
        """Show the two questions; take the answer when it is sent."""
        link = request.env["broker.rating.link"]._get_by_token(token)
        if link:
            request.update_context(lang=link._get_lang())
            link = link.with_context(lang=link._get_lang())
        refusal = link._get_refusal(request.env.user)
        if refusal == "unknown":
            return self._render(link.browse(), refusal)
        if request.httprequest.method != "POST" or refusal:
            return self._render(link, refusal or "open")
        Rating = request.env["rating.rating"]
        given = {"sales": Rating._get_broker_score(sales), "service": Rating._get_broker_score(service)}
        try:
            with request.env.cr.savepoint():
                link._answer(given, str(comment or ""))
        except LockError:
            # The same answer is being taken this very moment: somebody tapped twice.
            return self._render(link, "answered")
        except UserError as error:
            refusal = link._get_refusal(request.env.user)
            return self._render(link, refusal or "open", str(error), {**given, "comment": str(comment or "")})
        return self._render(link, "answered")
