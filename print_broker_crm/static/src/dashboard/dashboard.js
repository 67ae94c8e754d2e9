import { Component, onWillStart, useRef, useState } from "@odoo/owl";
import { KeepLast } from "@web/core/utils/concurrency";
import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { DashboardFigure, formatFigure } from "./dashboard_figure";
import { formatMonth } from "./dashboard_format";
import { MonthChart } from "./month_chart";

/**
 * The owner's screen: what waits today, how the month was, which customers decline and who
 * can stop it. Every number is a button that opens the rows it comes from.
 */
export class BrokerDashboard extends Component {
    static template = "print_broker_crm.Dashboard";
    static components = { DashboardFigure, Layout, MonthChart };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.keepLast = new KeepLast();
        this.display = { controlPanel: {} };
        const kept = this.props.state || {};
        this.state = useState({ data: null, isLoading: false });
        // Who comes back from the rows stands where they left.
        useSetupAction({
            rootRef: useRef("root"),
            getLocalState: () => ({
                month: this.data.month,
                companyId: this.data.company.id,
            }),
        });
        onWillStart(() => this.load(kept.month, kept.companyId));
    }

    get data() {
        return this.state.data;
    }

    /** What waits today is the same whichever month is on the screen. */
    get today() {
        return { ...this.data, figures: { ...this.data.figures, ...this.data.today } };
    }

    get monthLabel() {
        return formatMonth(this.data.month);
    }

    async load(month = false, companyId = false) {
        this.state.isLoading = true;
        try {
            this.state.data = await this.keepLast.add(
                this.orm.call("broker.insight", "get_dashboard", [month, companyId])
            );
        } finally {
            this.state.isLoading = false;
        }
    }

    showMonth(month) {
        return this.load(month, this.data.company.id);
    }

    showCompany(ev) {
        return this.load(this.data.month, Number(ev.target.value));
    }

    /** Open the rows behind a figure, of the month on the screen or another. */
    async openRows(key, month = this.data.month) {
        const action = await this.orm.call("broker.insight", "open_rows", [
            key,
            month,
            this.data.company.id,
        ]);
        return this.action.doAction(action);
    }

    openToday(key) {
        return this.openRows(key, this.data.this_month);
    }

    /** Open the months that show how much less a customer buys. */
    openMonths(customer) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: customer.name,
            res_model: "broker.customer.month",
            domain: [
                ["customer_id", "=", customer.id],
                ["month", "in", this.data.compared_months],
            ],
            views: ["list", "kanban", "pivot", "graph", "form"].map((type) => [false, type]),
        });
    }

    openRecord(model, resId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: resId,
            views: [[false, "form"]],
        });
    }

    formatMoney(value) {
        return formatFigure(value, "money", this.data.company.currency_id);
    }

    formatDay(day) {
        return formatDate(deserializeDate(day));
    }
}

registry.category("actions").add("print_broker_crm.dashboard", BrokerDashboard);
