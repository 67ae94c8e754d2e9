from odoo import api, models
from odoo.exceptions import ValidationError

from .broker_product_type import ASPECTS

# Cyan, magenta, yellow and black; what goes beyond is a spot color and has a name.
PROCESS_COLORS = 4
# The field that answers each aspect; those with a method of their own are left out.
_ASPECT_FIELDS = {
    "pages": "pages",
    "sides": "sides",
    "depth": "depth",
    "coating": "coating_id",
    "laminating": "laminating_id",
    "binding": "binding_id",
    "folding": "folding_id",
    "embossing": "embossing_id",
    "die_cut": "die_cut_id",
    "proof": "proof_id",
}
_CHECKED_FIELDS = (
    "product_type_id",
    "width",
    "height",
    "depth",
    "flat_width",
    "flat_height",
    "pages",
    "sides",
    "colors_front",
    "colors_back",
    "spot_colors",
    "media_id",
    "weight",
    "cover_media_id",
    "cover_weight",
    "binding_id",
)


class BrokerJobSpecCheckMixin(models.AbstractModel):
    """What is missing, unusual or impossible about a job spec.

    Impossible is refused when it is saved. Unusual is confirmed with a note, because
    printing is full of exceptions; until then the job is not ready to be handed over.
    """

    _name = "broker.job.spec.check.mixin"
    _description = "Job Spec: Checks"

    @api.model
    def _get_finding_dependencies(self):
        """Return what decides whether a spec is complete."""
        return [
            *_CHECKED_FIELDS,
            *{name for name in _ASPECT_FIELDS.values() if name not in _CHECKED_FIELDS},
            "confirmed_warnings",
            *(f"product_type_id.ask_{aspect}" for aspect in ASPECTS),
            "binding_id.pages_min",
            "binding_id.pages_max",
            "media_id.weight_min",
            "media_id.weight_max",
            "cover_media_id.weight_min",
            "cover_media_id.weight_max",
        ]

    # WHAT IS ASKED

    def _get_asked_aspects(self):
        """Return the aspects on the form: those of the product type, or all without one."""
        self.ensure_one()
        kind = self.product_type_id
        return kind._get_aspects("optional", "required") if kind else list(ASPECTS)

    def _asks(self, aspect):
        kind = self.product_type_id
        return not kind or kind[f"ask_{aspect}"] != "no"

    # WHAT IS MISSING

    def _get_missing(self):
        """Return the labels of what the product type needs and nobody has filled.

        :return: list of translated labels
        """
        self.ensure_one()
        if not self.product_type_id:
            return [self.env._("Product Type")]
        labels = self.product_type_id._fields
        return [
            labels[f"ask_{aspect}"]._description_string(self.env)
            for aspect in self.product_type_id._get_aspects("required")
            if not self._is_answered(aspect)
        ]

    def _is_answered(self, aspect):
        if aspect == "size":
            return bool(self.width and self.height)
        if aspect == "flat_size":
            return bool(self.flat_width and self.flat_height)
        if aspect == "colors":
            return bool(self.colors_front or self.colors_back)
        if aspect == "media":
            return bool(self.media_id and (self.weight or not self.media_id.weight_max))
        if aspect == "cover":
            return bool(self.cover_media_id and (self.cover_weight or not self.cover_media_id.weight_max))
        if aspect == "tolerance":
            # Exactly the ordered quantity is an answer, too.
            return True
        return bool(self[_ASPECT_FIELDS[aspect]])

    # WHAT IS UNUSUAL

    def _get_warnings(self):
        """Return what is unusual about the job.

        A room that knows more extends it. The key holds the figures, so that a
        confirmation does not cover what is entered later.

        :return: dict of key to translated message
        """
        self.ensure_one()
        warnings = {}
        for aspect, media, weight in (
            ("media", self.media_id, self.weight),
            ("cover", self.cover_media_id, self.cover_weight),
        ):
            if self._asks(aspect) and media and weight and media.weight_max:
                if not media.weight_min <= weight <= media.weight_max:
                    warnings[f"{aspect}:{media.id}:{weight}"] = self.env._(
                        "%(media)s is usually between %(lowest)s and %(highest)s g/m², here it is %(weight)s g/m².",
                        media=media.name,
                        lowest=media.weight_min,
                        highest=media.weight_max,
                        weight=weight,
                    )
        binding, pages = self.binding_id, self.pages
        if self._asks("binding") and self._asks("pages") and binding and pages:
            if pages < binding.pages_min or (binding.pages_max and pages > binding.pages_max):
                warnings[f"pages:{binding.id}:{pages}"] = self.env._(
                    "%(binding)s usually has %(fewest)s to %(most)s pages, here it has %(pages)s.",
                    binding=binding.name,
                    fewest=binding.pages_min,
                    most=binding.pages_max or "∞",
                    pages=pages,
                )
        return warnings

    def _get_open_warnings(self):
        """Return the warnings that nobody has confirmed, see `_get_warnings`."""
        self.ensure_one()
        confirmed = set((self.confirmed_warnings or "").split())
        return {key: message for key, message in self._get_warnings().items() if key not in confirmed}

    def _confirm_warnings(self):
        """Let the note that was just written stand for what is unusual now."""
        for spec in self:
            confirmed = " ".join(spec._get_warnings()) if (spec.warning_note or "").strip() else False
            spec.sudo().confirmed_warnings = confirmed

    # WHAT IS IMPOSSIBLE

    @api.constrains(*_CHECKED_FIELDS)
    def _check_possible(self):
        for spec in self:
            for message in spec._get_errors():
                raise ValidationError(self.env._("%(job)s: %(message)s", job=spec._get_label(), message=message))

    def _get_errors(self):
        """Return what cannot be printed that way, with what to do about it.

        :return: list of translated messages
        """
        self.ensure_one()
        return [*self._get_size_errors(), *self._get_color_errors(), *self._get_stock_errors()]

    def _get_size_errors(self):
        errors = []
        largest = (self.company_id or self.env.company).sudo().broker_size_max
        sizes = [self.width, self.height, *([self.depth] if self._asks("depth") else [])]
        if self._asks("size") and max(sizes) > largest:
            errors.append(
                self.env._(
                    "a finished size of %(size)s is more than the %(largest)s mm of the settings. Sizes are in mm.",
                    size=self._format_size(*sizes),
                    largest=largest,
                )
            )
        if self._asks("flat_size") and max(self.flat_width, self.flat_height) > largest:
            errors.append(
                self.env._(
                    "a flat size of %(size)s is more than the %(largest)s mm of the settings. Sizes are in mm.",
                    size=self._format_size(self.flat_width, self.flat_height),
                    largest=largest,
                )
            )
        if self._asks("size") and self._asks("flat_size") and self.flat_width and self.flat_height:
            finished = sorted((self.width, self.height))
            flat = sorted((self.flat_width, self.flat_height))
            if any(finish > sheet for finish, sheet in zip(finished, flat, strict=True)):
                errors.append(
                    self.env._(
                        "the finished size of %(size)s does not fit on the flat sheet of %(sheet)s. Correct one of "
                        "them.",
                        size=self._format_size(self.width, self.height),
                        sheet=self._format_size(self.flat_width, self.flat_height),
                    )
                )
        multiple = self.binding_id.page_multiple
        if self._asks("binding") and self._asks("pages") and multiple and self.pages % multiple:
            lower = self.pages - self.pages % multiple
            errors.append(
                self.env._(
                    "%(binding)s needs a number of pages that is a multiple of %(multiple)s, not %(pages)s. "
                    "Make it %(lower)s or %(higher)s, or choose another binding.",
                    binding=self.binding_id.name,
                    multiple=multiple,
                    pages=self.pages,
                    lower=lower or multiple,
                    higher=lower + multiple if lower else 2 * multiple,
                )
            )
        return errors

    def _get_color_errors(self):
        if not self._asks("colors"):
            return []
        errors = []
        names = [
            name for name in (self.spot_colors or "").replace("，", ",").replace("、", ",").split(",") if name.strip()
        ]
        most = max(self.colors_front, self.colors_back)
        if most > PROCESS_COLORS + len(names):
            errors.append(
                self.env._(
                    "%(front)s + %(back)s colors are more than the %(process)s process colors and the spot colors "
                    "named, of which there are %(spots)s. Name the spot colors, or correct the number.",
                    front=self.colors_front,
                    back=self.colors_back,
                    process=PROCESS_COLORS,
                    spots=len(names),
                )
            )
        if self._asks("sides") and self.sides == "one_sided" and self.colors_back:
            errors.append(
                self.env._(
                    "it is printed on one side, and has %(back)s colors on the back. Choose two sides, or no "
                    "color on the back.",
                    back=self.colors_back,
                )
            )
        return errors

    def _get_stock_errors(self):
        company = (self.company_id or self.env.company).sudo()
        lightest, heaviest = company.broker_weight_min, company.broker_weight_max
        return [
            self.env._(
                "%(weight)s g/m² is no weight of a sheet: between %(lightest)s and %(heaviest)s g/m² are possible, as "
                "the settings say.",
                weight=weight,
                lightest=lightest,
                heaviest=heaviest,
            )
            for aspect, weight in (("media", self.weight), ("cover", self.cover_weight))
            if self._asks(aspect) and weight and not lightest <= weight <= heaviest
        ]

    # GAPS

    @api.model
    def _get_gaps(self, orders):
        """Return the printed lines whose job spec is missing or not complete.

        Lines of products without a product type, like freight, need none.

        :param orders: `sale.order` records
        :return: {`sale.order.line`: list of translated reasons}; complete lines are
            left out
        """
        lines = orders.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        lines = lines.filtered(lambda line: line.broker_job_spec_ids or line._is_broker_printed())
        gaps = {}
        for line in lines:
            spec = line.sudo()._get_broker_job_spec()
            if not spec:
                gaps[line] = [self.env._("there is no job spec yet")]
                continue
            reasons = [self.env._("%(field)s is missing", field=label) for label in spec._get_missing()]
            reasons += spec._get_open_warnings().values()
            if reasons:
                gaps[line] = reasons
        return gaps
