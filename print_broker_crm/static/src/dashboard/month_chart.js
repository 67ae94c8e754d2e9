/* global Chart */
import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor, getCustomColor } from "@web/core/colors/colors";
import { formatCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";

import { formatFigure } from "./dashboard_figure";
import { formatAxisMonth, formatMonth } from "./dashboard_format";

/** Write an amount on the axis: 500k, and 1.5M where one digit more is needed. */
function formatTick(value, currencyId) {
    const size = Math.abs(value);
    const unit = size >= 1e6 ? 1e6 : size >= 1e3 ? 1e3 : 1;
    return formatCurrency(value, currencyId, {
        humanReadable: true,
        digits: [16, size % unit ? 1 : 0],
    });
}

/**
 * Revenue and margin of thirteen months: as a chart whose points open their rows and, for the
 * keyboard, for readers and for copying, as a table of links.
 */
export class MonthChart extends Component {
    static template = "print_broker_crm.MonthChart";
    static props = {
        months: Array,
        currencyId: Number,
        open: Function,
    };

    setup() {
        this.canvasRef = useRef("canvas");
        this.state = useState({ isTable: false });
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                if (this.canvasRef.el) {
                    this.chart = new Chart(this.canvasRef.el, this.getConfig());
                }
                return () => {
                    this.chart?.destroy();
                    this.chart = null;
                };
            },
            () => [this.props.months, this.state.isTable]
        );
    }

    get isEmpty() {
        return this.props.months.every((month) => !month.revenue && !month.margin);
    }

    /** Write a month, and that it is not over where it is so. */
    formatTitle({ month, is_running }) {
        const name = formatMonth(month);
        return is_running ? _t("%(month)s (so far)", { month: name }) : name;
    }

    formatMoney(value) {
        return formatFigure(value, "money", this.props.currencyId);
    }

    getConfig() {
        const { months, currencyId } = this.props;
        const scheme = cookie.get("color_scheme");
        const labelColor = getCustomColor(scheme, "#374151", "#E4E4E4");
        const gridColor = getCustomColor(scheme, "rgba(0,0,0,.1)", "rgba(255,255,255,.15)");
        const [revenueColor, marginColor] = [getColor(0, scheme, "sm"), getColor(3, scheme, "sm")];
        const datasets = [
            {
                key: "margin",
                type: "line",
                label: _t("Margin"),
                data: months.map((month) => month.margin),
                borderColor: marginColor,
                backgroundColor: marginColor,
                borderWidth: 2,
                pointRadius: 3,
                pointHitRadius: 12,
                tension: 0,
            },
            {
                key: "revenue",
                type: "bar",
                label: _t("Revenue"),
                data: months.map((month) => month.revenue),
                // The month that runs is no whole one: its bar is empty.
                backgroundColor: months.map((month) =>
                    month.is_running ? "transparent" : revenueColor
                ),
                borderColor: revenueColor,
                borderWidth: months.map((month) => (month.is_running ? 2 : 0)),
                borderRadius: 2,
                maxBarThickness: 40,
            },
        ];
        return {
            type: "bar",
            data: { labels: months.map((month) => formatAxisMonth(month.month)), datasets },
            options: {
                maintainAspectRatio: false,
                animation: false,
                interaction: { mode: "nearest", axis: "x", intersect: false },
                onClick: (event, elements) => {
                    if (elements.length) {
                        const { index, datasetIndex } = elements[0];
                        this.props.open(datasets[datasetIndex].key, months[index].month);
                    }
                },
                onHover: (event, elements) => {
                    event.native.target.style.cursor = elements.length ? "pointer" : "";
                },
                plugins: {
                    legend: {
                        position: "bottom",
                        reverse: true,
                        labels: { color: labelColor, boxWidth: 12 },
                    },
                    tooltip: {
                        mode: "index",
                        callbacks: {
                            title: ([item]) => this.formatTitle(months[item.dataIndex]),
                            label: (item) => `${item.dataset.label}: ${this.formatMoney(item.raw)}`,
                        },
                    },
                },
                scales: {
                    x: { ticks: { color: labelColor }, grid: { display: false } },
                    y: {
                        beginAtZero: true,
                        ticks: {
                            color: labelColor,
                            maxTicksLimit: 5,
                            callback: (value) => formatTick(value, currencyId),
                        },
                        grid: { color: gridColor },
                        border: { display: false },
                    },
                },
            },
        };
    }
}
