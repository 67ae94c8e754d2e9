from odoo.tests import TransactionCase


class RaceCommon(TransactionCase):
    """Two people at once, on connections of their own."""

    def _open_cursor(self):
        cr = self.registry.cursor()

        def close():
            cr.rollback()
            cr.close()

        self.addCleanup(close)
        return cr
