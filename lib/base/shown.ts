/**
 * Text from outside on its way to a reader: to a person at a terminal, which
 * some characters steer, or to a program that reads line by line.
 *
 * @module
 */

/**
 * What ends a line for some readers, such as Python's `splitlines`, and stands
 * in JSON as it is: next line, line separator, paragraph separator.
 */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * JSON, or a line of it, that is one line for every reader: those three
 * characters are escaped. They can only be inside of a string there.
 */
export function oneLine(json: string): string {
  return json.replace(LINE_ENDS, escaped);
}

/** The same for JSON in UTF-8. */
export function oneLineBytes(json: Uint8Array): Uint8Array {
  if (!endsLines(json)) return json;
  const text = oneLine(new TextDecoder().decode(json));
  return new TextEncoder().encode(text);
}

/** Whether one of those three is in a text in UTF-8: C2 85, E2 80 A8, E2 80 A9. */
function endsLines(bytes: Uint8Array): boolean {
  for (
    let at = bytes.indexOf(0xc2);
    at >= 0;
    at = bytes.indexOf(0xc2, at + 1)
  ) {
    if (bytes[at + 1] === 0x85) return true;
  }
  for (
    let at = bytes.indexOf(0xe2);
    at >= 0;
    at = bytes.indexOf(0xe2, at + 1)
  ) {
    const isSeparator = bytes[at + 2] === 0xa8 || bytes[at + 2] === 0xa9;
    if (bytes[at + 1] === 0x80 && isSeparator) return true;
  }
  return false;
}

/**
 * Characters that steer a terminal, or that cannot be seen: controls but for tab,
 * line breaks and what colours and prompts are made of, marks and overrides of
 * direction, separators, joiners and spaces without width, interlinear
 * annotations, and tags. Joiners are right in some scripts and in emoji; but
 * a name that looks like another one must not be another one.
 */
const UNSEEN =
  // deno-lint-ignore no-control-regex
  /[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/** Text as it is shown on a terminal: what steers it is written out, such as `\u202e`. JSON stays JSON. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** The same and the controls that a terminal obeys, each replaced by a question mark: for words of the program that hold a text from outside. */
export function harmless(text: string): string {
  return text.replace(UNSEEN, "?").replace(STEERING, "?");
}

// deno-lint-ignore no-control-regex
const STEERING = /[\x08\x09\x0d\x1b]/g;

function escaped(text: string): string {
  let all = "";
  for (let i = 0; i < text.length; i++) {
    all += `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return all;
}
