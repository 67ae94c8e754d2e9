import { registry } from "@web/core/registry";

import { openApp, openMenu, openRecord, seeState } from "./tour_steps";

/** Tap one of the six outcomes. */
function tap(outcome) {
    return {
        content: `tap ${outcome}`,
        trigger: `.o_broker_outcomes button:contains('${outcome}')`,
        run: "click",
    };
}

/** What was logged stands below, and the next call is a tap away. */
function goOn(logged, next) {
    return [
        {
            content: `${logged} is logged`,
            trigger: `.o_form_view div[name='logged']:contains('${logged}')`,
        },
        {
            content: "go on to the next",
            trigger: ".o_form_view div[name='logged'] button[name='action_next']",
            run: "click",
        },
        {
            content: `the call to ${next} is there`,
            trigger: `.o_form_view .oe_title:contains('${next}'), .o_form_view .oe_title input:value('${next}')`,
        },
    ];
}

registry.category("web_tour.tours").add("broker_care_queue", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_care_desk", "broker_care_call_menu_queue", "My Queue"),
        {
            content: "the most urgent call stands first, with a number to tap",
            trigger: ".o_kanban_record:first:contains('Amber Tea') a[href^='tel:']",
        },
        ...openRecord("Amber Tea"),
        {
            content: "the number can be tapped here as well",
            trigger: ".o_form_view .o_field_widget[name='phone'] a[href^='tel:']",
        },
        tap("No Answer"),
        ...goOn("No Answer", "Bamboo Hotel"),
        {
            content: "call back tomorrow",
            trigger: ".o_form_view div[name='call_back'] button:contains('Tomorrow')",
            run: "click",
        },
        ...goOn("Call Back", "Coral Dental"),
        tap("Wrong Number"),
        ...goOn("Wrong Number", "Dragon Toys"),
        {
            content: "no score was given",
            trigger: ".o_field_widget[name='score_declined'] input",
            run: "click",
        },
        tap("Reached"),
        seeState("Done"),
        {
            content: "nothing is left",
            trigger: ".o_form_view div[name='logged'] button[name='action_next']",
            run: "click",
        },
        {
            content: "the queue is empty",
            trigger: ".o_view_nocontent_smiling_face:contains('Nobody to call now')",
        },
    ],
});

registry.category("web_tour.tours").add("broker_care_write_instead", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_care_desk", "broker_care_call_menu_queue", "My Queue"),
        ...openRecord("Amber Tea"),
        tap("No Answer"),
        {
            content: "the text to send is there",
            trigger: ".o_form_view div[name='writing']:contains('this is Sun')",
        },
        {
            content: "it was sent by WeChat",
            trigger: ".o_form_view div[name='writing'] button:contains('Sent by WeChat')",
            run: "click",
        },
        seeState("Missed"),
    ],
});
