from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize_all, format_list, html2plaintext


class BrokerMaskingMixin(models.AbstractModel):
    """A document that one side of the broker reads, and that names nobody of the other.

    Whatever leaves the firm with it is masked: reports, portal pages, messages, e-mails.
    What people type is refused or marked before, as the company wants it.
    """

    _name = "broker.masking.mixin"
    _description = "Names Nobody"

    broker_given_away = fields.Char(
        string="Gives Away",
        compute="_compute_broker_given_away",
        compute_sudo=True,
        groups="base.group_user",
        help="What is typed here and names somebody whom the reader must not learn of; it goes out as ···.",
    )

    def _compute_broker_given_away(self):
        for record in self:
            text = "\n".join(text for _label, text in record._broker_get_typed().values())
            record.broker_given_away = ", ".join(record._broker_find_names(text)) or False

    @api.depends_context("uid")
    def _compute_display_name(self):
        """Name a document on the portal by nothing that its reader must not learn."""
        result = super()._compute_display_name()
        self._broker_mask_display_names()
        return result

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._broker_get_typed_fields():
            records._broker_check_typed()
        return records

    def write(self, vals):
        result = super().write(vals)
        names = self._broker_get_typed_fields() & set(vals)
        if names:
            # Only what is written now: an old slip does not hold up other work.
            self._broker_check_typed(names)
        return result

    # WHO

    def _broker_mask_display_names(self):
        """Mask the names of these documents for readers outside the firm."""
        if self.env.user._is_internal():
            return
        Identity = self.env["broker.identity"]
        for record in self.filtered("display_name"):
            record.display_name = Identity._mask(record._broker_get_pattern(), record.display_name)

    def _broker_get_typed_fields(self):
        """Hook: return the names of the fields in which people type what others read."""
        return set()

    def _broker_get_readers(self):
        """Hook: return the contacts for whom these documents are made."""
        return self.partner_id

    def _broker_get_other_side(self):
        """Hook: return the contacts whom the readers must not learn of, in sudo."""
        return self.env["res.partner"].sudo()

    def _broker_get_masking(self):
        """Return how strict the company of these documents is."""
        return (self.company_id[:1] or self.env.company).sudo().broker_masking

    def _broker_get_hidden_partners(self):
        """Return the commercial partners who stay unknown to the readers, in sudo."""
        records = self.sudo()
        if not records or records._broker_get_masking() == "off":
            return self.env["res.partner"].sudo()
        hidden = records._broker_get_other_side().commercial_partner_id
        if not hidden:
            return hidden
        ours = self.env["res.company"].sudo().search(Domain.TRUE).partner_id
        return hidden - (records._broker_get_readers().commercial_partner_id | ours).sudo()

    def _broker_get_pattern(self, everybody=False):
        """Return what finds the names that these documents must not show, or None.

        :param everybody: of their own readers, too
        """
        hidden = self._broker_get_hidden_partners()
        known = self.sudo()._broker_get_readers()
        if everybody and self and self._broker_get_masking() != "off":
            hidden, known = hidden | known.commercial_partner_id, known.browse()
        return self.env["broker.identity"]._get_pattern(hidden, known)

    def _broker_find_names(self, text):
        """Return what of a plain text these documents must not show.

        :return: list of str as they stand in the text
        """
        if not (text or "").strip():
            return []
        return self.env["broker.identity"]._find(self._broker_get_pattern(), text)

    def _broker_check_text(self, text, where):
        """Raise when somebody types what the readers must not learn, where the firm
        wants that refused.

        :param text: plain text
        :param where: translated name of what was typed
        """
        if self.env.su or self._broker_get_masking() != "refuse":
            return
        names = self._broker_find_names(text)
        if names:
            raise UserError(
                self.env._(
                    "%(document)s is read outside the firm, and its %(where)s gives away %(names)s. Customers and "
                    "printing houses do not learn of each other: take it out.",
                    document=", ".join(self.mapped("display_name")),
                    where=where,
                    names=format_list(self.env, names),
                )
            )

    def _broker_get_typed(self):
        """Hook: return what people typed here and others read.

        :return: {field name: (translated label, plain text)}
        """
        self.ensure_one()
        return {}

    def _broker_check_typed(self, names=None):
        """Raise when what is typed on one of these documents gives somebody away.

        :param names: of the fields to look at, else all
        """
        if self.env.su or all(record._broker_get_masking() != "refuse" for record in self):
            return
        # One look at all of them: as a rule there is nothing to find.
        hidden = self.sudo()._broker_get_other_side().commercial_partner_id
        pattern = self.env["broker.identity"]._get_pattern(hidden, hidden.browse())
        for record in self if pattern else ():
            for name, (label, text) in record._broker_get_typed().items():
                if (names is None or name in names) and self.env["broker.identity"]._find(pattern, text):
                    record._broker_check_text(text, label)

    def _read_format(self, fnames, load="_classic_read"):
        """Give readers on the portal nothing by other doors than the portal's pages."""
        rows = super()._read_format(fnames, load)
        if not self.env.su and not self.env.user._is_internal():
            self.env["broker.identity"]._mask_rows(self._broker_get_pattern(), rows)
        return rows

    # FOLLOWERS

    def _message_subscribe(self, partner_ids=None, subtype_ids=None, customer_ids=None):
        kept = partner_ids
        if partner_ids and self:
            kept = self._broker_drop_hidden(partner_ids)
            if customer_ids:
                customer_ids = [partner_id for partner_id in customer_ids if partner_id in set(kept)]
            if not kept:
                return True
        return super()._message_subscribe(kept, subtype_ids, customer_ids=customer_ids)

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Refuse followers of the other side."""
        self._broker_check_recipients(partner_ids)
        return super().message_subscribe(partner_ids, subtype_ids)

    def _broker_drop_hidden(self, partner_ids):
        """Return some partner ids without those of the other side."""
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        outside = partners.filtered("partner_share")
        if not outside:
            return list(partner_ids)
        hidden = self._broker_get_hidden_partners()
        dropped = outside.filtered(lambda partner: partner.commercial_partner_id in hidden)
        return [partner_id for partner_id in partner_ids if partner_id not in set(dropped.ids)]

    def _broker_check_recipients(self, partner_ids):
        """Raise when somebody writes of these documents to the other side."""
        if self.env.su or not partner_ids or not self or self._broker_get_masking() != "refuse":
            return
        dropped = set(partner_ids) - set(self._broker_drop_hidden(partner_ids))
        if dropped:
            raise UserError(
                self.env._(
                    "%(people)s must not learn of %(document)s: customers and printing houses do not learn of each "
                    "other. Write to them on their own document.",
                    people=format_list(self.env, self.env["res.partner"].sudo().browse(dropped).mapped("name")),
                    document=", ".join(self.mapped("display_name")),
                )
            )

    def _broker_drop_hidden_followers(self):
        """Take away followers who came before the two sides were joined."""
        for record in self.sudo():
            partners = record.message_partner_ids
            kept = record._broker_drop_hidden(partners.ids) if partners else []
            gone = partners.filtered(lambda partner, kept=kept: partner.id not in kept)
            if gone:
                record.message_unsubscribe(gone.ids)

    # MESSAGES

    def message_post(self, **kwargs):
        """Refuse what would give somebody away outside; and keep what the other side
        writes among colleagues."""
        author = self.env["res.partner"].sudo().browse(kwargs.get("author_id") or ())
        if author and author.partner_share and author.id not in self._broker_drop_hidden(author.ids):
            kwargs.update(subtype_xmlid="mail.mt_note", subtype_id=False)
        self._broker_check_recipients(kwargs.get("partner_ids"))
        if self._broker_is_public(kwargs) and not self.env.su and self.env.user._is_internal():
            names = [attachment[0] for attachment in kwargs.get("attachments") or ()]
            files = self.env["ir.attachment"].sudo().browse(kwargs.get("attachment_ids") or ())
            texts = [kwargs.get("subject"), html2plaintext(kwargs.get("body") or ""), *names, *files.mapped("name")]
            self._broker_check_text("\n".join(filter(None, texts)), self.env._("message"))
        return super().message_post(**kwargs)

    def _message_compute_subject(self):
        subject = super()._message_compute_subject()
        return self.env["broker.identity"]._mask(self._broker_get_pattern(), subject)

    @api.model
    def _broker_is_public(self, values):
        """Return whether a message of these values is more than a note among colleagues."""
        if values.get("is_internal"):
            return False
        subtype = self.env["mail.message.subtype"].sudo().browse(values.get("subtype_id") or ())
        if not subtype and values.get("subtype_xmlid"):
            subtype = self.env.ref(values["subtype_xmlid"], raise_if_not_found=False) or subtype
        return bool(subtype) and not subtype.sudo().internal

    def _message_update_content(self, message, /, *, body, **kwargs):
        if body and not message.sudo().is_internal and not message.sudo().subtype_id.internal:
            body = self.env["broker.identity"]._mask_html(body, self._broker_get_pattern())
        return super()._message_update_content(message, body=body, **kwargs)

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        hidden = self._broker_get_hidden_partners() if any(row.get("share") for row in recipients) else None
        if not hidden:
            return recipients
        family = self.env["broker.identity"]._get_family(hidden)
        addresses = set(family.mapped("email_normalized"))
        return [
            row
            for row in recipients
            if row.get("id") not in set(family.ids) and (row.get("id") or row.get("email_normalized") not in addresses)
        ]

    def _broker_drop_hidden_addresses(self, text):
        """Return a list of e-mail addresses without those of the other side."""
        hidden = self._broker_get_hidden_partners() if text else None
        if not hidden:
            return text
        family = self.env["broker.identity"]._get_family(hidden)
        addresses = set(family.mapped("email_normalized"))
        kept = [part for part in text.split(",") if not set(email_normalize_all(part)) & addresses]
        return ",".join(kept)

    @api.model
    def _broker_is_masked(self, model):
        """Return whether a model's documents name nobody."""
        return bool(model) and model in self.env and hasattr(self.env[model], "_broker_get_pattern")
