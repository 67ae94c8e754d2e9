from babel.dates import format_skeleton

from odoo import api, fields, models
from odoo.tools.misc import babel_locale_parse, format_date, formatLang, get_lang


class BrokerTrendExplanationMixin(models.AbstractModel):
    """Why a customer has its trend, in the reader's words, with the figures of the rule."""

    _name = "broker.trend.explanation.mixin"
    _description = "Trend: Explanation"

    @api.model
    def _explain(self, trend, trace, currency):
        """Return in words, with figures and dates, why a customer has its trend.

        :param trend: one of `TRENDS`, or False
        :param trace: what the rule was decided by
        :param currency: the `res.currency` of the amounts
        """
        if not trend or not trace.get("reason"):
            return False
        lines = [self._explain_first(trend, trace), self._explain_wait(trend, trace)]
        if trace["reason"] in ("figures", "held", "one_job", "chance", "alone", "unknown"):
            lines += self._explain_figures(trend, trace, currency)
        return "\n".join(line for line in lines if line)

    @api.model
    def _explain_first(self, trend, trace):
        """Return the sentence about a customer that is new or back, or nothing."""
        if trend == "new":
            return self.env._("Bought for the first time on %(day)s.", day=self._format_trend_day(trace["first_day"]))
        if trend == "recovered":
            first, last = trace["pause"]
            return self.env._(
                "Was lost after %(first)s, and bought again on %(last)s.",
                first=self._format_trend_day(first),
                last=self._format_trend_day(last),
            )
        return ""

    @api.model
    def _explain_wait(self, trend, trace):
        """Return the sentences about when the next job is expected."""
        last = self._format_trend_day(trace["last_day"])
        lost = self._format_trend_day(trace["lost_after"])
        if not trace.get("gap"):
            if trend == "lost":
                return self.env._(
                    "Last bought on %(last)s. Without a rhythm of its own, it is lost after %(lost)s.",
                    last=last,
                    lost=lost,
                )
            return self.env._(
                "Bought on %(days)s days so far, last on %(last)s: no rhythm yet. Lost after %(lost)s.",
                days=trace["jobs"],
                last=last,
                lost=lost,
            )
        lines = [
            self.env._("Usually buys every %(gap)s days, last on %(last)s.", gap=trace["gap"], last=last),
        ]
        if pause := trace.get("pause_days"):
            lines.append(self.env._("Nine in ten of its pauses were no longer than %(days)s days.", days=pause))
        expected = self._format_trend_day(trace["expected"])
        late = self._format_trend_day(trace["late_after"])
        if season := trace.get("season"):
            lines.append(
                self.env._(
                    "A year before it paused from %(first)s to %(back)s.",
                    first=self._format_trend_day(season[0]),
                    back=self._format_trend_day(season[1]),
                )
            )
        if trend == "lost":
            lines.append(
                self.env._(
                    "The next job was expected by %(expected)s; lost after %(lost)s.", expected=expected, lost=lost
                )
            )
        elif trace["reason"] == "late":
            lines.append(
                self.env._(
                    "The next job was expected by %(expected)s; too late after %(late)s, lost after %(lost)s.",
                    expected=expected,
                    late=late,
                    lost=lost,
                )
            )
        else:
            lines.append(
                self.env._(
                    "The next job is expected by %(expected)s; too late after %(late)s.", expected=expected, late=late
                )
            )
        return " ".join(lines)

    @api.model
    def _explain_figures(self, trend, trace, currency):
        """Return the sentences about revenue."""
        if "now" not in trace or ("year" not in trace and "before" not in trace):
            return [self.env._("The months are too few to compare revenue.")]

        def money(amount):
            return formatLang(self.env, amount, currency_obj=currency)

        lines = [
            self.env._(
                "Revenue from %(first)s to %(last)s: %(amount)s.",
                first=self._format_trend_month(trace["from"]),
                last=self._format_trend_month(trace["to"]),
                amount=money(trace["now"]),
            )
        ]
        if "year" in trace:
            lines.append(
                self.env._(
                    "The same months a year before: %(amount)s (%(change)s).",
                    amount=money(trace["year"]),
                    change=self._format_trend_change(trace["now"], trace["year"]),
                )
            )
        if "before" in trace:
            lines.append(
                self.env._(
                    "The three months before: %(amount)s (%(change)s).",
                    amount=money(trace["before"]),
                    change=self._format_trend_change(trace["now"], trace["before"]),
                )
            )
        if "half_now" in trace:
            lines.append(
                self.env._(
                    "Both quarters together: %(now)s after %(before)s a year before (%(change)s).",
                    now=money(trace["half_now"]),
                    before=money(trace["half_year"]),
                    change=self._format_trend_change(trace["half_now"], trace["half_year"]),
                )
            )
        if trace["reason"] == "held":
            lines.append(
                self.env._(
                    "Orders did not go the same way: %(now)s after %(before)s. A credit note or a late invoice is no "
                    "trend.",
                    now=money(trace["ordered"]),
                    before=money(trace["ordered_before"]),
                )
            )
        if trace["reason"] == "one_job":
            lines.append(self.env._("One job more or less makes the difference, and is no trend."))
        if trace["reason"] == "chance":
            lines.append(
                self.env._(
                    "Too little to tell from chance: its months differ by %(usual)s anyhow, and a trend is at least "
                    "%(times)s times that.",
                    usual=money(trace["usual"]),
                    times=formatLang(self.env, trace["times"], digits=1),
                )
            )
        if trace["reason"] == "alone":
            lines.append(
                self.env._(
                    "The last closed month says so alone: a trend is what %(months)s closed months agree upon.",
                    months=trace["agree"],
                )
            )
        return lines

    @api.model
    def _format_trend_change(self, now, before):
        """Return a change in percent, with its sign; a dash where there is nothing to compare with."""
        if before <= 0:
            return "–"
        percent = round((now - before) * 100 / before)
        return f"{percent:+d} %"

    @api.model
    def _format_trend_day(self, day):
        return format_date(self.env, day)

    @api.model
    def _format_trend_month(self, month):
        locale = babel_locale_parse(get_lang(self.env).code)
        return format_skeleton("yMMMM", fields.Date.to_date(month), locale=locale)
