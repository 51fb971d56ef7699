/**
 * `collector sink add`, `list`, `status`, `pause`, `resume` and `remove`:
 * where stored events go on to.
 *
 * @module
 */

import { counted } from "../../base/amounts.ts";
import { EXIT, KittyError, usageError } from "../../base/errors.ts";
import { removed } from "../../collector/records/records.ts";
import { isLoop } from "../../collector/sinks/sending.ts";
import { noSink, type Sink, SinkStore } from "../../collector/sinks/sink.ts";
import { readTypes } from "../../collector/sinks/sink_types.ts";
import {
  endOf,
  type SinkState,
  sinkStates,
} from "../../collector/sinks/sinks.ts";
import { readSinkUrl } from "../../login/server_url.ts";
import type { Call, Command } from "../command.ts";
import { strangeTeam } from "../known_teams.ts";
import { printable } from "../output.ts";
import { noteChange, showAll, withSettings } from "../collector_settings.ts";
import { trustOf } from "../network.ts";
import { STORE_OPTIONS } from "../store.ts";
import { keptOf } from "./collector_keeping.ts";

const NAME = [{ name: "NAME", help: "the sink's name" }];

export const sinkCommands: readonly Command[] = [
  {
    name: "collector sink add",
    summary: "Send what a team's events are on to an endpoint for CloudEvents.",
    details: [
      "Each stored event goes there in order and at least once, from now on or from the",
      "first that is stored. What takes it may see one again: source and id tell. One",
      "that is refused alone for good (status 400, 413, 415 or 422) is counted and left",
      "out while the sink takes others; all other trouble is waited for.",
      "Works while the collector runs.",
    ],
    examples: [
      "collector sink add lake https://lake.example.org/events --team acme",
      "collector sink add hook http://127.0.0.1:9000/in --team acme --from-start",
    ],
    positionals: [...NAME, {
      name: "URL",
      help: "where CloudEvents are taken",
    }],
    options: {
      team: {
        kind: "text",
        value: "SLUG",
        help: "whose events",
        required: true,
      },
      types: {
        kind: "text",
        value: "TYPE,...",
        help: "only events of these types, of rows or envelopes (default: all)",
      },
      format: {
        kind: "text",
        value: "batch|structured",
        choices: ["batch", "structured"],
        help: "many events in a request (default), or one",
      },
      "token-file": {
        kind: "text",
        value: "FILE",
        help: "holds a Bearer token; read for each request",
      },
      "from-start": {
        kind: "flag",
        help: "all that is stored goes there, too, and first",
      },
      ...STORE_OPTIONS,
    },
    run: add,
  },
  {
    name: "collector sink list",
    summary: "List the sinks.",
    examples: ["collector sink list --json"],
    positionals: [],
    options: { ...STORE_OPTIONS },
    run: (call) =>
      showAll(call, ({ settings }) => new SinkStore(settings).all(), show),
  },
  {
    name: "collector sink status",
    summary: "Say how far each sink is, and what is wrong with it.",
    examples: ["collector sink status"],
    positionals: [{ ...NAME[0]!, optional: true }],
    options: { ...STORE_OPTIONS },
    run: status,
  },
  {
    name: "collector sink pause",
    summary: "Send a sink nothing until it is resumed.",
    examples: ["collector sink pause lake"],
    positionals: NAME,
    options: { ...STORE_OPTIONS },
    run: (call) =>
      change(call, "paused", (sink) => ({ ...sink, paused: true })),
  },
  {
    name: "collector sink resume",
    summary: "Go on with a sink where it was.",
    examples: ["collector sink resume lake"],
    positionals: NAME,
    options: { ...STORE_OPTIONS },
    run: (call) => change(call, "resumed", ({ paused: _, ...sink }) => sink),
  },
  {
    name: "collector sink remove",
    summary: "Send a sink nothing any more, and forget how far it was.",
    examples: ["collector sink remove lake"],
    positionals: NAME,
    options: { ...STORE_OPTIONS },
    run: remove,
  },
];

