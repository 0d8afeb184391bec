const label = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** A time of the day, as axes have it. */
export const clockLabel = (at: number): string => label.format(at);
