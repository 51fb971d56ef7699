/** The frame of each insight: what is counted, the picture, the numbers behind it. */

import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { Text } from "../../parts/text.tsx";
import { type Cell, csvOf, type Table } from "./csv.ts";

/** Rows of a table that are shown; the file has all of them. */
const ROWS_MAX = 500;

/** An insight. The table is what the picture says in words. */
export function Figure({ id, title, sentence, note, table, hint, children }: {
  id: string;
  title: string;
  sentence: string;
  /** What the numbers leave out, where they do. */
  note?: string | undefined;
  table: Table;
  /** What to do where there is nothing to count. */
  hint: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel figure-${id}`} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p class="sentence">{sentence}</p>
      {table.rows.length === 0 ? <p class="nothing">{hint}</p> : (
        <>
          {children}
          {note && <p class="quiet">{note}</p>}
          <Numbers table={table} title={title} />
        </>
      )}
    </section>
  );
}

function Numbers({ table, title }: { table: Table; title: string }) {
  const isOpen = useSignal(false);
  return (
    <div class="numbers">
      <details onToggle={(event) => isOpen.value = event.currentTarget.open}>
        <summary>
          Numbers<span class="unseen">of {title}</span>
        </summary>
        {isOpen.value && <NumberTable table={table} title={title} />}
      </details>
      <button
        type="button"
        class="button small"
        onClick={() => download(table)}
      >
        CSV<span class="unseen">of {title}</span>
      </button>
    </div>
  );
}

function NumberTable(
  { table: { head, rows }, title }: { table: Table; title: string },
) {
  return (
    <div
      class="table-place low"
      tabIndex={0}
      role="region"
      aria-label={`Table of ${title}`}
    >
      <table class="table">
        <thead>
          <tr>{head.map((name) => <th key={name} scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map((row, i) => (
            <tr key={i}>
              {row.map((cell, at) => (
                <td key={at} class={kindOf(cell)}>
                  <Shown cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MAX && (
        <p class="quiet">
          The first {ROWS_MAX} of{" "}
          {rows.length.toLocaleString()}; the CSV has all.
        </p>
      )}
    </div>
  );
}

const kindOf = (cell: Cell) => typeof cell === "number" ? "number right" : "";

function Shown({ cell }: { cell: Cell }) {
  if (cell === null) return <>–</>;
  return typeof cell === "number"
    ? <>{cell.toLocaleString()}</>
    : <Text>{cell}</Text>;
}

/** Hands a table to the browser as a file. */
function download(table: Table): void {
  // The mark tells spreadsheets that it is UTF-8.
  const blob = new Blob(["\u{FEFF}", csvOf(table)], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${table.name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
