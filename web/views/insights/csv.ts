/** Tables as files for a spreadsheet. */

/** A cell of a table; null is an empty one. */
export type Cell = string | number | null;

/** A table of numbers behind a picture. */
export interface Table {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A table in CSV, as RFC 4180 has it. */
export function csvOf({ head, rows }: Table): string {
  return [head, ...rows].map((row) => `${row.map(cellOf).join(",")}\r\n`).join(
    "",
  );
}

function cellOf(cell: Cell): string {
  if (typeof cell === "number") return String(cell);
  // A spreadsheet would run what begins like a formula.
  const text = (cell ?? "").replace(/^[=+\-@\t\r]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
