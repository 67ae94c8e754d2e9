// Steps that the tours share. Every tour runs at desktop and at phone width.

const MODULE = "print_broker_crm";

/** Open the app from wherever the web client stands. */
export function openApp() {
    return [
        {
            isActive: ["desktop"],
            content: "open the apps menu",
            trigger: ".o_navbar_apps_menu button:enabled",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "open the side menu",
            trigger: ".o_main_navbar .o_menu_toggle",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "show all apps",
            trigger: ".o_app_menu_sidebar .o_sidebar_topbar a.btn-primary",
            run: "click",
        },
        {
            content: "open Print Broker",
            trigger: `.o_app[data-menu-xmlid='${MODULE}.broker_menu_root']`,
            run: "click",
        },
        {
            content: "the app's first screen is there",
            trigger: ".o_breadcrumb:contains('Customers')",
        },
    ];
}

/** Go to a screen of the app through its menus. */
export function openMenu(section, item, title) {
    return [
        {
            isActive: ["desktop"],
            content: `open the section ${section}`,
            trigger: `.o_menu_sections [data-menu-xmlid='${MODULE}.${section}']`,
            run: "click",
        },
        {
            isActive: ["desktop"],
            content: `open ${item}`,
            trigger: `.o-dropdown--menu [data-menu-xmlid='${MODULE}.${item}']`,
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "open the side menu",
            trigger: ".o_main_navbar .o_menu_toggle",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: `open ${item}`,
            trigger: `.o_app_menu_sidebar li[data-menu-xmlid='${MODULE}.${item}']`,
            run: "click",
        },
        {
            content: `the screen ${title} is there`,
            trigger: `.o_breadcrumb:contains('${title}')`,
        },
    ];
}

/** Open a record from a kanban or, where the desktop shows one, a list. */
export function openRecord(text) {
    return [
        {
            content: `open ${text}`,
            trigger: `.o_kanban_record:not(.o_kanban_ghost):contains('${text}'), .o_data_row td:contains('${text}')`,
            run: "click",
        },
        {
            content: "the form is there",
            trigger: ".o_form_view .o_form_sheet",
        },
    ];
}

/** Fill a field of the form. */
export function fill(name, value) {
    return {
        content: `fill ${name}`,
        trigger: `.o_field_widget[name='${name}'] :is(textarea, input)`,
        run: `edit ${value}`,
    };
}

/** Wait until the status bar stands at a state. */
export function seeState(label) {
    return {
        content: `the status is ${label}`,
        trigger:
            `.o_statusbar_status .o_arrow_button_current:contains('${label}'),` +
            ` .o_statusbar_status .dropdown-toggle:contains('${label}')`,
    };
}
