import re

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import formatLang

# What people write freely, and what both sides of the broker read.
_FREE_FIELDS = ("spot_colors", "die_number", "note")
# A shorter name would be found in half of all notes.
_SHORTEST_NAME = 3


class BrokerJobSpecTextMixin(models.AbstractModel):
    """A job spec as it is printed: for the customer and for the printing house alike."""

    _name = "broker.job.spec.text.mixin"
    _description = "Job Spec: Text"

    # PRINTED

    def _get_rows(self):
        """Return the spec line by line, in the language of the context.

        Only what the product type asks for: what the form hides is not printed.

        :return: list of (translated label, value)
        """
        self.ensure_one()
        rows = [
            (self.env._("Product"), self.product_type_id.name),
            *self._get_size_rows(),
            *self._get_print_rows(),
            *self._get_finishing_rows(),
        ]
        if self._asks("tolerance") and (self.overage or self.underage):
            rows.append(
                (
                    self.env._("Quantity"),
                    self.env._(
                        "%(over)s %% more to %(under)s %% less than ordered",
                        over=self._format_number(self.overage),
                        under=self._format_number(self.underage),
                    ),
                )
            )
        rows.append((self.env._("More"), (self.note or "").strip()))
        return [(label, value) for label, value in rows if value]

    def _get_size_rows(self):
        size = self._asks("size") and (self.width or self.height)
        if size:
            sizes = [self.width, self.height]
            if self._asks("depth") and self.depth:
                sizes.append(self.depth)
            size = self._format_size(*sizes)
        flat = self._asks("flat_size") and (self.flat_width or self.flat_height)
        return [
            (self.env._("Finished size"), size),
            (self.env._("Flat size"), flat and self._format_size(self.flat_width, self.flat_height)),
            (self.env._("Pages"), self._asks("pages") and self.pages and str(self.pages)),
        ]

    def _get_print_rows(self):
        colors = self._asks("colors") and (self.colors_front or self.colors_back)
        if colors:
            colors = f"{self.colors_front} + {self.colors_back}"
            if (self.spot_colors or "").strip():
                colors = f"{colors} ({self.spot_colors.strip()})"
        sides = self._asks("sides") and self.sides
        if sides:
            sides = dict(self._fields["sides"]._description_selection(self.env))[sides]
        return [
            (self.env._("Colors"), colors),
            (self.env._("Sides"), sides),
            (self.env._("Stock"), self._asks("media") and self._format_media(self.media_id, self.weight)),
            (
                self.env._("Cover"),
                self._asks("cover") and self._format_media(self.cover_media_id, self.cover_weight),
            ),
        ]

    def _get_finishing_rows(self):
        rows = []
        for aspect, name in (
            ("binding", "binding_id"),
            ("folding", "folding_id"),
            ("coating", "coating_id"),
            ("laminating", "laminating_id"),
            ("embossing", "embossing_id"),
            ("die_cut", "die_cut_id"),
            ("proof", "proof_id"),
        ):
            option = self[name]
            value = self._asks(aspect) and option and not option.is_none and option.name
            if value and aspect == "die_cut" and (self.die_number or "").strip():
                value = self.env._(
                    "%(die_cut)s, existing die %(number)s", die_cut=value, number=self.die_number.strip()
                )
            rows.append((self._fields[name]._description_string(self.env), value))
        return rows

    def _get_text(self):
        """Return the spec as text of several lines, for quotations and purchase orders."""
        self.ensure_one()
        text = "\n".join(
            self.env._("%(label)s: %(value)s", label=label, value=value) for label, value in self._get_rows()
        )
        if any(self[name] for name in _FREE_FIELDS):
            # Whoever was renamed, or chosen to print it, after the note was written.
            for name in self._get_names_to_hide():
                if len(name) >= _SHORTEST_NAME:
                    text = re.sub(re.escape(name), "…", text, flags=re.IGNORECASE)
        return text

    def _format_number(self, number):
        return formatLang(self.env, number, digits=0 if float(number).is_integer() else 1, grouping=False)

    def _format_size(self, *sizes):
        return self.env._("%(size)s mm", size=" × ".join(self._format_number(size) for size in sizes))

    def _format_media(self, media, weight):
        parts = [media.name, weight and self.env._("%(weight)s g/m²", weight=weight)]
        return " ".join(part for part in parts if part)

    def _get_label(self):
        """Return how messages call the line: the order's number and the product."""
        self.ensure_one()
        line = self.sudo().order_line_id
        return " ".join(filter(None, (line.order_id.name, line.product_id.name)))

    # WITHOUT NAMES

    @api.constrains(*_FREE_FIELDS)
    def _check_names_nobody(self):
        Customer = self.env["broker.customer"]
        for spec in self:
            text = Customer._get_name_key(" ".join(spec[name] or "" for name in _FREE_FIELDS)) or ""
            for name in spec._get_names_to_hide():
                key = Customer._get_name_key(name) or ""
                if len(key) >= _SHORTEST_NAME and key in text:
                    raise ValidationError(
                        self.env._(
                            "%(job)s: the job spec is read by the customer and by the printing house, and must not "
                            "name %(name)s. Take the name out.",
                            job=spec._get_label(),
                            name=name,
                        )
                    )
            spec._check_identities()

    def _check_identities(self):
        """Raise when the free text holds an address, a number or a name of either side."""
        text = "\n".join(filter(None, (self[name] for name in _FREE_FIELDS)))
        pattern = self.order_id._broker_get_pattern(everybody=True) if text.strip() else None
        found = self.env["broker.identity"]._find(pattern, text)
        if found:
            raise ValidationError(
                self.env._(
                    "%(job)s: the job spec is read by the customer and by the printing house, and must not "
                    "name %(name)s. Take the name out.",
                    job=self._get_label(),
                    name=found[0],
                )
            )

    def _get_names_to_hide(self):
        """Return the names of the customer, its contact and the printing houses of the line."""
        self.ensure_one()
        line = self.sudo().order_line_id
        customer = line.order_id.partner_id
        printers = (
            line.purchase_line_ids.order_id.partner_id | line.product_id.seller_ids.partner_id
        ).commercial_partner_id
        return [partner.name for partner in customer | customer.commercial_partner_id | printers if partner.name]
