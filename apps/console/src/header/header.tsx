import type { JSX } from "preact";
import { Icon, type IconName } from "../parts/icon.js";
import { Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { Connection } from "./connection.js";
import { KeyButton } from "./key.js";
import { nextTheme, type Theme, theme } from "./theme.js";

/** Who is looked at, how the console hears of it, and as whom. */
export function Header(): JSX.Element {
  return (
    <header class="top">
      <div class="brand">
        <Mark />
        <h1>Baldur</h1>
        <Who />
      </div>
      <div class="tools">
        <Connection />
        <KeyButton />
        <ThemeButton />
      </div>
    </header>
  );
}

function Mark(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M12 2 3.5 5.4v6.1c0 5 3.5 8.7 8.5 10.5 5-1.8 8.5-5.5 8.5-10.5V5.4L12 2Z" />
      <path class="logo-line" d="M6.5 12.4h3l1.6-3.6 2.2 6 1.4-2.4h2.8" />
    </svg>
  );
}

function Who(): JSX.Element {
  const { environment, instance, version } = useSource(useConsole().sources.always.posture).data ?? {};
  return (
    <p class="who">
      {environment !== undefined && (
        <span class="badge">
          <Value of={environment} longest={30} />
        </span>
      )}
      <span class="instance">
        {instance !== undefined && <Value of={instance} longest={60} />}
        {version !== undefined && (
          <span class="muted">
            {" "}
            <Value of={version} longest={20} />
          </span>
        )}
      </span>
    </p>
  );
}

const THEME: Readonly<Record<Theme, { readonly icon: IconName; readonly label: string }>> = {
  auto: { icon: "screen", label: "Colours as the system has them" },
  light: { icon: "sun", label: "Light colours" },
  dark: { icon: "moon", label: "Dark colours" },
};

function ThemeButton(): JSX.Element {
  const { icon, label } = THEME[useSignal(theme)];
  return (
    <button
      type="button"
      class="button bare"
      aria-label={`${label}. Change`}
      title={label}
      onClick={nextTheme}
    >
      <Icon name={icon} />
    </button>
  );
}
