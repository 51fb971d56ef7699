// Made from contracts/producer.json by `deno task contracts`. Do not edit.

import type { Validator } from "./validators.js";

/** Shapes that lines had before they were rows. */
export declare const shapes: Readonly<
  Record<string, { readonly members?: Readonly<Record<string, object>> }>
>;
/** The members of each shape that has some. */
export declare const validateMembers: Readonly<Record<string, Validator>>;
