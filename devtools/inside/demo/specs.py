"""What the demo firm has printed: a job spec for every line it quotes."""

from devtools.inside.demo.clock import at_hour

# By the key of product_product_<key>; a value that begins with a kind names a print option.
SPECS = {
    "card": {
        "width": 90,
        "height": 54,
        "colors": (4, 4),
        "media": "coated_gloss",
        "weight": 300,
        "laminating": "matte",
    },
    "leaflet": {
        "width": 99,
        "height": 210,
        "flat": (297, 210),
        "colors": (4, 4),
        "media": "coated_gloss",
        "weight": 157,
        "folding": "letter",
    },
    "brochure": {
        "width": 210,
        "height": 297,
        "pages": 16,
        "colors": (4, 4),
        "media": "coated_matte",
        "weight": 157,
        "cover": ("coated_matte", 200),
        "laminating": "matte",
    },
    "catalogue": {
        "width": 210,
        "height": 285,
        "pages": 96,
        "colors": (4, 4),
        "media": "coated_matte",
        "weight": 157,
        "cover": ("coated_gloss", 157),
        "laminating": "matte",
        "embossing": "foil",
        "proof": "contract",
    },
    "poster": {"width": 420, "height": 594, "colors": (4, 0), "media": "coated_gloss", "weight": 200},
    "menu": {
        "width": 210,
        "height": 297,
        "flat": (420, 297),
        "colors": (4, 4),
        "media": "coated_gloss",
        "weight": 250,
        "folding": "half",
        "laminating": "matte",
    },
    "envelope": {
        "width": 220,
        "height": 110,
        "colors": (1, 0),
        "spot_colors": "PANTONE 286 C",
        "media": "uncoated",
        "weight": 100,
    },
    "book": {
        "width": 170,
        "height": 240,
        "pages": 208,
        "colors": (1, 1),
        "media": "bulky",
        "weight": 80,
        "cover": ("coated_gloss", 250),
        "laminating": "matte",
    },
    "workbook": {
        "width": 185,
        "height": 260,
        "pages": 96,
        "colors": (2, 2),
        "media": "uncoated",
        "weight": 60,
        "warning_note": "内页纸薄，印厂确认 96 页可以骑马钉",
    },
    "picture_book": {
        "width": 250,
        "height": 250,
        "pages": 32,
        "colors": (4, 4),
        "media": "coated_matte",
        "weight": 157,
        "cover": ("coated_gloss", 157),
        "laminating": "matte",
        "warning_note": "童书常规页数，灰板封面加环衬",
    },
    "carton": {
        "width": 300,
        "height": 200,
        "depth": 150,
        "colors": (4, 0),
        "media": "corrugated",
        "weight": 550,
        "laminating": "gloss",
        "die_cut": "cut",
        "die_number": "DM-2041",
        "proof": "contract",
        "overage": 3,
    },
    "gift_box": {
        "width": 280,
        "height": 220,
        "depth": 60,
        "colors": (4, 0),
        "media": "grey_board",
        "weight": 1200,
        "cover": ("special", 128),
        "embossing": "foil",
        "proof": "dummy",
    },
    "mooncake_box": {
        "width": 320,
        "height": 240,
        "depth": 70,
        "colors": (5, 0),
        "spot_colors": "PANTONE 871 C",
        "media": "grey_board",
        "weight": 1500,
        "cover": ("coated_gloss", 157),
        "laminating": "soft_touch",
        "embossing": "foil_emboss",
        "proof": "press",
        "note": "内托六孔，可回收材料",
    },
    "paper_bag": {
        "width": 260,
        "height": 330,
        "depth": 100,
        "colors": (4, 0),
        "media": "ivory_board",
        "weight": 250,
        "laminating": "matte",
    },
    "label": {
        "width": 60,
        "height": 40,
        "colors": (4, 0),
        "media": "adhesive",
        "weight": 80,
        "die_cut": "kiss_cut",
        "overage": 5,
        "underage": 2,
    },
    "hang_tag": {"width": 50, "height": 90, "colors": (4, 4), "media": "ivory_board", "weight": 350, "die_cut": "cut"},
    "desk_calendar": {
        "width": 210,
        "height": 150,
        "pages": 26,
        "colors": (4, 4),
        "media": "coated_matte",
        "weight": 250,
    },
    "wall_calendar": {
        "width": 380,
        "height": 520,
        "pages": 14,
        "colors": (4, 0),
        "media": "coated_gloss",
        "weight": 200,
    },
}
_KINDS = ("media", "laminating", "folding", "embossing", "die_cut", "proof")


class Specs:
    """Writes the job specs, and plans what happens to some of them."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.key_of = {product.id: key for key, product in story.product.items()}

    def plan(self):
        """A customer changes a confirmed job, and another wants the same as last time."""
        story = self.story
        story.clock.at(story.month(16, 12, 10.0), self.change_mind, "yunwen")
        story.clock.at(at_hour(story.last_workday, 16.0), self.make_again, "mingde")

    def fill(self, order):
        """Give every line of a new quotation its spec, as the salesperson who quotes."""
        env = self.firm.as_user(order.user_id)
        env["broker.job.spec"].create(
            [
                {"order_line_id": line.id, **self._get_values(self.key_of[line.product_id.id])}
                for line in order.order_line
            ]
        )

    def _get_option(self, kind, code):
        return self.firm.root.ref(f"print_broker_crm.broker_print_option_{kind}_{code}").id

    def _get_values(self, key):
        values = dict(SPECS[key])
        values["colors_front"], values["colors_back"] = values.pop("colors")
        if flat := values.pop("flat", None):
            values["flat_width"], values["flat_height"] = flat
        if cover := values.pop("cover", None):
            values["cover_media_id"] = self._get_option("media", cover[0])
            values["cover_weight"] = cover[1]
        for kind in _KINDS:
            if code := values.pop(kind, None):
                values[f"{kind}_id"] = self._get_option(kind, code)
        return values

    def change_mind(self, key):
        """The newest job gets sixteen pages or a lighter sheet more than was agreed."""
        spec = self._get_jobs(key).order_line.broker_job_spec_ids[-1:]
        owned = self.firm.as_user(self.story.salesperson(key) or self.firm.owner, spec)
        owned.write({"pages": spec.pages + 16} if spec.pages else {"weight": spec.weight - 50})

    def make_again(self, key):
        customer = self.firm.as_user(self.story.salesperson(key) or self.firm.owner, self.story.customer_file(key))
        customer.action_same_as_last_time()

    def _get_jobs(self, key):
        orders = self.story.customer_file(key).order_ids.filtered(lambda order: order.state == "sale")
        return orders.sorted("date_order")[-1:]
