/**
 * The contracts of rows that a home knows.
 *
 * @module
 */

import type { JsonObject } from "../../base/json.ts";
import { nearMiss } from "../../base/near_miss.ts";
import { jsonTypeOf, type Problem } from "../../base/problem.ts";
import { isEventType } from "../contract.ts";
import type { RowContract, RowType } from "./row_contract.ts";

/** A type, and the contract that has it. */
export interface KnownType {
  readonly contract: RowContract;
  readonly type: RowType;
}

/** Contracts, of which no two have one type. */
export class RowContracts {
  constructor(readonly all: readonly RowContract[]) {}

  /** The contract of a name; undefined where there is none. */
  named(name: string): RowContract | undefined {
    return this.all.find((contract) => contract.name === name);
  }

  /**
   * A type by its name: whole, without its contract's prefix, or without its
   * version, of which the last is meant then.
   */
  typeOf(word: string): KnownType | undefined {
    for (const contract of this.all) {
      const { types, prefix } = contract;
      const type = types.get(word) ?? types.get(prefix + word);
      if (type) return { contract, type };
    }
    const versions = this.#types().filter(({ type: { type, name } }) =>
      withoutVersion(type) === word || withoutVersion(name) === word
    );
    return versions.toSorted((a, b) =>
      versionOf(b.type.type) - versionOf(a.type.type)
    )[0];
  }

  /** What was probably meant by a name that no type has. */
  nearest(word: string): string | undefined {
    const names = this.#types().map(({ type }) => type.name);
    const prefix = this.all.map(({ prefix }) => prefix)
      .find((prefix) => word.startsWith(prefix)) ?? "";
    return nearMiss(word.slice(prefix.length), [
      ...names,
      ...names.map(withoutVersion),
    ]);
  }

  /** Said of a row or a draft whose type no contract has. */
  unknownType({ type }: JsonObject): Problem {
    const meant = typeof type === "string" ? this.nearest(type) : undefined;
    const hint = isEventType(type)
      ? `name it "event_type": it is one of the contract work-packages`
      : meant
      ? `did you mean "${meant}"?`
      : "list the types with: kitty-events contract show NAME";
    const names = this.all.map(({ name }) => name).join(" or ");
    const expected = `a type of the contract ${names}`;
    return { path: "/type", expected, found: jsonTypeOf(type), hint };
  }

  #types(): KnownType[] {
    return this.all.flatMap((contract) =>
      [...contract.types.values()].map((type) => ({ contract, type }))
    );
  }
}

/** A type's name without its version, such as `lane.transitioned`. */
export function withoutVersion(name: string): string {
  return versionOf(name) === 0 ? name : name.slice(0, name.lastIndexOf(".v"));
}

/** The version that ends a name; 0 where none does. */
function versionOf(name: string): number {
  const digits = name.slice(name.lastIndexOf(".v") + 2);
  return name.includes(".v") && /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
}
