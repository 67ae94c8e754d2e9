import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { openApp, openMenu, openRecord, seeState } from "./tour_steps";

registry.category("web_tour.tours").add("broker_tier_is_explained", {
    steps: () => [
        ...openApp(),
        ...openRecord("Jade Restaurant"),
        {
            content: "look at the tier",
            trigger: ".o_notebook .nav-link:contains('5A')",
            run: "click",
        },
        {
            content: "the total has its arithmetic",
            trigger: ".o_broker_tier_explanation:contains('÷'):contains('Computed tier')",
        },
        {
            content: "open the invoices behind the revenue",
            trigger: "button[name='action_view_tier_invoices']",
            run: "click",
        },
        {
            content: "they are there",
            trigger: ".o_data_row:contains('INV'), .o_kanban_record:contains('INV')",
        },
    ],
});

registry.category("web_tour.tours").add("broker_manager_activates_a_policy", {
    steps: () => [
        ...openApp(),
        ...openMenu("broker_menu_configuration", "broker_tier_policy_menu", "Tier Policies"),
        ...openRecord("Stricter"),
        ...stepUtils.statusbarButtonsSteps("Who Would Move", "see who moves"),
        {
            content: "the customer would move, and by what",
            trigger: ".modal .o_data_row:contains('Jade Restaurant'):contains('Revenue')",
        },
        {
            content: "put it in force",
            trigger: ".modal-footer button[name='action_activate']",
            run: "click",
        },
        seeState("Active"),
    ],
});
