/**
 * What is wrong with a document, said without printing any of it.
 *
 * @module
 */

/** The JSON type of a value, `missing`, or `invalid` for text that is not JSON. */
export type Found =
  | "string"
  | "number"
  | "boolean"
  | "null"
  | "array"
  | "object"
  | "missing"
  | "invalid";

/** One thing that is wrong with a document from outside. */
export interface Problem {
  /** JSON Pointer from the document's root; names the absent field itself. */
  path: string;
  /** What is allowed there, as words that follow "expected". */
  expected: string;
  /** What is there; never the text itself. */
  found: Found;
  /** What was probably meant. */
  hint?: string;
}

/** The JSON type of a value; what JSON has no word for is `missing`. */
export function jsonTypeOf(value: unknown): Found {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  switch (type) {
    case "string":
    case "number":
    case "boolean":
    case "object":
      return type;
    default:
      return "missing";
  }
}

/** A JSON Pointer (RFC 6901) of reference tokens, outermost first. */
export function toPointer(tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${escapeToken(String(token))}`).join("");
}

/** Longest name shown in a path: a reader has found the place by then. */
const TOKEN_CHARS_MAX = 128;

/**
 * The same with long names cut, so that it costs no more than the depth of its
 * place, however long the names are that a document from outside has.
 */
export function toShortPointer(tokens: readonly (string | number)[]): string {
  return toPointer(tokens.map((token) => {
    const text = String(token);
    return text.length > TOKEN_CHARS_MAX
      ? `${text.slice(0, TOKEN_CHARS_MAX - 1)}…`
      : text;
  }));
}

/** The reference tokens of a JSON Pointer. */
export function fromPointer(pointer: string): string[] {
  return pointer.split("/").slice(1).map((token) =>
    token.replaceAll("~1", "/").replaceAll("~0", "~")
  );
}

/** Half of a surrogate pair has no place in UTF-8, so it is replaced. */
function escapeToken(token: string): string {
  return token.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
}