async function add(call: Call): Promise<number> {
  const { args, out, world } = call;
  const [name, address] = args.positionals as [string, string];
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw usageError(
      "a sink's name has up to 64 letters, digits, dots, dashes and underscores",
    );
  }
  const trust = await trustOf(call);
  const url = readSinkUrl(address, trust.insecureHttp, "the sink's address");
  const named = args.text("types");
  const types = named === undefined ? undefined : readTypes(named);
  const token_file = args.text("token-file");
  const team = args.text("team")!;
  const strange = await strangeTeam(call, team);
  await using kept = await keptOf(call);
  const loops = await isLoop(url, { instance: kept.instance, trust });
  if (loops) {
    throw new KittyError(
      "bad_sink",
      "the sink's address leads back to this collector",
      { hint: "name an endpoint of something else" },
    );
  }
  const sink: Sink = {
    name,
    id: world.randomBytes(8).toHex(),
    url: url.href,
    team,
    ...types && { types },
    format: args.text("format") === "structured" ? "structured" : "batch",
    ...token_file !== undefined && { token_file: await realFile(token_file) },
    from: args.flag("from-start") ? 0 : await endOf(kept.events, team),
    created_at: new Date(world.nowMs()).toISOString(),
  };
  await withSettings(call, async (all) => {
    await new SinkStore(all.settings).add(sink);
    await noteChange(call, all, { what: "sink_added", name, team });
  });
  await show(call, sink);
  if (strange) await out.warn(strange.words);
  if (loops === undefined) {
    await out.warn(`nobody answers at ${url.host} now; it is tried again`);
  }
  return EXIT.ok;
}

/** @throws {KittyError} where it cannot be read */
async function realFile(path: string): Promise<string> {
  try {
    await Deno.readTextFile(path);
    return await Deno.realPath(path);
  } catch (error) {
    throw usageError(
      `cannot read --token-file ${path}: ${(error as Error).message}`,
    );
  }
}

async function show({ out }: Call, sink: Sink): Promise<void> {
  const { id: _, ...shown } = sink;
  const { name, url, team, types, format, paused } = sink;
  const only = types ? ` only ${types.join(", ")}` : "";
  await out.data(
    shown,
    printable(
      `${name}: ${team} -> ${url} (${format})${only}${paused ? " paused" : ""}`,
      1_000,
    ),
  );
}

async function status(call: Call): Promise<number> {
  const [name] = call.args.positionals;
  await using kept = await keptOf(call);
  const all = await withSettings(
    call,
    ({ settings }) => sinkStates({ ...kept, settings }),
  );
  const states = all.filter((state) =>
    name === undefined || state.name === name
  );
  if (name !== undefined && states.length === 0) throw noSink(name);
  for (const state of states) {
    const { sink: _, ...shown } = state;
    await call.out.data(shown, stateText(state));
  }
  return states.some(({ trouble }) => trouble) ? EXIT.unavailable : EXIT.ok;
}

function stateText(state: SinkState): string {
  const { name, lag, delivered, refused, missed, paused, trouble } = state;
  const parts = [
    `${counted(delivered, "event")} delivered`,
    `${lag} to go`,
    ...refused > 0 ? [`${refused} refused`] : [],
    ...missed > 0 ? [`${missed} removed before`] : [],
    ...paused ? ["paused"] : [],
  ];
  const why = trouble
    ? `\n  since ${trouble.since}: ${printable(trouble.words, 1_000)}`
    : "";
  return `${printable(name)}: ${parts.join(", ")}${why}`;
}

async function change(
  call: Call,
  done: string,
  make: (sink: Sink) => Sink,
): Promise<number> {
  const [name] = call.args.positionals as [string];
  await withSettings(call, async (all) => {
    const sink = await new SinkStore(all.settings).change(name, make);
    const { team } = sink;
    await noteChange(call, all, { what: `sink_${done}`, name, team });
    await show(call, sink);
  });
  return EXIT.ok;
}

async function remove(call: Call): Promise<number> {
  const [name] = call.args.positionals as [string];
  await withSettings(call, async (all) => {
    await new SinkStore(all.settings).remove(name);
    await noteChange(call, all, { what: "sink_removed", name });
  });
  await using kept = await keptOf(call);
  await removed(kept.records, "sink_cursor", name);
  await call.out.data({ name, removed: true }, `${printable(name)}: removed`);
  return EXIT.ok;
}
