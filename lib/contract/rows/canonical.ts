/**
 * JSON with every number as it was written, and the one serialization that the
 * published order compares: keys sorted, no white space, ASCII only.
 *
 * @module
 */

import { byCodePoint } from "../../base/code_points.ts";
import { isJsonObject } from "../../base/json.ts";

/** A number, by its digits: parsed, a large one would be another. */
export class NumberLiteral {
  constructor(readonly text: string) {}

  /** Its value, where it is written without point and exponent. */
  get integer(): bigint | undefined {
    return /^-?\d+$/.test(this.text) ? BigInt(this.text) : undefined;
  }

  /** Integers exactly, others in the shortest form that reads back as the same. */
  get canonical(): string {
    return this.integer?.toString() ?? shortest(Number(this.text));
  }
}

/** A JSON text's value, with `NumberLiteral` for numbers; undefined where it is not JSON. */
export function parseExact(text: string): unknown {
  try {
    return JSON.parse(text, reviver as Reviver);
  } catch {
    return undefined;
  }
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

function reviver(
  _key: string,
  value: unknown,
  context: { source?: string },
): unknown {
  return typeof value === "number" ? new NumberLiteral(context.source!) : value;
}

/** The serialization. */
export function canonical(value: unknown): string {
  if (value instanceof NumberLiteral) return value.canonical;
  if (typeof value === "number") {
    return new NumberLiteral(String(value)).canonical;
  }
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isJsonObject(value)) return String(value);
  const members = Object.keys(value).sort(byCodePoint)
    .map((key) => `${quoted(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As Python prints it, which the order was published with. */
function shortest(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const sign = power < 0 ? "-" : "+";
    return `${digits}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = power < 0
    ? value.toFixed(digits!.replace(/^-?\d\.?/, "").length - power)
    : String(value);
  const plain = Object.is(value, -0) ? "-0" : text;
  return plain.includes(".") ? plain : `${plain}.0`;
}
