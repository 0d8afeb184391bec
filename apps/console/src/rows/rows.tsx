import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { useConsole } from "../state/console.js";
import { useStandings } from "../verdict/standings.js";
import type { RowKind } from "./kinds.js";
import { readOpen, writeOpen } from "./open.js";
import { Row } from "./row.js";

/**
 * The rows, those that need attention first. All have one parent, headings included: so a row that goes from one part to
 * the other is moved and not made anew, and keeps what is filtered and opened in it.
 */
export function Rows(): JSX.Element {
  const standings = useStandings();
  const [open, setOpen] = useState(readOpen);
  keepFocus();
  const toggle = (id: string): void => {
    const next = open.includes(id) ? open.filter((each) => each !== id) : [...open, id];
    setOpen(next);
    writeOpen(next);
  };
  const draw = ({ kind, standing }: (typeof standings)[number]): JSX.Element => (
    <DrawnRow key={kind.id} kind={kind} standing={standing} isOpen={open.includes(kind.id)} toggle={toggle} />
  );
  const needy = standings.filter(({ standing }) => standing.grade !== "good");
  const rest = standings.filter(({ standing }) => standing.grade === "good");
  // One list: rows of two lists would not be known by their keys across both.
  const children = [
    needy.length > 0 && <Heading key="attention">Needs attention</Heading>,
    ...needy.map(draw),
    rest.length > 0 && <Heading key="system">System</Heading>,
    ...rest.map(draw),
  ];
  return <div class="rows">{children}</div>;
}

function Heading({ children }: { readonly children: string }): JSX.Element {
  return <h2 class="rows-heading">{children}</h2>;
}

interface DrawnRowProps {
  readonly kind: RowKind;
  readonly standing: ReturnType<typeof useStandings>[number]["standing"];
  readonly isOpen: boolean;
  readonly toggle: (id: string) => void;
}

function DrawnRow({ kind, standing, isOpen, toggle }: DrawnRowProps): JSX.Element {
  const { always } = useConsole().sources;
  const { id, title, part, Panel } = kind;
  const at = part === undefined ? undefined : always[part].reading.value.at;
  return (
    <Row
      id={id}
      title={title}
      standing={standing}
      isJudged={part !== undefined}
      at={at}
      isOpen={isOpen}
      onToggle={() => toggle(id)}
    >
      {() => <Panel />}
    </Row>
  );
}

/** An element that is moved loses the focus: it gets it back. */
function keepFocus(): void {
  const focused = document.activeElement;
  useLayoutEffect(() => {
    const isLost = document.activeElement === document.body && focused !== document.body;
    if (isLost && focused instanceof HTMLElement && focused.isConnected)
      focused.focus({ preventScroll: true });
  });
}
