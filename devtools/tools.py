"""Programs that the machine has to bring, and the Debian package that brings each."""

import shutil

BROWSER = "a browser"
PDF_ENGINE = "a PDF engine"
TOOLS = {
    BROWSER: (("google-chrome", "chromium", "chromium-browser", "google-chrome-stable"), "chromium"),
    PDF_ENGINE: (("wkhtmltopdf",), "wkhtmltopdf"),
}


def find_tool(tool):
    """The path of the first program that can do the job, or nothing."""
    return next(filter(None, map(shutil.which, TOOLS[tool][0])), None)


def missing_tools():
    """Which tools are missing, with the Debian package that brings each."""
    return {tool: package for tool, (_programs, package) in TOOLS.items() if not find_tool(tool)}
