/**
 * The producer contract: the rows that Spec Kitty's own tools write, and the
 * lines of status logs that become rows. Loaded only where a row is at hand.
 *
 * @module
 */

import {
  validateAttributes,
  validateData,
  validateMembers,
} from "../../../contracts/generated/producer.js";
import type { Validator } from "../../../contracts/generated/validators.js";
import contract from "../../../contracts/producer.json" with { type: "json" };
import type { RowContract, RowType, Schema } from "./row_contract.ts";

/** How a line of a status log gives an attribute of its row. */
export interface Lifted {
  readonly member: string;
  readonly attribute: string;
  /** Whether a line has to have it; said of flat lines only. */
  readonly required?: boolean;
  /** What the line may hold there, where it differs from the attribute. */
  readonly legacy_schema?: Schema;
  /** How an actor with a structure becomes a name. */
  readonly projection?: "actor_identity" | "retrospective_actor_id";
  /** Where it stays whole in the data. */
  readonly binding_member?: string;
}

/** Older lines that become rows of a type. */
export interface Legacy {
  /** Members around the data; none where the line is flat. */
  readonly members?: Readonly<Record<string, Schema>>;
  readonly validateMembers?: Validator;
  /** Members of a flat line with the same value in all of them. */
  readonly constants: Readonly<Record<string, unknown>>;
  /** `event_type` of a line with members around its data. */
  readonly discriminator?: string;
  readonly lifted: readonly Lifted[];
}

/** A type of the producer contract. */
export interface ProducerType extends RowType {
  readonly legacy: Legacy;
}

const shapes = contract.legacy_shapes as Readonly<
  Record<string, { readonly members?: Readonly<Record<string, Schema>> }>
>;

function typeOf(entry: typeof contract.types[number]): ProducerType {
  const { name, legacy } = entry;
  const members = shapes[legacy.shape]?.members;
  return {
    type: contract.type_prefix + name,
    name,
    description: entry.description,
    scope: entry.scope as "mission" | "project",
    subject: entry.subject as "wp_id" | "none",
    requiredAttributes: entry.required_attributes,
    dataschema: contract.dataschema_base + name,
    data: entry.data as Schema,
    validateData: validateData[name]!,
    legacy: {
      ...members && {
        members,
        validateMembers: validateMembers[legacy.shape]!,
      },
      constants: legacy.constants ?? {},
      ...legacy.discriminator_value !== undefined && {
        discriminator: legacy.discriminator_value,
      },
      lifted: entry.lifted as readonly Lifted[],
    },
  };
}

/** The contract. */
export const producer: RowContract<ProducerType> = {
  name: contract.name,
  version: contract.version,
  description: contract.description,
  prefix: contract.type_prefix,
  envelope: contract.envelope,
  validateAttributes,
  types: new Map(
    contract.types.map(typeOf).map((type) => [type.type, type]),
  ),
};
