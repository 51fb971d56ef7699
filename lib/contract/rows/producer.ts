/**
 * The producer contract: the rows that Spec Kitty's own tools write, and the
 * lines of status logs that become rows. Loaded only where more than one type
 * may be at hand.
 *
 * @module
 */

import { loadType } from "../../../contracts/generated/producer.js";
import {
  shapes,
  validateMembers,
} from "../../../contracts/generated/producer_lines.js";
import type { Validator } from "../../../contracts/generated/validators.js";
import { type GeneratedType, producerOf, rowType } from "./producer_type.ts";
import type { RowType, Schema } from "./row_contract.ts";

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

function producerType(generated: GeneratedType): ProducerType {
  const { legacy, lifted } = generated.facts;
  const members = shapes[legacy.shape]?.members;
  return {
    ...rowType(generated),
    legacy: {
      ...members && {
        members,
        validateMembers: validateMembers[legacy.shape]!,
      },
      constants: legacy.constants ?? {},
      ...legacy.discriminator_value !== undefined && {
        discriminator: legacy.discriminator_value,
      },
      lifted: lifted as readonly Lifted[],
    },
  };
}

const types = await Promise.all(
  Object.values(loadType).map((load) => load()),
);

/** The contract, with all of its types. */
export const producer = producerOf(types.map(producerType));
