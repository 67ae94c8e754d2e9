from odoo.fields import Command

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class JobSpecCommon(BrokerAccountCommon):
    """A brochure that is printed outside, and options to choose from."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ref = cls.env.ref
        cls.press = cls.env["res.partner"].create({"name": "Lijiang Press", "is_company": True})
        cls.brochure_type = ref("print_broker_crm.broker_product_type_brochure")
        cls.box_type = ref("print_broker_crm.broker_product_type_folding_box")
        cls.print_product.seller_ids = [Command.create({"partner_id": cls.press.id, "price": 3.0})]
        cls.print_product.write({"service_to_purchase": True, "broker_product_type_id": cls.brochure_type.id})
        cls.gloss = ref("print_broker_crm.broker_print_option_media_coated_gloss")
        cls.saddle = ref("print_broker_crm.broker_print_option_binding_saddle_stitch")
        cls.perfect = ref("print_broker_crm.broker_print_option_binding_perfect")
        cls.matte_film = ref("print_broker_crm.broker_print_option_laminating_matte")

    @classmethod
    def _get_brochure_values(cls, **kwargs):
        return {
            "width": 210.0,
            "height": 285.0,
            "pages": 16,
            "colors_front": 4,
            "colors_back": 4,
            "media_id": cls.gloss.id,
            "weight": 157,
            "laminating_id": cls.matte_film.id,
            **kwargs,
        }

    @classmethod
    def _fill_spec(cls, line, **kwargs):
        """Give an order line a complete brochure spec."""
        return cls.env["broker.job.spec"].create({"order_line_id": line.id, **cls._get_brochure_values(**kwargs)})
