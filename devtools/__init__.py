"""What stands behind ``./dev``. Only the standard library, except where a module says it runs in the venv."""
