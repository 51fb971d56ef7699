/** Tells those who listen what moved. */

import { signal } from "@preact/signals";

/** So many moves are named; of more, their number is told. */
const NAMED_MAX = 3;
/** A screen reader gets no more than one message in this time. */
const PACE_MS = 1_500;

const words = signal("");
let waiting: string[] = [];
let timer = 0;

/** Says something politely; what comes quickly one after the other is said together. */
export function announce(sentences: readonly string[]): void {
  if (sentences.length === 0) return;
  waiting.push(...sentences);
  if (timer) return;
  flush();
  timer = setTimeout(() => {
    timer = 0;
    flush();
  }, PACE_MS);
}

function flush(): void {
  if (waiting.length === 0) return;
  words.value = waiting.length > NAMED_MAX
    ? `${waiting.length} packages moved`
    : waiting.join(". ");
  waiting = [];
}

/** Where it is said. */
export function Announcer() {
  return <div class="unseen" aria-live="polite" aria-atomic="true">{words}
  </div>;
}
