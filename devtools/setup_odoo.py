"""Odoo 19 itself: the reader's own checkout, or Debian's package unpacked below ``.odoo``, never installed."""

import ast
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devtools import locks, paths, stamps
from devtools.console import DevError, Step, run_logged, say

# The second group are fonts and scripts that the package of Odoo only links to.
PACKAGES = (
    "odoo-19",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OWN_CHECKOUT_HINT = "Set ODOO_SOURCE=/path to your own checkout of Odoo 19.0 instead."
# Raise when the repairs below change, so that an unpacked source is made anew.
REPAIRS = 1


@dataclass(frozen=True)
class Source:
    """A tree of Odoo: the folder that holds the Python package ``odoo``, and its release."""

    python_path: Path
    version: str

    @property
    def addons_paths(self):
        """Folders of addons beside those in ``odoo/addons``, which Odoo finds by itself."""
        addons = self.python_path / "addons"
        # Debian's package has such a folder too, but with nothing in it besides Python.
        return [addons] if (addons / "web" / "static").is_dir() else []

    def find_addon(self, name):
        """The folder of one of Odoo's own addons."""
        folders = [*self.addons_paths, self.python_path / "odoo" / "addons"]
        return next(folder / name for folder in folders if (folder / name / "__manifest__.py").is_file())


def ensure_source():
    """Give the source of Odoo 19, fetching it when needed."""
    own = os.environ.get("ODOO_SOURCE")
    if own:
        return _read_source(Path(own).expanduser().resolve())
    fingerprint = stamps.digest(REPAIRS, *PACKAGES)
    if not stamps.is_done("source", fingerprint):
        with locks.exclusive("setup"):
            if not stamps.is_done("source", fingerprint):
                _fetch_source()
                stamps.mark_done("source", fingerprint)
    return _read_source(paths.SOURCE / "usr" / "lib" / "python3" / "dist-packages")


def _read_source(folder):
    release = folder / "odoo" / "release.py"
    if not release.is_file():
        raise DevError(f"No Odoo in {folder}: it has no odoo/release.py.")
    found = re.search(r"^version_info = (\(.*?),\s*[A-Z]", release.read_text(), re.MULTILINE)
    version = ast.literal_eval(found.group(1) + ")") if found else None
    if not version or version[:2] != (19, 0):
        raise DevError(f"{folder} is not Odoo 19.0 but {version}.")
    return Source(folder, ".".join(map(str, version)))


def _fetch_source():
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise DevError(f"Odoo comes from a Debian package, but this machine has no {tool}. {OWN_CHECKOUT_HINT}")
    if not KEYRING.is_file():
        raise DevError(
            f"The Debian archive keyring {KEYRING} is missing, so the package cannot be verified. "
            f"Install it (apt-get install debian-archive-keyring). {OWN_CHECKOUT_HINT}"
        )
    shutil.rmtree(paths.APT, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "packages"):
        (paths.APT / folder).mkdir(parents=True)
    mirror = _find_mirror()
    sources = paths.APT / "unstable.sources"
    sources.write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: sid\nComponents: main\nSigned-By: {KEYRING}\n", encoding="utf-8"
    )
    options = [*_private_apt(), "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"]
    run_logged("List of Debian's packages", ["apt-get", "update", *options], "odoo.log")
    run_logged("Odoo 19 (120 MB)", ["apt-get", "download", *options, *PACKAGES], "odoo.log", cwd=paths.APT / "packages")
    unpacked = paths.STATE / "source.new"
    shutil.rmtree(unpacked, ignore_errors=True)
    with Step("Unpacking Odoo"):
        for package in sorted((paths.APT / "packages").glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    _repair(unpacked / "usr" / "lib" / "python3" / "dist-packages" / "odoo" / "addons")
    shutil.rmtree(paths.SOURCE, ignore_errors=True)
    unpacked.rename(paths.SOURCE)
    shutil.rmtree(paths.APT, ignore_errors=True)


def _private_apt():
    """Point apt at lists and a cache of our own: it needs no rights then and leaves the system alone."""
    options = {
        "Dir::State::lists": paths.APT / "lists",
        "Dir::Cache": paths.APT / "cache",
        "Debug::NoLocking": "1",
        "APT::Get::List-Cleanup": "0",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # The reader of files that apt drops to may not see into this folder.
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in options.items() for part in ("-o", f"{name}={value}")]


def _find_mirror():
    """The mirror this machine already uses."""
    mirrors = _list_mirrors([])
    if not mirrors:
        # A bare machine has no package lists yet: read its own sources into our folder.
        run_logged("Mirrors of this machine", ["apt-get", "update", *_private_apt()], "odoo.log")
        mirrors = _list_mirrors(_private_apt())
    if not mirrors:
        raise DevError(f"apt names no mirror of Debian on this machine. {OWN_CHECKOUT_HINT}")
    return mirrors[0]


def _list_mirrors(options):
    result = subprocess.run(
        ["apt-get", "indextargets", *options, "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    )
    rows = (line.split("|") for line in result.stdout.splitlines() if line.count("|") == 2)
    return [uri for origin, label, uri in rows if origin == label == "Debian"]


def _repair(addons):
    """Put right what Debian's package links to or leaves out, and other packages no longer bring."""
    # Font Awesome 4.7: unstable has 7, and two of the links are swapped. The real files lie in the package itself.
    real = addons / "web" / "static" / "src" / "libs" / "fontawesome" / "fonts"
    links = addons / "web" / "static" / "lib" / "fontawesome" / "fonts"
    for font in (*real.glob("*.woff"), *real.glob("*.woff2")):
        link = links / font.name
        link.unlink(missing_ok=True)
        shutil.copyfile(font, link)
    # Blurs video-call backgrounds. While it is missing every page logs a console error.
    blur = addons / "mail" / "static" / "lib" / "selfie_segmentation" / "selfie_segmentation.js"
    if not blur.exists():
        blur.parent.mkdir(parents=True, exist_ok=True)
        blur.unlink(missing_ok=True)
        blur.write_text("")
    dangling = [path for path in (addons / "web").rglob("*.js") if path.is_symlink() and not path.exists()]
    if dangling:
        say(f"  Scripts that Debian's package only links to: {', '.join(path.name for path in dangling)}")
