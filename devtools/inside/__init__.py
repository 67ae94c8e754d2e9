"""Scripts that run inside Odoo: each has a function ``main(env, *arguments)``."""
