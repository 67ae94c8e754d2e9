import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill, openApp, openMenu, openRecord, seeState } from "./tour_steps";

const CUSTOMER = "Jade Restaurant";

function markArtworkProvided() {
    return [
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
            trigger:
                ".o_kanban_record:contains('Artwork received') button[name='action_mark_provided']",
            run: "click",
        },
    ];
}

function openHandoff() {
    return [
        ...openMenu("broker_menu_service_desk", "broker_handoff_menu", "Handoffs"),
        ...openRecord(CUSTOMER),
    ];
}

registry.category("web_tour.tours").add("broker_salesperson_hands_over", {
    steps: () => [
        {
            content: "the opportunity is there",
            trigger: ".o_form_view .o_field_widget[name='name']",
        },
        {
            isActive: ["desktop"],
            content: "move it to the handoff",
            trigger: ".o_statusbar_status button:enabled:contains('Service Handoff')",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "open the stages",
            trigger: ".o_statusbar_status .dropdown-toggle:visible",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "move it to the handoff",
            trigger: ".o-dropdown-item:contains('Service Handoff')",
            run: "click",
        },
        seeState("Service Handoff"),
        ...openApp(),
        ...openHandoff(),
        ...stepUtils.statusbarButtonsSteps("Submit", "submit an empty packet"),
        {
            content: "every gap is named at once",
            trigger: ".modal-content:contains('Artwork received'):contains('Not sold')",
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
        fill("buying_reason", "Opens a second restaurant in May"),
        fill("promises", "Proof by Tuesday"),
        fill("not_sold", "No layout work"),
        fill("still_open", "Nothing"),
        ...stepUtils.saveForm(),
        ...markArtworkProvided(),
        ...stepUtils.statusbarButtonsSteps("Submit", "submit the packet"),
        seeState("To Accept"),
    ],
});

registry.category("web_tour.tours").add("broker_service_returns", {
    steps: () => [
        ...openApp(),
        ...openHandoff(),
        ...stepUtils.statusbarButtonsSteps("Return", "return the handoff"),
        {
            content: "name the gap",
            trigger: ".modal-content .form-check:contains('Artwork received') input",
            run: "click",
        },
        {
            content: "say why",
            trigger: ".modal-content .o_field_widget[name='reason'] textarea",
            run: "edit The files are in RGB",
        },
        {
            content: "return it",
            trigger: ".modal-content button[name='action_return']",
            run: "click",
        },
        seeState("Returned"),
    ],
});

registry.category("web_tour.tours").add("broker_salesperson_submits_again", {
    steps: () => [
        ...openApp(),
        ...openHandoff(),
        {
            content: "the reason is shown",
            trigger: ".alert:contains('The files are in RGB')",
        },
        ...markArtworkProvided(),
        ...stepUtils.statusbarButtonsSteps("Submit", "submit it again"),
        seeState("To Accept"),
    ],
});

registry.category("web_tour.tours").add("broker_service_accepts", {
    steps: () => [
        ...openApp(),
        ...openHandoff(),
        ...stepUtils.statusbarButtonsSteps("Accept", "accept the handoff"),
        seeState("Accepted"),
        ...openMenu("broker_menu_service_desk", "broker_job_menu", "Jobs"),
        ...openRecord(CUSTOMER),
        ...stepUtils.statusbarButtonsSteps("Confirm Receipt", "the customer has the goods"),
        {
            content: "the day is kept",
            trigger: "body:not(:has(button[name='action_confirm_receipt']:visible))",
        },
    ],
});

registry.category("web_tour.tours").add("broker_care_officer_calls", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_care_desk", "broker_care_call_menu_queue", "My Queue"),
        ...openRecord(CUSTOMER),
        {
            content: "sales gets five stars",
            trigger: ".o_field_widget[name='sales_score'] .o_priority_star:last",
            run: "click",
        },
        {
            content: "service gets four",
            trigger: ".o_field_widget[name='service_score'] .o_priority_star:nth-last-child(2)",
            run: "click",
        },
        fill("needs_heard", "Menus for the terrace in June"),
        {
            content: "reached",
            trigger: ".o_broker_outcomes button:contains('Reached')",
            run: "click",
        },
        seeState("Done"),
        {
            content: "the scores are kept apart",
            trigger: ".o_field_widget[name='sales_rating']:contains('5')",
        },
        {
            content: "the scores are kept apart",
            trigger: ".o_field_widget[name='service_rating']:contains('4')",
        },
    ],
});

registry.category("web_tour.tours").add("broker_people_see_their_commission", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_commission", "broker_commission_entry_menu_mine", "My Entries"),
        {
            content: "the released share is there",
            trigger: ".o_kanban_record:contains('Released')",
            run: "click",
        },
        {
            content: "and explains itself",
            trigger: ".o_form_view .o_field_widget[name='explanation']:contains('=')",
        },
    ],
});

registry.category("web_tour.tours").add("broker_manager_looks_around", {
    steps: () => [
        ...openApp(),
        ...openRecord(CUSTOMER),
        {
            content: "the 5A page",
            trigger: ".o_notebook_headers .nav-link[name='tier']",
            run: "click",
        },
        {
            content: "explains the tier line by line",
            trigger: ".o_notebook_content .tab-pane:contains('Revenue'):contains('Integrity')",
        },
        ...openMenu("broker_menu_commission", "broker_commission_entry_menu", "Ledger"),
        ...openRecord(CUSTOMER),
        ...openMenu("broker_menu_commission", "broker_commission_plan_menu", "Plan"),
        ...openRecord("70/30"),
        ...openMenu("broker_menu_insight", "broker_tier_score_menu", "Scores"),
        ...openRecord(CUSTOMER),
        ...openMenu("broker_menu_configuration", "broker_tier_policy_menu", "Polic"),
        ...openMenu("broker_menu_configuration", "broker_handoff_requirement_menu", "Requirements"),
        ...openMenu("broker_menu_configuration", "broker_care_rule_menu", "Rules"),
        ...openMenu("broker_menu_customers", "broker_assignment_menu", "Assignments"),
        ...openRecord(CUSTOMER),
    ],
});
