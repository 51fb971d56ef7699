/**
 * `causation-id` and `node-id`.
 *
 * @module
 */

import { EXIT } from "../../base/errors.ts";
import { generateNodeId } from "../../emit/identity.ts";
import { ulidFactory } from "../../event/ulid.ts";
import type { Command } from "../command.ts";

export const ids: readonly Command[] = [
  {
    name: "causation-id",
    summary: "Print a new ULID, to tie the events of one batch together.",
    examples: ["causation-id"],
    positionals: [],
    options: {},
    async run({ world, out }) {
      const id = ulidFactory(world.nowMs, world.randomBytes)();
      await out.data({ causation_id: id }, id);
      return EXIT.ok;
    },
  },
  {
    name: "node-id",
    summary: "Print the id of this machine and user.",
    details: [
      "The first 12 hex digits of SHA-256 of hostname:username. SPEC_KITTY_NODE_ID",
      "overrides it, for containers with a fixed host name and a throw-away home.",
    ],
    examples: ["node-id"],
    positionals: [],
    options: {},
    async run({ world, out }) {
      const id = await generateNodeId(world);
      await out.data({ node_id: id }, id);
      return EXIT.ok;
    },
  },
];
