import { useEffect, useRef, useState } from "preact/hooks";
import { type Explanation, explain } from "../api/explain.js";
import { ApiError } from "../api/failure.js";
import { type Console, useConsole } from "../state/console.js";
import { type Action, CONFIRM, type Entered, type Field, mistakeIn, type Outcome } from "./action.js";

/** What was entered for an action, and how it goes. */
export interface ActionForm {
  readonly entered: Entered;
  enter(name: string, value: string): void;
  readonly word: string;
  setWord(word: string): void;
  readonly busy: boolean;
  /** It was done, though not as hoped for. */
  readonly isOver: boolean;
  readonly isReady: boolean;
  readonly mistakes: Readonly<Record<string, string>>;
  readonly trouble: Explanation | undefined;
  submit(): Promise<void>;
}

export function useActionForm(action: Action, onClose: () => void): ActionForm {
  const console = useConsole();
  const [entered, setEntered] = useState<Entered>(() => initial(action.fields));
  const [word, setWord] = useState("");
  const [busy, setBusy] = useState(false);
  const [isOver, setOver] = useState(false);
  const [mistakes, setMistakes] = useState<Readonly<Record<string, string>>>({});
  const [trouble, setTrouble] = useState<Explanation>();
  const isReady = action.risk !== "destructive" || word.trim() === CONFIRM;
  const isShown = useRef(true);
  useEffect(
    () => () => {
      isShown.current = false;
    },
    [],
  );
  const tell = (outcome: Outcome | Explanation): void => {
    const text = "isGood" in outcome ? outcome.text : outcome.message;
    const isGood = "isGood" in outcome && outcome.isGood;
    // Who has closed the dialog meanwhile is told beside it.
    if (isGood || !isShown.current) console.notify(isGood, text);
    if (isGood) return onClose();
    setOver("isGood" in outcome);
    setTrouble("isGood" in outcome ? { message: text } : outcome);
  };
  const submit = async (): Promise<void> => {
    const found = mistakesIn(action.fields, entered);
    setMistakes(found);
    if (busy || !isReady || Object.keys(found).length > 0) return;
    setBusy(true);
    setTrouble(undefined);
    const outcome = await outcomeOf(action, trimmed(entered), console);
    setBusy(false);
    for (const source of action.changes) void source.refresh();
    tell(outcome);
  };
  const enter = (name: string, value: string): void => setEntered({ ...entered, [name]: value });
  return { entered, enter, word, setWord, busy, isOver, isReady, mistakes, trouble, submit };
}

async function outcomeOf(action: Action, entered: Entered, console: Console): Promise<Outcome | Explanation> {
  try {
    return await action.send(entered);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { role, unlocked: isUnlocked } = console.sources.always.posture.reading.value.data ?? {};
    const hasKey = console.api.key.value !== "";
    return explain(error.failure, { hasKey, role, isUnlocked, isAction: true });
  }
}

function initial(fields: readonly Field[]): Entered {
  return Object.fromEntries(
    fields.flatMap(({ name, initial: value }) => (value === undefined ? [] : [[name, value]])),
  );
}

function mistakesIn(fields: readonly Field[], entered: Entered): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const mistake = mistakeIn(field, entered[field.name]);
      return mistake === undefined ? [] : [[field.name, mistake]];
    }),
  );
}

function trimmed(entered: Entered): Entered {
  const pairs = Object.entries(entered).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}
