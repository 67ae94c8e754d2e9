import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { openApp, openMenu, openRecord, seeState } from "./tour_steps";

/** Nothing lies beside the screen. */
function checkLayout(content) {
    return {
        content,
        trigger: ".o_form_view .o_form_sheet",
        run() {
            const width = document.documentElement.clientWidth;
            const sheet = document.querySelector(".o_form_view .o_form_sheet");
            const view = document.querySelector(".o_form_view .o_form_view_container");
            if (
                sheet.getBoundingClientRect().right > width + 1 ||
                view.scrollWidth > view.clientWidth + 1
            ) {
                throw new Error(`The form lies beside a screen of ${width}`);
            }
        },
    };
}

registry.category("web_tour.tours").add("broker_review_from_the_report", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_insight", "broker_month_report_menu", "Monthly Reports"),
        ...openRecord("Report of"),
        {
            isActive: ["desktop"],
            content: "open the customer who declines",
            trigger:
                ".o_field_widget[name='declining_ids'] .o_data_row:contains('Lotus Tea') button[name='action_open']",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "open the customer who declines",
            trigger: ".o_field_widget[name='declining_ids'] .o_kanban_record:contains('Lotus Tea')",
            run: "click",
        },
        {
            content: "the customer is there",
            trigger: ".o_form_sheet:contains('Lotus Tea') button[name='action_open_review']",
        },
        checkLayout("the customer fits its screen"),
        {
            content: "its people are called together",
            trigger: ".o_form_sheet:contains('Lotus Tea') button[name='action_open_review']:contains('In Review')",
            run: "click",
        },
        {
            content: "the cause is filled in",
            trigger:
                ".o_field_widget[name='cause'] input:value('Quality'), .o_field_widget[name='cause']:contains('Quality')",
        },
        {
            content: "the evidence says why",
            trigger:
                ".o_field_widget[name='evidence_ids'] .o_data_row:contains('Boxes were torn'), .o_field_widget[name='evidence_ids'] .o_kanban_record:contains('Boxes were torn')",
        },
        checkLayout("the review fits its screen"),
        ...stepUtils.statusbarButtonsSteps("Book Meeting", "they meet"),
        {
            content: "who meets, and an hour that suits everybody",
            trigger: ".modal .o_field_widget[name='participant_ids']:contains('Wang')",
        },
        {
            content: "book it",
            trigger: ".modal button[name='action_book']:enabled",
            run: "click",
        },
        seeState("Meeting Booked"),
        {
            content: "it stands on the review",
            trigger: ".o_form_view:not(:has(.modal)) .o_form_sheet",
        },
    ],
});
