import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill, openApp, openMenu, openRecord, seeState } from "./tour_steps";

const CUSTOMER = "Jade Restaurant";

function openHandoff() {
    return [
        ...openApp(),
        ...openMenu("broker_menu_service_desk", "broker_handoff_menu", "Handoffs"),
        ...openRecord(CUSTOMER),
    ];
}

registry.category("web_tour.tours").add("broker_repeat_order_is_handed_over", {
    steps: () => [
        {
            content: "the job is there",
            trigger: ".o_form_view .o_field_widget[name='order_line']",
        },
        ...stepUtils.statusbarButtonsSteps("Hand Over", "hand the repeat order over"),
        {
            content: "the packet is there",
            trigger: ".o_form_view .o_field_widget[name='promises']",
        },
        ...stepUtils.statusbarButtonsSteps("Submit", "submit an empty packet"),
        {
            content: "every gap is named at once",
            trigger: ".modal-content:contains('Artwork received'):contains('Promises made')",
        },
        {
            content: "close the message",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "the message is gone",
            trigger: "body:not(:has(.modal-content))",
        },
        fill("promises", "As the last time"),
        fill("not_sold", "Nothing else"),
        fill("still_open", "Nothing"),
        ...stepUtils.saveForm(),
        {
            isActive: ["desktop"],
            content: "open the row of the artwork",
            trigger: ".o_data_row:contains('Artwork received') td[name='status']",
            run: "click",
        },
        {
            isActive: ["desktop"],
            content: "the artwork is provided",
            trigger: ".o_selected_row .o_selection_badge:contains('Provided')",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "the artwork is provided",
            trigger: ".o_kanban_record:contains('Artwork received') button[name='action_mark_provided']",
            run: "click",
        },
        ...stepUtils.statusbarButtonsSteps("Submit", "submit the packet"),
        seeState("To Accept"),
    ],
});

registry.category("web_tour.tours").add("broker_service_accepts_and_gives_back", {
    steps: () => [
        ...openHandoff(),
        ...stepUtils.statusbarButtonsSteps("Accept", "accept the handoff"),
        seeState("Accepted"),
        {
            content: "the text for a chat is there to copy",
            trigger: ".alert:contains('of our service desk') button:contains('Copy for WeChat')",
        },
        ...stepUtils.statusbarButtonsSteps("Spoken with the Customer", "the first word was said"),
        {
            content: "it is noted",
            trigger: ".o_field_widget[name='first_contact_at']",
        },
        ...stepUtils.statusbarButtonsSteps("Give Back", "something is missing after all"),
        {
            content: "name the gap",
            trigger: ".modal-content .form-check:contains('Artwork received') input",
            run: "click",
        },
        {
            content: "say why",
            trigger: ".modal-content .o_field_widget[name='reason'] textarea",
            run: "edit The files are of last year",
        },
        {
            content: "give it back",
            trigger: ".modal-content button[name='action_return']",
            run: "click",
        },
        seeState("Returned"),
    ],
});

registry.category("web_tour.tours").add("broker_question_is_passed_on", {
    steps: () => [
        {
            content: "the question is on top of the job",
            trigger: ".alert:contains('Li'):contains('Where are my menus?')",
        },
        {
            content: "pass it on",
            trigger: ".alert button[name='action_broker_pass_question']:contains('Chen')",
            run: "click",
        },
        {
            content: "it is with Chen now",
            trigger: ".alert:contains('With'):contains('Chen'):not(:has(button[name='action_broker_pass_question']:visible))",
        },
    ],
});

registry.category("web_tour.tours").add("broker_question_is_opened", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_service_desk", "broker_question_pass_menu", "Questions Passed On"),
        {
            content: "open the job on which the customer asked",
            trigger: "button[name='action_open_document']",
            run: "click",
        },
        {
            content: "the question is on top of it",
            trigger: ".alert:contains('Where are my menus?')",
        },
    ],
});
