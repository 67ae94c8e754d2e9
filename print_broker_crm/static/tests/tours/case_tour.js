import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill, openApp, openMenu, seeState } from "./tour_steps";

const TITLE = "Cards cut too short";

function select(name, label) {
    return [
        {
            content: `open the choices of ${name}`,
            trigger: `.o_field_widget[name='${name}'] .o_select_menu_toggler`,
            run: "click",
        },
        {
            content: `choose ${label}`,
            trigger: `.o_select_menu_item:contains('${label}')`,
            run: "click",
        },
        {
            content: `${label} is chosen`,
            trigger: `.o_field_widget[name='${name}'] input:value(${label})`,
        },
    ];
}

registry.category("web_tour.tours").add("broker_case_solved", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_service_desk", "broker_case_menu", "Open Cases"),
        {
            content: "open a case",
            trigger: ".o_control_panel button.o-kanban-button-new, .o_control_panel .o_list_button_add",
            run: "click",
        },
        fill("title", TITLE),
        {
            content: "it is a complaint",
            trigger: ".o_field_widget[name='kind'] input[data-value='complaint']",
            run: "click",
        },
        {
            isActive: ["desktop"],
            content: "whose case it is",
            trigger: ".o_field_widget[name='customer_id'] input",
            run: "edit Jade",
        },
        {
            isActive: ["desktop"],
            content: "choose the customer",
            trigger: ".ui-menu-item > a:contains('Jade Restaurant')",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "whose case it is",
            trigger: ".o_field_widget[name='customer_id'] input",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "choose the customer",
            trigger: ".modal .o_kanban_record:contains('Jade Restaurant')",
            run: "click",
        },
        {
            content: "the customer is there",
            trigger: ".o_field_widget[name='customer_id'] input:value('Jade Restaurant')",
        },
        ...stepUtils.saveForm(),
        ...stepUtils.statusbarButtonsSteps("Answered", "the customer was called"),
        {
            content: "the clock of the solution runs",
            trigger: ".o_field_widget[name='answered_at']:visible",
        },
        ...stepUtils.statusbarButtonsSteps("Waits for the Printing House", "it has to print again"),
        ...stepUtils.statusbarButtonsSteps("Go On", "it has printed"),
        ...stepUtils.statusbarButtonsSteps("Solved", "the customer has the cards"),
        seeState("Solved"),
        ...select("cause", "Printing house"),
        fill("outcome", "Printed again"),
        fill("corrective_action", "The size is checked on the proof"),
        ...stepUtils.saveForm(),
        ...stepUtils.statusbarButtonsSteps("Close", "it is over"),
        seeState("Closed"),
    ],
});
