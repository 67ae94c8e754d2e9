import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill, openApp, openMenu, seeState } from "./tour_steps";

/** Choose a record in a field; a phone shows them as cards to pick from. */
function choose(name, text, scope = "") {
    const input = `${scope} .o_field_widget[name='${name}'] input`;
    return [
        {
            isActive: ["desktop"],
            content: `type ${text} into ${name}`,
            trigger: input,
            run: `edit ${text}`,
        },
        {
            isActive: ["desktop"],
            content: `choose ${text}`,
            trigger: `.o-autocomplete--dropdown-item:not(.o_m2o_dropdown_option) a:contains('${text}')`,
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: `open what ${name} can be`,
            trigger: input,
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: `choose ${text}`,
            trigger: `.modal:not(.o_inactive_modal) .o_kanban_renderer .o_kanban_record:contains('${text}')`,
            run: "click",
        },
    ];
}

function openNewChange() {
    return [
        ...openApp(),
        ...openMenu("broker_menu_customers", "broker_staff_change_menu", "Staff Changes"),
        {
            content: "a new staff change",
            trigger: ".o_list_button_add, .o-kanban-button-new",
            run: "click",
        },
    ];
}

function confirmChange() {
    return [
        ...stepUtils.statusbarButtonsSteps("Confirm", "confirm the change"),
        {
            content: "yes",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        seeState("Done"),
    ];
}

registry.category("web_tour.tours").add("broker_manager_lets_somebody_leave", {
    steps: () => [
        ...openNewChange(),
        ...choose("user_id", "Wang"),
        fill("reason", "Moves to Suzhou"),
        ...stepUtils.statusbarButtonsSteps("Collect", "make the dry run"),
        {
            content: "it says that nothing is written yet",
            trigger: ".alert:contains('dry run')",
        },
        {
            content: "open the line of the customer",
            trigger: ".o_data_row:contains('Jade Restaurant') td[name='successor_id']",
            run: "click",
        },
        ...choose("successor_id", "Zhao", ".o_selected_row"),
        {
            content: "look at the totals",
            trigger: ".nav-link:contains('Totals')",
            run: "click",
        },
        {
            content: "they are by tier",
            trigger: "table:contains('Tier'):contains('None')",
        },
        {
            content: "back to the customers",
            trigger: ".nav-link:contains('Customers')",
            run: "click",
        },
        {
            content: "preview the message",
            trigger: ".o_data_row:contains('Jade Restaurant') button[name='action_preview_message']",
            run: "click",
        },
        {
            content: "it introduces the successor",
            trigger: ".modal .o_field_widget[name='body']:contains('Zhao')",
        },
        {
            content: "close the preview",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "the preview is closed",
            trigger: "body:not(:has(.modal))",
        },
        ...confirmChange(),
    ],
});

registry.category("web_tour.tours").add("broker_manager_gives_customers_away", {
    steps: () => [
        ...openNewChange(),
        {
            content: "somebody gives customers away",
            trigger: ".o_field_widget[name='mode'] .o_radio_item:contains('Giving') input",
            run: "click",
        },
        ...choose("user_id", "Wang"),
        ...choose("customer_ids", "Jade Restaurant"),
        ...stepUtils.statusbarButtonsSteps("Collect", "make the dry run"),
        {
            content: "open the customer",
            trigger: ".o_field_widget[name='line_ids'] .o_kanban_record:contains('Jade Restaurant')",
            run: "click",
        },
        ...choose("successor_id", "Zhao", ".modal"),
        {
            content: "save the line",
            trigger: ".modal-footer .o_form_button_save",
            run: "click",
        },
        {
            content: "the card says who follows",
            trigger: ".o_field_widget[name='line_ids'] .o_kanban_record:contains('Zhao')",
        },
        ...confirmChange(),
    ],
});
