import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { openApp, openMenu } from "./tour_steps";

const CUSTOMER = "Jade Restaurant";
const CARD = `.o_kanban_record:not(.o_kanban_ghost):contains('${CUSTOMER}')`;

/** Select something on the card in its column, or on a phone on the card that names its stage. */
function inStage(stage, inside = "") {
    return (
        `.o_kanban_group:has(.o_kanban_header:contains('${stage}')) ${CARD} ${inside},` +
        ` .o_kanban_ungrouped ${CARD}:has(.badge:visible:contains('${stage}')) ${inside}`
    );
}

/** Tap Next on the card and see it arrive. */
function next(stage) {
    return [
        {
            content: `finish the stage before ${stage}`,
            trigger: `${CARD} button[name='action_broker_next']`,
            run: "click",
        },
        {
            content: `the job is in ${stage}`,
            trigger: inStage(stage),
        },
    ];
}

function fillDialog(name, value) {
    return {
        content: `fill ${name}`,
        trigger: `.modal-content .o_field_widget[name='${name}'] textarea`,
        run: `edit ${value}`,
    };
}

function applyDialog() {
    return {
        content: "make the step",
        trigger: ".modal-content footer button[name='action_apply']:visible",
        run: "click",
    };
}

function openBoard() {
    return [...openApp(), ...openMenu("broker_menu_service_desk", "broker_relay_board_menu", "Board")];
}

registry.category("web_tour.tours").add("broker_job_runs", {
    steps: () => [
        ...openBoard(),
        {
            content: "the job stands in the first stage",
            trigger: inStage("Artwork"),
        },
        ...next("Proof"),
        ...next("Printing"),
        {
            content: "open the card",
            trigger: CARD,
            run: "click",
        },
        {
            content: "the form shows the stage",
            trigger: ".o_form_view .o_field_widget[name='broker_relay_stage_id']:contains('Printing')",
        },
        ...stepUtils.statusbarButtonsSteps("Send Back", "the files are not good"),
        fillDialog("reason", "RGB, and no bleed"),
        applyDialog(),
        {
            content: "it is back",
            trigger: ".o_form_view .o_field_widget[name='broker_relay_stage_id']:contains('Proof')",
        },
        ...stepUtils.statusbarButtonsSteps("Next Stage", "the files are good now"),
        {
            content: "it is printed",
            trigger: ".o_form_view .o_field_widget[name='broker_relay_stage_id']:contains('Printing')",
        },
        ...stepUtils.statusbarButtonsSteps("Next Stage", "the goods have come"),
        {
            content: "it is on its way",
            trigger: ".o_form_view .o_field_widget[name='broker_relay_stage_id']:contains('Delivery')",
        },
        ...openBoard(),
        {
            content: "what is asked for is asked in a dialog",
            trigger: inStage("Delivery", "button[name='action_broker_next']"),
            run: "click",
        },
        fillDialog("note", "SF 1234"),
        applyDialog(),
        {
            content: "the customer is to receive it",
            trigger: inStage("Receipt"),
        },
        ...next("Reconciliation"),
    ],
});
