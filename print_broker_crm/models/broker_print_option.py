from odoo import fields, models


class BrokerPrintOption(models.Model):
    """A stock, a binding or a finishing that a job spec chooses from.

    What makes sense with it is written here and not in the program: the weights in
    which a stock is made, the multiple of pages a binding needs.
    """

    _name = "broker.print.option"
    _description = "Print Option"
    _order = "kind, sequence, id"

    name = fields.Char(required=True, translate=True)
    kind = fields.Selection(
        [
            ("media", "Stock"),
            ("coating", "Coating"),
            ("laminating", "Laminating"),
            ("binding", "Binding"),
            ("folding", "Folding"),
            ("embossing", "Embossing and Foil"),
            ("die_cut", "Die Cutting"),
            ("proof", "Proof"),
        ],
        required=True,
        index=True,
    )
    cip4_name = fields.Char(string="CIP4 Name", help="The value in JDF and XJDF, for printing houses that read it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_none = fields.Boolean(
        string="Means None",
        help="Chosen to say that the job has nothing of the kind. It answers the question and is not printed.",
    )
    weight_min = fields.Integer(
        aggregator=None, string="Lightest (g/m²)", help="A lighter sheet must be confirmed with a note."
    )
    weight_max = fields.Integer(
        aggregator=None,
        string="Heaviest (g/m²)",
        help="A heavier sheet must be confirmed with a note. 0 for stocks without a weight.",
    )
    page_multiple = fields.Integer(
        aggregator=None,
        string="Multiple of Pages",
        help="A number of pages that is not a multiple of this cannot be bound.",
    )
    pages_min = fields.Integer(
        aggregator=None, string="Fewest Pages", help="Fewer pages must be confirmed with a note."
    )
    pages_max = fields.Integer(
        aggregator=None, string="Most Pages", help="More pages must be confirmed with a note. 0 for no limit."
    )

    _name_uniq = models.UniqueIndex("(kind, name)", "There is an option of this kind and name already.")
    _limits_positive = models.Constraint(
        "CHECK (weight_min >= 0 AND weight_max >= 0 AND page_multiple >= 0 AND pages_min >= 0 AND pages_max >= 0)",
        "The limits of a print option are zero or more.",
    )
    _weights_in_order = models.Constraint(
        "CHECK (weight_max = 0 OR weight_min <= weight_max)",
        "The lightest sheet of a stock cannot be heavier than the heaviest.",
    )
    _pages_in_order = models.Constraint(
        "CHECK (pages_max = 0 OR pages_min <= pages_max)",
        "The fewest pages of a binding cannot be more than the most.",
    )
