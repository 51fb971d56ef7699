// Made from contracts/producer.json by `deno task contracts`. Do not edit.

import type * as type from "./producer/type.d.ts";
import type { Validator } from "./validators.js";

export declare const validateAttributes: Validator;
/** The contract without its types. */
export declare const contract: {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly type_prefix: string;
  readonly dataschema_base: string;
  readonly envelope: object;
};
/** Each type, by its name without the prefix. */
export declare const loadType: Readonly<
  Record<string, () => Promise<typeof type>>
>;
