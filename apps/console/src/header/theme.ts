import { type Signal, signal } from "../state/signal.js";

export type Theme = "auto" | "light" | "dark";

const KEPT = "baldur-theme";
const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const preference = matchMedia("(prefers-color-scheme: dark)");

/** What the operator chose. "auto": as the system has it. */
export const theme: Signal<Theme> = signal(kept());
export const isDark: Signal<boolean> = signal(darkness());

/** Puts the choice into force, and follows the system where there is none. */
export function startTheme(): void {
  apply();
  preference.addEventListener("change", apply);
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] as Theme;
  theme.set(next);
  apply();
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    return; // a browser that keeps nothing: the choice holds until the page is left
  }
}

function apply(): void {
  document.documentElement.dataset["theme"] = darkness() ? "dark" : "light";
  isDark.set(darkness());
}

function darkness(): boolean {
  return theme.value === "auto" ? preference.matches : theme.value === "dark";
}

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEPT);
    return THEMES.find((each) => each === value) ?? "auto";
  } catch {
    return "auto";
  }
}
