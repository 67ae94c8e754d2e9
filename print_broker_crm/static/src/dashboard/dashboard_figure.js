import { Component } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/core/utils/numbers";

import { formatMonth, formatShortMonth } from "./dashboard_format";

/** Write a figure of the summary for reading: without cents, and a dash where nothing is known. */
export function formatFigure(value, kind, currencyId) {
    if (value === false || value === null || value === undefined) {
        return "–";
    }
    switch (kind) {
        case "money":
            return formatCurrency(value, currencyId, { digits: [16, 0] });
        case "score":
            return formatFloat(value, { digits: [16, 1] });
    }
    return formatFloat(value, { digits: [16, 0] });
}

/**
 * One number of the dashboard, as a button that opens its rows, and how it differs from the
 * same number before, which opens the rows of that time.
 */
export class DashboardFigure extends Component {
    static template = "print_broker_crm.DashboardFigure";
    static props = {
        name: String,
        label: { type: String, optional: true },
        data: Object,
        open: Function,
        layout: { type: String, optional: true },
        alarm: { type: Boolean, optional: true },
        icon: { type: String, optional: true },
        iconClass: { type: String, optional: true },
    };
    static defaultProps = { layout: "tile", alarm: false, icon: "", iconClass: "" };

    get label() {
        return this.props.label || this.figure.label;
    }

    get figure() {
        return this.props.data.figures[this.props.name];
    }

    get value() {
        const { value, kind } = this.figure;
        return formatFigure(value, kind, this.props.data.company.currency_id);
    }

    get valueClass() {
        const { value } = this.figure;
        return {
            "text-danger": (this.props.alarm && value > 0) || value < 0,
            "text-muted": !value,
        };
    }

    /** How the figure differs from before; nothing where nothing is known, or the month still runs. */
    get change() {
        const { value, before, before_month, kind, good } = this.figure;
        const known = before_month && [value, before].every((number) => typeof number === "number");
        if (!known) {
            return null;
        }
        // Nothing in both is no news, and money against nothing tells only itself again.
        if (!before && (!value || kind === "money")) {
            return null;
        }
        const difference = value - before;
        const percent = before > 0 ? Math.abs(difference / before) * 100 : Infinity;
        // Ten times as much as next to nothing is better told in money.
        let text =
            kind === "money" && percent < 1000
                ? `${formatFloat(percent, { digits: [16, 0] })} %`
                : formatFigure(Math.abs(difference), kind, this.props.data.company.currency_id);
        if (!difference) {
            text = "=";
        }
        const gain = difference * good;
        return {
            text,
            icon: difference > 0 ? "fa-caret-up" : difference < 0 ? "fa-caret-down" : "",
            className: !gain ? "text-muted" : gain < 0 ? "text-danger" : "text-success",
            month: formatShortMonth(before_month),
            title: _t("%(month)s: %(figure)s", {
                month: formatMonth(before_month),
                figure: formatFigure(before, kind, this.props.data.company.currency_id),
            }),
        };
    }
}
