import { deserializeDate } from "@web/core/l10n/dates";

/** Write a month for reading, in the user's language: "October 2026", "2026年10月". */
export function formatMonth(month) {
    return deserializeDate(month).toLocaleString({ month: "long", year: "numeric" });
}

/** Write a month where there is little room: "Oct 2026". */
export function formatShortMonth(month) {
    return deserializeDate(month).toLocaleString({ month: "short", year: "numeric" });
}

/** Write a month for an axis: "Oct", and in January the year. */
export function formatAxisMonth(month) {
    const date = deserializeDate(month);
    return date.month === 1
        ? date.toLocaleString({ year: "numeric" })
        : date.toLocaleString({ month: "short" });
}
