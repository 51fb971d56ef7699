/** An event as it is stored, to read and to copy. */

import { useState } from "preact/hooks";

/** JSON longer than this is shown in part; what is copied is whole. */
const SHOWN_MAX = 20_000;
const SAID_MS = 2_000;

/** JSON, with a button that copies it. */
export function Json({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div class="json">
      <Copy text={text} />
      <pre tabIndex={0} aria-label="JSON of the event">
        <bdi>{text.slice(0, SHOWN_MAX)}</bdi>
        {text.length > SHOWN_MAX &&
          `\n… ${(text.length - SHOWN_MAX).toLocaleString()} characters more: copy it to see them`}
      </pre>
    </div>
  );
}

function Copy({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    const isDone = await copied(text);
    setSaid(isDone ? "Copied" : "Could not copy");
    setTimeout(() => setSaid(""), SAID_MS);
  };
  return (
    <button type="button" class="button small copy" onClick={copy}>
      <span aria-live="polite">{said || "Copy JSON"}</span>
    </button>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByField(text);
  }
}

/** Without TLS there is no clipboard but that of fields. */
function copiedByField(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
  }
}
