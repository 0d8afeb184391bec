import { useEffect, useState } from "preact/hooks";

const STILL = 250;

/** The value once it has not changed for a moment: nobody is asked for every letter. */
export function useSettled<T>(value: T): T {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), STILL);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
