import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill, openApp, openMenu, openRecord, seeState } from "./tour_steps";

registry.category("web_tour.tours").add("broker_payee_looks_and_disputes", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_commission", "broker_commission_summary_menu_mine", "My Commission"),
        {
            content: "what is released and what is held",
            trigger: ".o_kanban_record:contains('Released this month'):contains('210.00'):contains('the invoice is not paid')",
        },
        {
            content: "what is held",
            trigger: ".o_kanban_record a[name='action_view_held']",
            run: "click",
        },
        {
            content: "and why",
            trigger: ".o_kanban_record:contains('Jade Restaurant'):contains('The invoice is not paid')",
        },
        ...openMenu("broker_menu_commission", "broker_commission_summary_menu_mine", "My Commission"),
        {
            content: "what is to come",
            trigger: ".o_kanban_record a[name='action_view_forecast']",
            run: "click",
        },
        {
            content: "from the job that is not invoiced",
            trigger: ".o_kanban_record:contains('Not invoiced yet'):contains('210.00')",
        },
        ...openMenu("broker_menu_commission", "broker_commission_entry_menu_mine", "My Entries"),
        {
            content: "open the released share",
            trigger: ".o_kanban_record:contains('Released')",
            run: "click",
        },
        ...stepUtils.statusbarButtonsSteps("Dispute", "say that it is wrong"),
        {
            content: "the dispute is about the entry",
            trigger: ".o_field_widget[name='reason']",
        },
        {
            content: "open the reasons",
            trigger: ".o_field_widget[name='reason'] input",
            run: "click",
        },
        {
            content: "choose the reason",
            trigger: ".o_select_menu_item:contains('Wrong amount')",
            run: "click",
        },
        fill("expected_amount", "42"),
        fill("description", "The plates were billed to the customer"),
        ...stepUtils.saveForm(),
        seeState("Open"),
    ],
});

registry.category("web_tour.tours").add("broker_manager_decides_and_confirms", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_commission", "broker_commission_dispute_menu", "Disputes"),
        ...openRecord("Wrong amount"),
        ...stepUtils.statusbarButtonsSteps("Decide", "decide"),
        {
            content: "grant it",
            trigger: ".modal .o_field_widget[name='decision'] .o_radio_item:first-child input",
            run: "click",
        },
        {
            content: "answer",
            trigger: ".modal .o_field_widget[name='answer'] textarea",
            run: "edit You are right",
        },
        {
            content: "decide",
            trigger: ".modal-footer button[name='action_decide']",
            run: "click",
        },
        seeState("Granted"),
        {
            content: "the correction is there",
            trigger: ".o_field_widget[name='correction_ids']:contains('42.00')",
        },
        ...openMenu("broker_menu_commission", "broker_commission_statement_menu", "Statements"),
        ...openRecord("Wang"),
        {
            content: "the correction is on the open statement",
            trigger: ".o_field_widget[name='closing_balance']:contains('252.00')",
        },
        ...stepUtils.statusbarButtonsSteps("Confirm", "confirm the statement"),
        {
            content: "yes",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        seeState("Confirmed"),
        {
            content: "the ledger bears it out",
            trigger: ".o_field_widget[name='verification']:contains('Verified')",
        },
        ...stepUtils.statusbarButtonsSteps("Pay", "pay it"),
        {
            content: "how the bank calls it",
            trigger: ".modal .o_field_widget[name='reference'] input",
            run: "edit Bank 7",
        },
        {
            content: "pay",
            trigger: ".modal-footer button[name='action_pay']",
            run: "click",
        },
        seeState("Paid"),
    ],
});
