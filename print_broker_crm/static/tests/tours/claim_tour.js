import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill, seeState } from "./tour_steps";

const LINES = ".o_field_widget[name='claim_line_ids']";

function openPage(name) {
    return {
        content: `open the page ${name}`,
        trigger: `.o_notebook .nav-link:contains('${name}')`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("broker_claim_is_solved", {
    steps: () => [
        {
            content: "the job is there",
            trigger: ".o_form_view .o_field_widget[name='order_line']",
        },
        ...stepUtils.statusbarButtonsSteps("Open Case", "the customer claims something"),
        {
            content: "the case knows its customer and job",
            trigger: ".o_form_view .o_field_widget[name='kind']",
        },
        {
            content: "it is a claim",
            trigger: ".o_field_widget[name='kind'] .o_radio_item:contains('Claim') input",
            run: "click",
        },
        fill("title", "Wrong fold"),
        openPage("Claim"),
        {
            content: "put the lines of the job on the claim",
            trigger: "button[name='action_claim_lines']",
            run: "click",
        },
        {
            content: "open the line",
            isActive: ["mobile"],
            trigger: `${LINES} .o_kanban_record:contains('Brochure')`,
            run: "click",
        },
        {
            content: "two of them are affected",
            isActive: ["mobile"],
            trigger: ".modal .o_field_widget[name='quantity'] input",
            run: "edit 2",
        },
        {
            content: "save the line",
            isActive: ["mobile"],
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "edit the line",
            isActive: ["desktop"],
            trigger: `${LINES} .o_data_row td[name='quantity']`,
            run: "click",
        },
        {
            content: "two of them are affected",
            isActive: ["desktop"],
            trigger: `${LINES} .o_data_row td[name='quantity'] input`,
            run: "edit 2",
        },
        {
            content: "leave the line",
            isActive: ["desktop"],
            trigger: ".o_field_widget[name='amount_claimed']",
            run: "click",
        },
        {
            content: "the claim has its amount: what follows from the line is there",
            trigger: ".o_field_widget[name='amount_claimed']:contains('2,000')",
        },
        openPage("Result"),
        {
            content: "open the causes",
            trigger: ".o_field_widget[name='cause'] .o_select_menu_toggler",
            run: "click",
        },
        {
            content: "it was the printing house",
            trigger: "body .o_select_menu_item:contains('Printing house')",
            run: "click",
        },
        {
            content: "the cause is chosen",
            trigger: ".o_field_widget[name='cause'] input:value(Printing house)",
        },
        fill("outcome", "Two printed again"),
        fill("corrective_action", "The first fold is shown"),
        ...stepUtils.statusbarButtonsSteps("Solved", "the customer has what was wanted"),
        seeState("Solved"),
    ],
});
