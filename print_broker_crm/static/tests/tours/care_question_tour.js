import { registry } from "@web/core/registry";

import { fill, openApp, openMenu, openRecord } from "./tour_steps";

function openPage(name) {
    return {
        content: `open the page ${name}`,
        trigger: `.o_notebook_headers .nav-link[name='${name}']`,
        run: "click",
    };
}

// With taxes, as the job's lists show it.
const AMOUNT = "1,130.00";

registry.category("web_tour.tours").add("broker_care_questions", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_care_desk", "broker_care_call_menu_queue", "My Queue"),
        ...openRecord("Jade Restaurant"),
        openPage("history"),
        {
            content: "the job is there, its price is not",
            trigger: `.o_field_widget[name='last_order_ids']:contains('S'):not(:contains('${AMOUNT}'))`,
        },
        openPage("questions"),
        {
            content: "nothing on the screen tells the job's figures",
            trigger:
                `.o_form_view:not(:contains('${AMOUNT}'))` +
                ":not(:has(.o_field_widget[name='check_result'])) button[name='action_cross_check']",
        },
        {
            content: "compare before anything was said",
            trigger: "button[name='action_cross_check']",
            run: "click",
        },
        {
            content: "what the customer says comes first",
            trigger: ".modal .modal-body:contains('Type what the customer says first')",
        },
        {
            content: "understood",
            trigger: ".modal footer button, .modal .modal-footer button",
            run: "click",
        },
        fill("check_price", "1500"),
        fill("check_date", "02/26/2026"),
        {
            content: "compare",
            trigger: "button[name='action_cross_check']",
            run: "click",
        },
        {
            content: "now the job's side is shown",
            trigger:
                ".o_form_view:contains('The customer knows the job otherwise')" +
                ` .o_field_widget[name='check_result']:contains('${AMOUNT}'):contains('1,500.00')`,
        },
        {
            content: "what was said cannot be changed any more, or compared again",
            trigger:
                ".o_form_view:not(:has(button[name='action_cross_check']))" +
                " .o_field_widget[name='check_price']:not(:has(input))",
        },
        openPage("history"),
        {
            content: "and the price stands with the job",
            trigger: `.o_field_widget[name='last_order_ids']:contains('${AMOUNT}')`,
        },
    ],
});
