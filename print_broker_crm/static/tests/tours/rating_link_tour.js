import { registry } from "@web/core/registry";

/** Tap a number of stars. */
function score(role, stars) {
    return {
        content: `${stars} stars for ${role}`,
        trigger: `.o_broker_rating_link label[for='${role}_${stars}']`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("broker_customer_rates", {
    steps: () => [
        {
            content: "both are asked about, and nothing is filled in",
            trigger:
                ".o_broker_rating_link form:has(input[name='sales']):has(input[name='service'])" +
                ":not(:has(input[type='radio']:checked))",
        },
        {
            content: "the page fits the screen",
            trigger: ".o_broker_rating_link",
            run() {
                const { scrollWidth, clientWidth } = document.documentElement;
                if (scrollWidth > clientWidth) {
                    throw new Error(`The page is ${scrollWidth} wide on a screen of ${clientWidth}`);
                }
            },
        },
        score("sales", 2),
        {
            content: "on second thought",
            trigger: ".o_broker_rating_link input#sales_2:checked",
        },
        score("sales", 4),
        score("service", 5),
        {
            content: "both are chosen, one each",
            trigger:
                ".o_broker_rating_link form:has(input#sales_4:checked):has(input#service_5:checked)" +
                ":not(:has(input#sales_2:checked))",
        },
        {
            content: "say something",
            trigger: ".o_broker_rating_link textarea[name='comment']",
            run: "edit The paper is lovely",
        },
        {
            content: "send",
            trigger: ".o_broker_rating_link button[type='submit']:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "thanks, and nothing is left to send",
            trigger: ".o_broker_rating_link:contains('Thank you'):contains('We have your answer'):not(:has(form))",
        },
        {
            content: "open the link again",
            trigger: ".o_broker_rating_link",
            run() {
                window.location.assign(window.location.pathname);
            },
            expectUnloadPage: true,
        },
        {
            content: "it was used, and tells nobody what was said",
            trigger:
                ".o_broker_rating_link:contains('We have your answer'):not(:has(form)):not(:contains('lovely'))",
        },
    ],
});
