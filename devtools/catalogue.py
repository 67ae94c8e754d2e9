"""Merge and check translation catalogues. Runs in the venv: it needs polib.

    python -m devtools.catalogue merge TEMPLATE CHINESE
    python -m devtools.catalogue check FRESH_TEMPLATE TEMPLATE CHINESE

Prints complaints and ends with 1 when there are any.
"""

import sys
from pathlib import Path

import polib

METADATA = {
    "Project-Id-Version": "Odoo Server 19.0",
    "Report-Msgid-Bugs-To": "",
    "Language": "zh_CN",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "",
    "Plural-Forms": "nplurals=1; plural=0;",
}
WIDTH = 78


def merge(template_path, translation_path):
    """Take the entries of the template, with the translations that are there already."""
    template = polib.pofile(template_path, wrapwidth=WIDTH)
    # Two exports of the same texts must be the same file, so that "up to date" can be checked and diffs are small.
    for field in ("POT-Creation-Date", "PO-Revision-Date"):
        template.metadata.pop(field, None)
    template.save()
    old = polib.pofile(translation_path) if Path(translation_path).is_file() else polib.POFile()
    known = {(entry.msgctxt, entry.msgid): entry for entry in old if not entry.obsolete}
    result = polib.POFile(wrapwidth=WIDTH)
    result.header = "Chinese (Simplified) translation of Print Broker CRM."
    result.metadata = METADATA
    for entry in template:
        before = known.get((entry.msgctxt, entry.msgid))
        result.append(
            polib.POEntry(
                msgctxt=entry.msgctxt,
                msgid=entry.msgid,
                msgstr=before.msgstr if before else "",
                comment=entry.comment,
                occurrences=entry.occurrences,
                flags=[*entry.flags, *(["fuzzy"] if before and before.fuzzy else [])],
            )
        )
    result.save(translation_path)
    return _find_untranslated(translation_path)


def check(fresh_path, template_path, translation_path):
    """Whether the template holds just the addon's texts, and the translation all of them."""
    fresh, template, translation = (
        {(entry.msgctxt, entry.msgid) for entry in polib.pofile(path) if not entry.obsolete}
        for path in (fresh_path, template_path, translation_path)
    )
    complaints = []
    for name, texts in ((template_path, template), (translation_path, translation)):
        for words, difference in (("lacks", fresh - texts), ("still has", texts - fresh)):
            complaints += [f"{Path(name).name} {words} {text!r}" for _context, text in sorted(difference, key=str)]
    if complaints:
        complaints.append("Refresh them with: ./dev i18n")
    return complaints + _find_untranslated(translation_path)


def _find_untranslated(path):
    entries = [entry for entry in polib.pofile(path) if not entry.obsolete]
    complaints = [f"{entry.msgid!r} is not translated" for entry in entries if not entry.msgstr]
    complaints += [f"{entry.msgid!r} has a doubtful translation (fuzzy)" for entry in entries if entry.fuzzy]
    if complaints:
        complaints.append(f"{Path(path).name}: {len(complaints)} of {len(entries)} texts are missing or doubtful")
    return complaints


COMPLAINTS = {"merge": merge, "check": check}[sys.argv[1]](*sys.argv[2:])
print("\n".join(COMPLAINTS))
sys.exit(1 if COMPLAINTS else 0)
