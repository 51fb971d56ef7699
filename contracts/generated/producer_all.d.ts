// Made from contracts/producer.json by `deno task contracts`. Do not edit.

import type * as type from "./producer/type.d.ts";
import type { Validator } from "./validators.js";

export declare const types: readonly (typeof type)[];
/** Shapes that lines had before they were rows. */
export declare const shapes: Readonly<
  Record<string, { readonly members?: Readonly<Record<string, object>> }>
>;
/** The members of each shape that has some. */
export declare const validateMembers: Readonly<Record<string, Validator>>;
