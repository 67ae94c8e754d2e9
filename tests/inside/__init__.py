"""Scripts of these tests that run inside Odoo, as those of devtools do."""
