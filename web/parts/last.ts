/** What was shown stays until what was asked for is there: nothing flickers as somebody types. */

import { useRef } from "preact/hooks";

/** A value, else the one before, unless there will be none; and whether it is that one. */
export function useLast<T>(
  value: T | null,
  hasFailed: boolean,
): { readonly shown: T | null; readonly isStale: boolean } {
  const last = useRef<T | null>(null);
  if (value !== null || hasFailed) last.current = value;
  return { shown: last.current, isStale: value === null };
}
