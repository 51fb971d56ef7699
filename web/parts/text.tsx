/** A text of an event: it may hold anything, and changes nothing around it. */

/** A text by itself, whatever direction it has. */
export function Text({ children }: { children: string }) {
  return <bdi class="text">{children}</bdi>;
}
