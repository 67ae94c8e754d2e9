import { registry } from "@web/core/registry";

import { openApp, openMenu, openRecord } from "./tour_steps";

const CUSTOMER = "Jade Restaurant";
const CARD = `.o_kanban_record:not(.o_kanban_ghost):contains('${CUSTOMER}')`;

/** One tap on the channel logs the contact. */
function tap(channel) {
    return [
        {
            content: `tap ${channel}`,
            trigger: `.modal .o_broker_contact_channels button[name='action_${channel}']`,
            run: "click",
        },
        {
            content: "it is said to be logged",
            trigger: ".o_notification:contains('Logged')",
        },
        {
            content: "the dialog is gone",
            trigger: "body:not(:has(.modal))",
        },
    ];
}

registry.category("web_tour.tours").add("broker_log_contact", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_customers", "broker_contact_menu_log", "Log Contact"),
        {
            content: "nobody was in touch yet: tap the customer",
            trigger: `${CARD}:contains('Nobody was in touch yet')`,
            run: "click",
        },
        {
            content: "the last person is filled in",
            trigger: ".modal .o_field_widget[name='partner_id'] input:value(Buyer Li)",
        },
        ...tap("wechat"),
        {
            content: "the list knows it",
            trigger: `${CARD}:contains('Last contact')`,
        },
        ...openMenu("broker_menu_customers", "broker_customer_menu", "Customers"),
        ...openRecord(CUSTOMER),
        {
            content: "log from the customer",
            trigger: ".o_form_view button[name='action_log_contact']",
            run: "click",
        },
        {
            content: "the customer called",
            trigger: ".modal .o_field_widget[name='direction'] input[data-value='in']",
            run: "click",
        },
        {
            content: "that is chosen",
            trigger: ".modal .o_field_widget[name='direction'] input[data-value='in']:checked",
        },
        ...tap("phone"),
        {
            content: "open the time line",
            trigger: ".o_form_view button[name='action_view_contacts'], .o-form-buttonbox .o_button_more",
        },
    ],
});
