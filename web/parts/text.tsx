/** A text of an event: it may hold anything, and changes nothing around it. */

/** Of longer texts the beginning is shown; the event's JSON has all. */
const LONGEST = 400;

/** A text by itself, whatever direction it has. */
export function Text({ children, longest = LONGEST }: {
  children: string;
  longest?: number;
}) {
  return <bdi class="text">{cut(children, longest)}</bdi>;
}

/** The beginning of a text, never with half a character. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
