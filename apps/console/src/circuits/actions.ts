import { type Api, segment } from "../api/client.js";
import type { CircuitRow } from "../api/types.js";
import type { Action, Entered, Field, Outcome } from "../parts/action.js";
import { REASON } from "../parts/action.js";
import type { Source } from "../state/source.js";
import { brief } from "../text/clean.js";

type Verb = "auto" | "block" | "allow" | "reset";

const TTL: Field = {
  name: "ttl_minutes",
  label: "For how many minutes",
  kind: "number",
  initial: "90",
  isRequired: true,
  least: 1,
  most: 1440,
  help: "1 to 1,440. Then the circuit decides by itself again.",
};

interface Wording {
  readonly title: string;
  readonly verb: string;
  readonly risk: Action["risk"];
  readonly effect: string;
  readonly fields: readonly Field[];
  readonly done: string;
}

const WORDING: Readonly<Record<Verb, Wording>> = {
  block: {
    title: "Force open",
    verb: "Force open",
    risk: "destructive",
    effect: "Every call is refused at once, probes included, until the pin ends.",
    fields: [REASON, TTL],
    done: "is forced open",
  },
  allow: {
    title: "Force closed",
    verb: "Force closed",
    risk: "destructive",
    effect:
      "Every call goes through and none is counted, until the pin ends: the circuit protects nothing meanwhile.",
    fields: [REASON, TTL],
    done: "is forced closed",
  },
  auto: {
    title: "Lift the pin",
    verb: "Lift the pin",
    risk: "reversible",
    effect: "The circuit decides by itself again, from the state that it would have had.",
    fields: [REASON],
    done: "decides by itself again",
  },
  reset: {
    title: "Reset",
    verb: "Reset",
    risk: "reversible",
    effect: "Closes the circuit, forgets its window and lifts a pin. From then on it decides by itself.",
    fields: [REASON],
    done: "is closed, and decides by itself",
  },
};

/** What can be done to a circuit as it is. */
export function verbsFor({ manual }: CircuitRow): readonly Verb[] {
  return manual === undefined ? ["reset", "block", "allow"] : ["auto", "reset", "block", "allow"];
}

export function circuitAction(verb: Verb, name: string, api: Api, circuits: Source<unknown>): Action {
  const { title, done, ...wording } = WORDING[verb];
  const shown = brief(name, 80);
  const send = async (entered: Entered): Promise<Outcome> => {
    await api.post(...request(verb, name, entered));
    return { isGood: true, text: `${shown} ${done}` };
  };
  return {
    ...wording,
    button: wording.verb,
    title: `${title}: ${shown}`,
    needs: "admin",
    send,
    changes: [circuits],
  };
}

/** Browsers take segments of dots out of a path, however they are written: such names go in the body. */
function request(
  verb: Verb,
  name: string,
  { reason, ttl_minutes: ttl }: Entered,
): [path: string, body: object] {
  const facts = { reason, ...(ttl !== undefined && { ttl_minutes: Number(ttl) }) };
  if (name === "." || name === "..") return ["control", { service_name: name, action: verb, ...facts }];
  return [`control/${verb}/${segment(name)}`, facts];
}
