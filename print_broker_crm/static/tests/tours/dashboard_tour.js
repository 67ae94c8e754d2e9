import { deserializeDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";

import { openApp, openMenu } from "./tour_steps";

const { DateTime } = luxon;

function getMonth(back) {
    // The firm of the tests is in Shanghai, where the month may have ended already.
    const month = DateTime.now().setZone("Asia/Shanghai").startOf("month").minus({ months: back });
    return deserializeDate(month.toISODate()).toLocaleString({ month: "long", year: "numeric" });
}

function seeMonth(back) {
    return {
        content: `the month before ${back} months is on the screen`,
        trigger: `.o_broker_dashboard_body[aria-busy='false']`,
        async run({ waitFor }) {
            await waitFor(`.o_broker_month:contains('${getMonth(back)}')`);
        },
    };
}

function seeFigure(name, value) {
    return {
        content: `${name} is ${value}`,
        trigger: `.o_broker_figure[data-name='${name}'] .o_broker_figure_value:contains('${value}')`,
    };
}

function goBack() {
    return {
        content: "go back",
        trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item.o_back_button a, .o_back_button",
        run: "click",
    };
}

/** Nothing of the page lies beside the screen, and every number is within reach of the keyboard. */
function checkLayout() {
    return {
        content: "the page fits its screen",
        trigger: ".o_broker_dashboard_body",
        run() {
            const width = document.documentElement.clientWidth;
            const body = document.querySelector(".o_broker_dashboard_body");
            if (body.scrollWidth > body.clientWidth || body.getBoundingClientRect().right > width + 1) {
                throw new Error(`The dashboard is ${body.scrollWidth} wide on a screen of ${width}`);
            }
            for (const element of body.querySelectorAll("button, table, canvas, li")) {
                if (element.getBoundingClientRect().right > width + 1) {
                    throw new Error(`${element.className || element.tagName} lies beside the screen`);
                }
            }
            for (const figure of body.querySelectorAll(".o_broker_figure")) {
                const value = figure.querySelector(".o_broker_figure_value");
                if (value?.tagName !== "BUTTON" || value.tabIndex < 0 || !value.ariaLabel) {
                    throw new Error(`${figure.dataset.name} cannot be reached with the keyboard`);
                }
            }
        },
    };
}

registry.category("web_tour.tours").add("broker_owner_looks_at_the_dashboard", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_insight", "broker_dashboard_menu", "Dashboard"),
        seeMonth(1),
        seeFigure("revenue", "2,500"),
        seeFigure("margin", "600"),
        seeFigure("customers_declining", "1"),
        checkLayout(),
        {
            content: "the chart is drawn",
            trigger: ".o_broker_chart canvas",
        },
        {
            content: "look at the month before",
            trigger: ".o_broker_month_previous:enabled",
            run: "click",
        },
        seeMonth(2),
        seeFigure("revenue", "400"),
        {
            content: "open the months behind the revenue",
            trigger: ".o_broker_figure[data-name='revenue'] .o_broker_figure_value",
            run: "click",
        },
        {
            content: "one customer bought",
            trigger: ".o_data_row:contains('Jade Restaurant'), .o_kanban_record:contains('Jade Restaurant')",
        },
        goBack(),
        seeMonth(2),
        {
            content: "look at the month after",
            trigger: ".o_broker_month_next:enabled",
            run: "click",
        },
        seeMonth(1),
        {
            content: "read the chart as a table",
            trigger: ".o_broker_chart_toggle",
            run: "click",
        },
        checkLayout(),
        {
            content: "open the margin of the last month",
            trigger: ".o_broker_chart tr:last-child td:last-child button:contains('600')",
            run: "click",
        },
        {
            content: "two customers left something",
            trigger: ".o_data_row:contains('Lotus Tea'), .o_kanban_record:contains('Lotus Tea')",
        },
        goBack(),
        seeMonth(1),
        {
            content: "see how much less a customer buys",
            trigger: ".o_broker_decliner:contains('Lotus Tea') .o_broker_decliner_loss:contains('-4,000')",
            run: "click",
        },
        {
            content: "its months stand beside each other",
            trigger: ".o_data_row:contains('5,000'), .o_kanban_record:contains('5,000')",
        },
        goBack(),
        {
            content: "open the customer",
            trigger: ".o_broker_decliner_name:contains('Lotus Tea')",
            run: "click",
        },
        {
            content: "its file is there",
            trigger: ".o_form_view .o_form_sheet:contains('Lotus Tea')",
        },
    ],
});
