from odoo import fields, models

# What a job spec can say, by the field of the product type that asks for it.
ASPECTS = (
    "size",
    "depth",
    "flat_size",
    "pages",
    "cover",
    "sides",
    "colors",
    "media",
    "coating",
    "laminating",
    "binding",
    "folding",
    "embossing",
    "die_cut",
    "proof",
    "tolerance",
)
_ANSWERS = [("no", "Not Asked"), ("optional", "Asked"), ("required", "Needed")]


def _ask(label, default="no"):
    return fields.Selection(_ANSWERS, string=label, required=True, default=default)


class BrokerProductType(models.Model):
    """A kind of printed product: what its job spec asks for, and what must be known
    before the job is handed over.

    The names are those of CIP4's job description formats (JDF, XJDF), so that a spec
    means the same to every printing house.
    """

    _name = "broker.product.type"
    _description = "Print Product Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    cip4_name = fields.Char(string="CIP4 Name", help="ProductType in XJDF, for printing houses that read it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    binding_id = fields.Many2one(
        "broker.print.option",
        string="Usual Binding",
        domain="[('kind', '=', 'binding')]",
        help="What a new job spec of this type starts with.",
    )

    ask_size = _ask("Finished Size", "required")
    ask_depth = _ask("Depth")
    ask_flat_size = _ask("Flat Size")
    ask_pages = _ask("Pages")
    ask_cover = _ask("Cover Stock")
    ask_sides = _ask("Sides", "optional")
    ask_colors = _ask("Colors", "required")
    ask_media = _ask("Stock and Weight", "required")
    ask_coating = _ask("Coating")
    ask_laminating = _ask("Laminating")
    ask_binding = _ask("Binding")
    ask_folding = _ask("Folding")
    ask_embossing = _ask("Embossing and Foil")
    ask_die_cut = _ask("Die Cutting")
    ask_proof = _ask("Proof", "optional")
    ask_tolerance = _ask("Quantity Tolerance", "optional")

    _name_uniq = models.UniqueIndex("(name)", "There is a product type of this name already.")

    def _get_aspects(self, *answers):
        """Return the aspects of a job spec that this type asks for.

        :param answers: 'optional', 'required'
        :return: list of names from `ASPECTS`, in the order of the form
        """
        self.ensure_one()
        return [aspect for aspect in ASPECTS if self[f"ask_{aspect}"] in answers]
