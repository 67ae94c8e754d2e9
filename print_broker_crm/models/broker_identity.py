import re
import unicodedata
from html import unescape

from lxml import etree, html
from markupsafe import Markup

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# What stands where a name was.
MASK = "···"
# Beside which a name of Latin letters goes on: "Ann" is not in "planning".
_LATIN = "0-9A-Za-zÀ-ɏ"
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
# Left out when people write the name of a company.
_LEGAL_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "集团",
    "公司",
    "co ltd",
    "ltd",
    "limited",
    "gmbh",
    "inc",
    "llc",
    "corp",
)
# A phone number is known by its end: people write the country or leave it out.
_PHONE_DIGITS = 8
# Attributes that nobody reads and everything depends on.
_WORKING_ATTRIBUTES = frozenset(
    {"class", "id", "name", "for", "type", "style", "role", "rel", "action", "method", "src", "target", "lang"}
)
_INLINE = frozenset({"a", "b", "br", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"})


class KnownPatterns(dict):
    """Patterns that a loop has looked up already, in its context; RPC cannot make one."""


class BrokerIdentity(models.AbstractModel):
    """By what a reader would learn who somebody is, and how that is taken out of a text."""

    _name = "broker.identity"
    _description = "Identities"

    @api.model
    def _get_pattern(self, hidden, known):
        """Return what finds some partners in a text, or nothing to look for.

        Sought are the names of the companies and of all their contacts, their e-mail
        addresses, phone numbers, tax ids and websites.

        :param hidden: `res.partner` whom a reader must not learn of
        :param known: `res.partner` whom the reader knows; what belongs to them, to our
            companies or to our people is no secret
        :return: compiled regular expression, or None
        """
        hidden = hidden.sudo().commercial_partner_id - known.sudo().commercial_partner_id
        if not hidden:
            return None
        words = self._get_words(self._get_family(hidden), hidden)
        ours = self.env["res.company"].sudo().search(Domain.TRUE).partner_id
        words -= self._get_words(self._get_family(known.sudo().commercial_partner_id | ours), hidden)
        words -= self._get_words(self.env["res.users"].sudo().search(Domain("share", "=", False)).partner_id, hidden)
        if not words:
            return None
        # The longest first: what is found is replaced as a whole.
        return re.compile("|".join(sorted(words, key=len, reverse=True)), re.IGNORECASE)

    @api.model
    def _get_family(self, partners):
        """Return some commercial partners with all their contacts, archived ones too."""
        if not partners:
            return partners
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        rows = self.env.execute_query(
            SQL("SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s) ORDER BY id", partners.ids)
        )
        return partners.browse(row[0] for row in rows)

    @api.model
    def _get_words(self, partners, companies):
        """Return the regular expressions of what identifies some partners."""
        words = set()
        for partner in partners:
            is_company = partner.is_company or partner in companies
            for name in {partner.name, partner.company_name}:
                words |= self._get_name_words(name, is_company)
            if partner.email:
                words |= {self._bound(re.escape(address)) for address in self._get_addresses(partner.email)}
            words |= self._get_number_words(partner)
            site = re.sub(r"^\s*(?:\w+://)?(?:www\.)?|[/?#\s].*$", "", partner.website or "")
            if "." in site:
                words.add(self._bound(re.escape(site)))
        return words

    @api.model
    def _get_addresses(self, text):
        return re.findall(r"[^\s<>,;\"]+@[^\s<>,;\"]+", text)

    @api.model
    def _get_name_words(self, name, is_company):
        tokens = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name or ""))
        variants = [tokens]
        if is_company:
            variants.append(self._drop_legal_form(tokens))
        words = set()
        for variant in variants:
            compact = "".join(variant)
            if not compact or compact.isdigit():
                continue
            if not _CJK.search(compact) and (len(compact) < 3 or (not is_company and len(variant) < 2)):
                # A first name alone, or two letters, tell nobody anything.
                continue
            if len(compact) < 2:
                continue
            words.add(self._bound(r"[\W_]{0,3}".join(map(re.escape, variant))))
        return words

    @api.model
    def _drop_legal_form(self, tokens):
        text = " ".join(tokens)
        for form in _LEGAL_FORMS:
            if text.casefold().endswith(form):
                rest = text[: -len(form)].strip()
                # What is left must still tell one from another.
                if len(rest) >= 4 and (_CJK.search(form) or text[: -len(form)].endswith(" ")):
                    return rest.split()
        return tokens

    @api.model
    def _get_number_words(self, partner):
        words = set()
        digits = re.sub(r"\D", "", partner.phone or "")[-_PHONE_DIGITS:]
        if len(digits) >= 7:
            words.add(r"[\s()./-]{0,2}".join(digits) + r"(?!\d)")
        for number in (partner.vat, partner.company_registry):
            compact = re.sub(r"[\W_]+", "", number or "")
            if len(compact) >= 6:
                words.add(self._bound(r"[\s./-]?".join(map(re.escape, compact))))
        return words

    @api.model
    def _bound(self, word):
        """Keep a word from being found inside another one; Chinese knows no gaps."""
        plain = word.replace("\\", "")
        before = "" if _CJK.match(plain[0]) else rf"(?<![{_LATIN}])"
        after = "" if _CJK.match(plain[-1]) else rf"(?![{_LATIN}])"
        return f"{before}{word}{after}"

    # TEXTS

    @api.model
    def _find(self, pattern, text):
        """Return what of a plain text gives somebody away, in the order of the text."""
        if not pattern or not text:
            return []
        found = [match.group() for match in pattern.finditer(unicodedata.normalize("NFKC", text))]
        return list(dict.fromkeys(found))

    @api.model
    def _mask(self, pattern, text):
        """Return a plain text without what gives somebody away."""
        if not pattern or not text:
            return text
        masked = pattern.sub(MASK, text)
        wide = unicodedata.normalize("NFKC", text)
        # Full-width letters are read all the same.
        return masked if masked != text or not pattern.search(wide) else pattern.sub(MASK, wide)

    @api.model
    def _mask_rows(self, pattern, rows):
        """Mask the texts of rows that were read, names of linked records among them."""
        if pattern:
            for row in rows:
                for name, value in row.items():
                    if isinstance(value, str):
                        row[name] = type(value)(
                            self._mask_html(value, pattern) if "<" in value else self._mask(pattern, value)
                        )
                    elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
                        row[name] = (value[0], self._mask(pattern, value[1]))
        return rows

    @api.model
    def _mask_html(self, text, get_pattern):
        """Return a page, or a part of one, without what gives somebody away.

        :param text: str or Markup
        :param get_pattern: one pattern; or, for reports, what is called with each element
            and returns (whether its pattern differs from that of what it is in, pattern).
            Reports mark by `data-broker-shown` what stays as it is
        """
        if not text or not str(text).strip():
            return text
        pick = get_pattern if callable(get_pattern) else None
        pattern = pick(None)[1] if pick else get_pattern
        if not pick and not self._is_found(pattern, str(text)):
            return text
        is_page = bool(re.match(r"\s*(?:<!doctype|<html)", str(text), re.IGNORECASE))
        if is_page:
            root = html.document_fromstring(str(text))
        else:
            root = html.fragment_fromstring(str(text), create_parent="div")
        if not self._mask_node(root, pattern, pick):
            return text
        if is_page:
            result = html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
        else:
            result = html.tostring(root, encoding="unicode")[len("<div>") : -len("</div>")]
        return Markup(result) if isinstance(text, Markup) else result

    @api.model
    def _is_found(self, pattern, source):
        """Return whether a source of HTML may name somebody, in text or attributes."""
        if not pattern:
            return False
        plain = unescape(source)
        return bool(self._find(pattern, plain) or self._find(pattern, re.sub(r"<[^>]*>", "", plain)))

    @api.model
    def _mask_node(self, node, pattern, pick):
        """Mask an element and all in it; return whether anything was changed."""
        if not isinstance(node.tag, str) or node.tag in ("script", "style"):
            return False
        if pick:
            # Nobody shows a name by writing the mark into a message.
            if node.get("data-broker-shown"):
                return False
            differs, own = pick(node)
            pattern = own if differs else pattern
        changed = False
        for child in node:
            changed |= self._mask_node(child, pattern, pick)
            if pattern and child.tail:
                masked = self._mask(pattern, child.tail)
                changed |= masked != child.tail
                child.tail = masked
        if not pattern:
            return changed
        if node.text:
            masked = self._mask(pattern, node.text)
            changed |= masked != node.text
            node.text = masked
        for name, value in node.attrib.items():
            if name not in _WORKING_ATTRIBUTES and (name != "href" or value.startswith(("mailto:", "tel:"))):
                masked = self._mask(pattern, value)
                if masked != value:
                    node.set(name, masked)
                    changed = True
        if len(node) and all(child.tag in _INLINE for child in node.iterdescendants() if isinstance(child.tag, str)):
            # Half of a name in bold is a name.
            whole = node.text_content()
            if not node.xpath(".//*[@data-broker-shown]") and self._find(pattern, whole):
                etree.strip_elements(node, "*", with_tail=True)
                node.text = self._mask(pattern, whole)
                changed = True
        return changed
