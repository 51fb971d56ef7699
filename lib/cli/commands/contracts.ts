/**
 * `contract list|show|add|remove`: the contracts that events keep.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { EXIT, KittyError, reasonOf } from "../../base/errors.ts";
import {
  ENVELOPE_FIELDS,
  EVENT_TYPES,
  PAYLOADS,
  STATUSES,
} from "../../contract/contract.ts";
import type { RowContract } from "../../contract/rows/row_contract.ts";
import { producer } from "../../contract/rows/producer.ts";
import { expectedOf, textsOf } from "../../contract/rows/row_problems.ts";
import { WORK_PACKAGES } from "../../event/stored.ts";
import type { Call, Command } from "../command.ts";
import { rowContracts, unknownContract } from "../contract_choice.ts";
import { homeFolder } from "../../emit/identity.ts";
import { openKeeper } from "../keeper.ts";
import { columns, type Output } from "../output.ts";

export const contracts: readonly Command[] = [
  {
    name: "contract list",
    summary: "List the contracts that events can keep.",
    examples: ["contract list"],
    positionals: [],
    options: {},
    async run({ args, world, out }) {
      const home = await homeFolder(world, args.text("home"));
      const { contracts } = await rowContracts(undefined, home);
      for (const one of [workPackages, ...contracts.all.map(ofRows)]) {
        const { name, version, description, types } = one;
        await out.data(
          { name, version, description, types: types.length },
          `${name} ${version}  ${
            counted(types.length, "type")
          }  ${description}`,
        );
      }
      await sayUnusable(out, home);
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
  {
    name: "contract add",
    summary: "Add a contract of your own, or one type of CloudEvents.",
    details: [
      "FOLDER holds registry.json, envelope.schema.json and a JSON Schema for the data",
      "of each type. With --type, FILE is the JSON Schema for the data of one type.",
      "All of it is checked before anything counts.",
    ],
    examples: [
      "contract add shop",
      "contract add --type org.example.build.finished.v1 build.schema.json",
    ],
    positionals: [{ name: "FOLDER", help: "the contract's folder, or a FILE" }],
    options: {
      type: { kind: "text", value: "TYPE", help: "the type that FILE is for" },
    },
    run: add,
  },
  {
    name: "contract remove",
    summary: "Remove a contract that was added.",
    details: ["Not while events of it are queued."],
    examples: ["contract remove shop"],
    positionals: [{ name: "NAME", help: "see: contract list" }],
    options: {},
    run: remove,
  },
];

/** Says which added contracts cannot be used any more. */
async function sayUnusable(
  out: Output,
  home: string | undefined,
): Promise<void> {
  if (home === undefined) return;
  const { lookAtAdded } = await import("../../contract/rows/folder.ts");
  for (const { label, trouble } of await lookAtAdded(`${home}/contracts`)) {
    if (trouble) {
      await out.warn(`the contract ${label} cannot be used: ${trouble}`);
    }
  }
}

async function add(call: Call): Promise<number> {
  const { args, out } = call;
  const path = args.positionals[0]!;
  const { filesOfType, readContract } = await import(
    "../../contract/rows/added.ts"
  );
  const { folderSource, storeContract } = await import(
    "../../contract/rows/folder.ts"
  );
  const type = args.text("type");
  const source = type === undefined
    ? await folderSource(path).catch(unreadable(path))
    : filesOfType(type, await Deno.readTextFile(path).catch(unreadable(path)));
  const { contract, files } = await readContract(source, { whole: true });
  const keeper = await openKeeper(call);
  const home = keeper.home.path;
  await keeper.maintain(async () => {
    const { contracts } = await rowContracts(undefined, home);
    if (contracts.named(contract.name)) {
      throw refused(
        `there is a contract ${contract.name} already`,
        `remove it first: kitty-events contract remove ${contract.name}`,
      );
    }
    for (const type of contract.types.keys()) {
      const known = contracts.typeOf(type);
      if (known?.type.type !== type) continue;
      throw refused(
        `the type ${type} belongs to the contract ${known.contract.name}`,
        "no two contracts may have one type",
      );
    }
    await storeContract(`${home}/contracts`, contract, files);
  });
  const { name, version, types } = contract;
  await out.data(
    { name, version, types: [...types.keys()] },
    `added ${name} ${version} with ${counted(types.size, "type")}`,
  );
  return EXIT.ok;
}

function refused(message: string, hint: string): KittyError {
  return new KittyError("bad_contract", message, { hint });
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw new KittyError("input", `cannot read ${path}: ${reasonOf(error)}`, {
      hint: "name the folder of a contract, or with --type a file",
    });
  };
}

async function remove(call: Call): Promise<number> {
  const { args, out } = call;
  const name = args.positionals[0]!;
  const keeper = await openKeeper(call);
  const home = keeper.home.path;
  // A home that hands over may have contracts, and no queue.
  const hold = keeper.isThere ? keeper.maintain : keeper.look;
  await hold(async ({ queue }) => {
    const { contracts } = await rowContracts(undefined, home);
    const contract = contracts.named(name);
    const isOurs = name === WORK_PACKAGES.name || name === producer.name;
    if (isOurs) throw refused(`${name} is part of the program`, "it stays");
    const { lookAtAdded } = await import("../../contract/rows/folder.ts");
    const labels = (await lookAtAdded(`${home}/contracts`))
      .map(({ label }) => label)
      .filter((label) => label.startsWith(`${name}@`));
    if (labels.length === 0) throw unknownContract(name, contracts);
    const { by_type } = queue.ledger;
    const types = [...contract?.types.keys() ?? []];
    const queued = types.reduce((sum, type) => sum + (by_type[type] ?? 0), 0);
    if (queued > 0) {
      throw new KittyError(
        "contract_in_use",
        `${queued} events of the contract ${name} are queued`,
        { hint: "deliver them first: kitty-events sync now" },
      );
    }
    for (const label of labels) {
      await Deno.remove(`${home}/contracts/${label}`, { recursive: true });
    }
  });
  await out.data({ removed: name }, `removed ${name}`);
  return EXIT.ok;
}

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

async function show({ args, world, out }: Call): Promise<number> {
  const name = args.positionals[0]!;
  const home = await homeFolder(world, args.text("home"));
  const { contracts } = await rowContracts(undefined, home);
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
