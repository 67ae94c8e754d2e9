import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

import { fill } from "./tour_steps";

function choose(name, text) {
    return [
        {
            content: `open the choices of ${name}`,
            trigger: `.modal .o_field_widget[name='${name}'] .o_select_menu_toggler`,
            run: "click",
        },
        {
            content: `choose ${text}`,
            trigger: `body .o_select_menu_item:contains('${text}')`,
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("broker_job_spec_is_filled", {
    steps: () => [
        {
            content: "the order line says that the spec is missing",
            trigger: ".o_field_widget[name='order_line']:contains('No Spec')",
        },
        {
            content: "open the job spec from the line",
            trigger: "button[name='action_open_broker_job_spec']:first",
            run: "click",
        },
        {
            content: "the short form asks for pages and not for a depth",
            trigger: ".modal .o_field_widget[name='pages']:not(.modal:has(.o_field_widget[name='depth']) *)",
        },
        ...["width:210", "height:285", "pages:18", "colors_front:4", "colors_back:4", "weight:157"].map((pair) =>
            fill(...pair.split(":"))
        ),
        ...choose("media_id", "Gloss coated paper"),
        {
            content: "save it",
            trigger: ".modal-footer .o_form_button_save",
            run: "click",
        },
        {
            content: "eighteen pages cannot be stitched",
            trigger: ".o_error_dialog:contains('multiple of 4'), .modal:contains('multiple of 4, not 18')",
        },
        {
            content: "close the message",
            trigger: ".modal:contains('multiple of 4, not 18') .modal-footer .btn-primary",
            run: "click",
        },
        fill("pages", "16"),
        {
            content: "save it",
            trigger: ".modal-footer .o_form_button_save",
            run: "click",
        },
        {
            content: "the line has its spec",
            trigger: ".o_field_widget[name='order_line']:contains('Complete')",
        },
        {
            content: "and no dialog is open",
            trigger: "body:not(:has(.modal))",
        },
    ],
});

registry.category("web_tour.tours").add("broker_same_as_last_time", {
    steps: () => [
        {
            content: "the customer file is there",
            trigger: ".o_form_view .o_form_sheet",
        },
        ...stepUtils.statusbarButtonsSteps("Same as Last Time", "make the last job again"),
        {
            content: "a quotation with the spec of the last job",
            trigger: ".o_field_widget[name='order_line']:contains('Complete')",
        },
        {
            content: "it is a quotation",
            trigger: "button[name='action_confirm']:visible, .o_statusbar_buttons .dropdown-toggle, .o_form_view",
        },
    ],
});
