import type { JSX } from "preact";
import { Icon } from "../parts/icon.js";
import { useConsole } from "../state/console.js";
import type { LiveState } from "../state/live.js";
import { useSignal } from "../state/signal.js";
import { seconds } from "../state/time.js";
import { span } from "../text/format.js";

const WORDS: Readonly<Record<LiveState["phase"], string>> = {
  connecting: "Connecting…",
  live: "Live",
  down: "Reconnecting…",
  none: "Asking every few seconds",
  stopped: "Not connected",
};

/** How the console hears of what happens, and the switch for it. */
export function Connection(): JSX.Element {
  const console = useConsole();
  const { phase, since } = useSignal(console.live.state);
  const isPaused = useSignal(console.isPaused);
  const now = useSignal(seconds);
  const away = phase === "down" ? ` for ${span(now - since)}` : "";
  return (
    <div class="connection">
      <span class={`pulse pulse-${phase}`} data-phase={phase}>
        <i aria-hidden="true" />
        <span>
          {isPaused ? "Paused" : WORDS[phase]}
          {away}
        </span>
      </span>
      <button
        type="button"
        class="button bare"
        aria-label={isPaused ? "Go on" : "Pause"}
        title={isPaused ? "Go on" : "Pause: nothing is asked any more"}
        onClick={() => console.pause(!isPaused)}
      >
        <Icon name={isPaused ? "play" : "pause"} />
      </button>
      <button
        type="button"
        class="button bare"
        aria-label="Ask again now"
        title="Ask again now"
        onClick={() => console.refresh()}
      >
        <Icon name="refresh" />
      </button>
    </div>
  );
}
