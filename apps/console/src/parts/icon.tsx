import type { JSX } from "preact";
import type { Grade } from "../state/standing.js";

/** Drawn in a square of 16; shapes differ, so that colour is never the only sign. */
const SHAPES = {
  good: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm-3 6.7 2.1 2.1L11.2 6",
  unknown:
    "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM6.2 6.2a1.8 1.8 0 1 1 2.6 1.7c-.5.3-.8.6-.8 1.1M8 11.3v.1",
  warn: "M8 2 1.4 13.6h13.2L8 2Zm0 4.6v3.2M8 11.7v.1",
  bad: "M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3l3.8-3.8Zm.3 4.1 4.8 4.8m0-4.8-4.8 4.8",
  page: "M4 1.5h5.5L12.5 4.5v10h-8.5zM6.2 7.5h4M6.2 10.5h4",
  chevron: "m5.5 3.5 4.5 4.5-4.5 4.5",
  close: "m3.5 3.5 9 9m0-9-9 9",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.8v10.4L13 8 4.5 2.8Z",
  refresh: "M13.2 8a5.2 5.2 0 1 1-1.5-3.7L13.2 6M13.2 2.6V6H9.8",
  key: "M9.8 6.2 14 2m-2.2 2.2 1.6 1.6M10 9.7a3.4 3.4 0 1 1-6.8 0 3.4 3.4 0 0 1 6.8 0Z",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Zm0-3.5v1M8 13.5v1M1.5 8h1m11 0h1M3.4 3.4l.7.7m7.8 7.8.7.7m0-9.2-.7.7M4.1 11.9l-.7.7",
  moon: "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z",
  screen: "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
  lock: "M4 7.2h8v6.3H4zM5.6 7.2V5a2.4 2.4 0 0 1 4.8 0v2.2",
} as const;

export type IconName = keyof typeof SHAPES;

interface IconProps {
  readonly name: IconName;
  readonly class?: string;
}

export function Icon({ name, class: extra = "" }: IconProps): JSX.Element {
  return (
    <svg class={`icon ${extra}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}

const WORDS: Readonly<Record<Grade, string>> = {
  good: "well",
  unknown: "not known",
  warn: "needs attention",
  bad: "bad",
};

/** How something stands, as a sign and, for those who do not see it, a word. */
export function GradeIcon({ grade }: { readonly grade: Grade }): JSX.Element {
  return (
    <span class={`grade grade-${grade}`}>
      <Icon name={grade} />
      <span class="unseen">{WORDS[grade]}: </span>
    </span>
  );
}
