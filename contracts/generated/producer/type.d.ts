// Made from contracts/producer.json by `deno task contracts`. Do not edit.

import type { Validator } from "../validators.js";

export declare const validateData: Validator;
export declare const facts: {
  readonly name: string;
  readonly description: string;
  readonly scope: "mission" | "project";
  readonly subject: "wp_id" | "none";
  readonly required_attributes: readonly string[];
  readonly data: object;
  readonly legacy: {
    readonly shape: string;
    readonly constants?: Readonly<Record<string, unknown>>;
    readonly discriminator_value?: string;
  };
  readonly lifted: readonly object[];
};
