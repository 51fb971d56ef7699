/**
 * `clock show` and `clock receive`.
 *
 * @module
 */

import { type ClockState, receive } from "../../event/clock.ts";
import { EXIT, KittyError, usageError } from "../../base/errors.ts";
import * as clockFile from "../../home/clock_file.ts";
import { CLOCK_MAX } from "../../base/limits.ts";
import type { Call, Command } from "../command.ts";
import { openKeeper } from "../keeper.ts";

const show: Command = {
  name: "clock show",
  summary: "Show the Lamport clock of this home.",
  examples: ["clock show --json"],
  positionals: [],
  options: {},
  async run(call) {
    const { home, look } = await openKeeper(call);
    await look(async (held) => {
      const nowMs = call.world.nowMs();
      const { state } = await clockFile.load(home.path, nowMs);
      await tell(call, {
        value: held.clock,
        node_id: state?.node_id ?? home.context.nodeId,
        updated_at: state?.updated_at ?? new Date(nowMs).toISOString(),
      });
    });
    return EXIT.ok;
  },
};

export const clock: readonly Command[] = [
  {
    ...show,
    name: "clock",
    details: [
      "clock receive N moves it past a value that came from elsewhere.",
    ],
  },
  show,
  {
    name: "clock receive",
    summary: "Move the clock past a value that came from elsewhere.",
    details: ["The clock becomes max(own, N) + 1."],
    examples: ["clock receive 42"],
    positionals: [{ name: "N", help: "the value, a whole number" }],
    options: {},
    async run(call) {
      const given = call.args.positionals[0]!;
      if (!/^\d+$/.test(given)) {
        throw usageError(`clock receive takes a whole number from 0 on`);
      }
      const { home, maintain } = await openKeeper(call);
      const state = await maintain(async (held) => {
        const value = receive(held.clock, Number(given));
        if (value === undefined) {
          throw new KittyError(
            "clock_value",
            `a clock value is below ${CLOCK_MAX}; the clock was left as it is`,
          );
        }
        await held.setClock(value);
        return await clockFile.load(home.path, call.world.nowMs());
      });
      await tell(call, state.state!);
      return EXIT.ok;
    },
  },
];

async function tell({ out }: Call, state: ClockState): Promise<void> {
  await out.data(state, String(state.value));
}
