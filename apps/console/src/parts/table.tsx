import type { ComponentChildren, JSX } from "preact";

interface TableProps {
  readonly kind?: string;
  /** A column that begins with `#` has numbers; an empty one has no heading that is seen. */
  readonly columns: readonly string[];
  /** Rows. */
  readonly children: ComponentChildren;
}

/** Rows with headings; on a narrow page every row is a card. */
export function Table({ kind = "", columns, children }: TableProps): JSX.Element {
  return (
    <table class={`table ${kind}`}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" class={column.startsWith("#") ? "numeric" : ""}>
              {column === "" ? <span class="unseen">Actions</span> : column.replace("#", "")}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
