// Made from contracts/producer.json by `deno task contracts`. Do not edit.

import type { Validator } from "./validators.js";

export declare const validateAttributes: Validator;
/** Each type's data, by its name without the prefix. */
export declare const validateData: Readonly<Record<string, Validator>>;
/** The members of each shape that lines had before they were rows. */
export declare const validateMembers: Readonly<Record<string, Validator>>;
