/**
 * `contract list|show`: the contracts that events keep.
 *
 * @module
 */

import { EXIT } from "../../base/errors.ts";
import {
  ENVELOPE_FIELDS,
  EVENT_TYPES,
  PAYLOADS,
  STATUSES,
} from "../../contract/contract.ts";
import type { RowContract } from "../../contract/rows/row_contract.ts";
import { expectedOf, textsOf } from "../../contract/rows/row_problems.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { Call, Command } from "../command.ts";
import { rowContracts, unknownContract } from "../contract_choice.ts";
import { columns } from "../output.ts";

export const contracts: readonly Command[] = [
  {
    name: "contract list",
    summary: "List the contracts that events can keep.",
    examples: ["contract list"],
    positionals: [],
    options: {},
    async run({ out }) {
      const { contracts } = await rowContracts(undefined);
      for (const one of [workPackages, ...contracts.all.map(ofRows)]) {
        const { name, version, description, types } = one;
        await out.data(
          { name, version, description, types: types.length },
          `${name} ${version}  ${types.length} types  ${description}`,
        );
      }
      return EXIT.ok;
    },
  },
  {
    name: "contract show",
    summary: "Show a contract: its types, attributes and lanes.",
    examples: ["contract show producer"],
    positionals: [{ name: "NAME", help: "see: contract list" }],
    options: {},
    run: show,
  },
];

/** A contract as it is shown. */
interface Shown {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly types: readonly { type: string; description: string }[];
  readonly attributes: readonly {
    name: string;
    required: boolean;
    expected: string;
  }[];
  readonly lanes: readonly string[];
}

const workPackages: Shown = {
  ...WORK_PACKAGES,
  description: "What happens to work packages and features; the default.",
  types: EVENT_TYPES.map((type) => ({
    type,
    description: PAYLOADS[type].description,
  })),
  attributes: ENVELOPE_FIELDS.map(({ name, required, expected }) => ({
    name,
    required,
    expected,
  })),
  lanes: STATUSES,
};

function ofRows(
  { name, version, description, types, envelope }: RowContract,
): Shown {
  const all = [...types.values()];
  const required = new Set(envelope.required);
  const lanes = all.map(({ data }) => data.properties?.to_lane)
    .find((schema) => schema);
  return {
    name,
    version,
    description,
    types: all.map(({ type, description }) => ({ type, description })),
    attributes: Object.entries(envelope.properties ?? {}).map((
      [name, schema],
    ) => ({
      name,
      required: required.has(name),
      expected: expectedOf(schema),
    })),
    lanes: lanes ? textsOf(lanes) : [],
  };
}

async function show({ args, out }: Call): Promise<number> {
  const name = args.positionals[0]!;
  const { contracts } = await rowContracts(undefined);
  const rows = contracts.named(name);
  if (!rows && name !== WORK_PACKAGES.name) {
    throw unknownContract(name, contracts);
  }
  const shown = rows ? ofRows(rows) : workPackages;
  const { version, description, types, attributes, lanes } = shown;
  await out.data(
    shown,
    [
      `${name} ${version}`,
      description,
      "",
      "Types:",
      ...columns(types.map(({ type, description }) => [type, description]), 2),
      "",
      "Attributes:",
      ...columns(
        attributes.map(({ name, required, expected }) => [
          name,
          required ? expected : `${expected} (may be left out)`,
        ]),
        2,
      ),
      ...lanes.length > 0 ? ["", `Lanes: ${lanes.join(", ")}`] : [],
    ].join("\n"),
  );
  return EXIT.ok;
}
