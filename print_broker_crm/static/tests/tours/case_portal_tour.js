import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("broker_customer_reports_a_problem", {
    steps: () => [
        {
            content: "something is wrong",
            trigger: ".o_broker_case_report summary",
            run: "click",
        },
        {
            content: "the name is filled in",
            trigger: ".o_broker_case_report input[name='name']:value('Buyer jade')",
        },
        {
            content: "say what",
            trigger: ".o_broker_case_report textarea[name='comment']",
            run: "edit Two boxes are wet",
        },
        {
            content: "send it",
            trigger: ".o_broker_case_report button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "it has arrived",
            trigger: ".o_broker_case:contains('We are sorry'):contains('Received')",
        },
        {
            content: "what was written is there",
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('Two boxes are wet')",
        },
        {
            content: "add something",
            trigger: "#chatterRoot:shadow .o-mail-Composer-input",
            run: "edit And one is torn",
        },
        {
            content: "send it, too",
            trigger: "#chatterRoot:shadow .o-mail-Composer button[title='Send']:enabled, #chatterRoot:shadow .o-mail-Composer-send:enabled",
            run: "click",
        },
        {
            content: "it is in the same thread",
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('And one is torn')",
        },
        {
            content: "the list has the case",
            trigger: ".o_portal_submenu a[href='/my/cases']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "with its status",
            trigger: ".o_broker_cases a:contains('Two boxes are wet'):contains('Received')",
        },
    ],
});
