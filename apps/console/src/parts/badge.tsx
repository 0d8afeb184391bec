import type { ComponentChildren, JSX } from "preact";
import type { Grade } from "../state/standing.js";
import { Icon } from "./icon.js";

interface BadgeProps {
  /** Without one it is a plain label. */
  readonly grade?: Grade;
  readonly children: ComponentChildren;
}

export function Badge({ grade, children }: BadgeProps): JSX.Element {
  return (
    <span class={`badge ${grade === undefined ? "" : `badge-${grade}`}`}>
      {grade !== undefined && <Icon name={grade} />}
      <span>{children}</span>
    </span>
  );
}
