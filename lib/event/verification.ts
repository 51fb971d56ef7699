/**
 * What an export says of the nodes whose events are in it: how many there are,
 * and whether any is there twice, or out of order. Looks at what places an
 * event, and not at what it tells: that is for `validate`.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../base/json.ts";
import { KeySet } from "../base/key_set.ts";
import { isClockValue } from "./clock.ts";

/** What is known of one node in one team. */
export interface NodeReport {
  /** Null of rows without a team beside them. */
  readonly team_slug: string | null;
  readonly node_id: string;
  /** Different ones. */
  readonly events: number;
  readonly lowest_clock: number;
  readonly highest_clock: number;
  /** Events whose clock value an event before has. */
  readonly clocks_repeated: number;
  /** Lines whose event stood in the file before. */
  readonly ids_repeated: number;
  /** Events whose clock value is lower than that of the node's event before. */
  readonly order_broken: number;
}

/** The same of all that was looked at. */
export interface TotalReport {
  readonly nodes: number;
  readonly events: number;
  readonly clocks_repeated: number;
  readonly ids_repeated: number;
  readonly order_broken: number;
  /** Lines that are no event. */
  readonly no_event: number;
}

/** What places an event among others. */
interface Placed {
  readonly id: string;
  /** Of rows, whose ids are unique within it only. */
  readonly source: string | undefined;
  readonly node: string;
  readonly clock: number;
  readonly team: string | null;
}

type Group = { -readonly [K in keyof NodeReport]: NodeReport[K] };

/** Looks at events one by one; what it remembers of each takes some hundred bytes at most. */
export class Verification {
  /** By team and node, in JSON. */
  readonly #groups = new Map<string, Group>();
  /** A node has one clock, whatever team its events are of. */
  readonly #nodes = new Map<
    string,
    { readonly number: number; last: number }
  >();
  readonly #clocks = new KeySet(3);
  readonly #ids = new IdSet();
  #noEvent = 0;

  /**
   * Looks at a line.
   *
   * @param bytes undefined: too long for an event
   * @returns what stands there in place of an event; undefined where it is one
   */
  take(bytes: Uint8Array | undefined): string | undefined {
    const read = bytes ? placedOf(bytes) : "a line that is too long";
    if (typeof read !== "string") {
      this.#count(read);
      return undefined;
    }
    this.#noEvent += 1;
    return read;
  }

  #count(event: Placed): void {
    const { node: node_id, team: team_slug, clock } = event;
    const name = JSON.stringify([team_slug, node_id]);
    let group = this.#groups.get(name);
    if (!group) {
      group = {
        team_slug,
        node_id,
        events: 0,
        lowest_clock: clock,
        highest_clock: clock,
        clocks_repeated: 0,
        ids_repeated: 0,
        order_broken: 0,
      };
      this.#groups.set(name, group);
    }
    if (!this.#ids.add(event)) {
      group.ids_repeated += 1;
      return;
    }
    group.events += 1;
    group.lowest_clock = Math.min(group.lowest_clock, clock);
    group.highest_clock = Math.max(group.highest_clock, clock);
    let node = this.#nodes.get(node_id);
    if (!node) {
      node = { number: this.#nodes.size + 1, last: clock };
      this.#nodes.set(node_id, node);
    }
    CLOCK_KEY[0] = clock % WORD;
    CLOCK_KEY[1] = Math.floor(clock / WORD);
    CLOCK_KEY[2] = node.number;
    if (!this.#clocks.add(CLOCK_KEY)) group.clocks_repeated += 1;
    if (clock < node.last) group.order_broken += 1;
    node.last = clock;
  }

  /** Of each team and node, in the order of their names. */
  get nodes(): readonly NodeReport[] {
    return [...this.#groups].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([, group]) => group);
  }

  get total(): TotalReport {
    const sum = (name: keyof NodeReport) =>
      [...this.#groups.values()].reduce((n, of) => n + Number(of[name]), 0);
    return {
      nodes: this.#nodes.size,
      events: sum("events"),
      clocks_repeated: sum("clocks_repeated"),
      ids_repeated: sum("ids_repeated"),
      order_broken: sum("order_broken"),
      no_event: this.#noEvent,
    };
  }
}

/** Whether anything is wrong. */
export function isSound(
  { clocks_repeated, ids_repeated, order_broken, no_event }: TotalReport,
): boolean {
  return clocks_repeated + ids_repeated + order_broken + no_event === 0;
}

const WORD = 2 ** 32;
/** Written anew for each event: an array each would cost more than the rest. */
const CLOCK_KEY = new Uint32Array(3), ID_KEY = new Uint32Array(5);

/** Letters of a ULID, by their codes; its first is at most a 7, so that it has 128 bits. */
const DIGITS = new Map(
  [..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"].map((letter, n) => [
    letter.charCodeAt(0),
    n,
  ]),
);
const ULID_LETTERS = 26;

/** Ids of events, those of rows with their source; nearly all are ULIDs, of which there may be millions. */
class IdSet {
  readonly #ulids = new KeySet(5);
  readonly #sources = new Map<string | undefined, number>();
  readonly #others = new Set<string>();

  /** False where the id was there before. */
  add({ id, source }: Placed): boolean {
    if (!readUlid(id, ID_KEY)) {
      const name = JSON.stringify([source ?? null, id]);
      const isNew = !this.#others.has(name);
      this.#others.add(name);
      return isNew;
    }
    let number = this.#sources.get(source);
    if (number === undefined) {
      number = this.#sources.size + 1;
      this.#sources.set(source, number);
    }
    ID_KEY[4] = number;
    return this.#ulids.add(ID_KEY);
  }
}

/** Writes a ULID's bits into the first four numbers; false where a text is none. */
function readUlid(text: string, into: Uint32Array): boolean {
  if (text.length !== ULID_LETTERS || text > "7ZZZZZZZZZZZZZZZZZZZZZZZZZ") {
    return false;
  }
  let bits = 0, held = 0, at = 3;
  for (let i = ULID_LETTERS - 1; i >= 0; i--) {
    const digit = DIGITS.get(text.charCodeAt(i));
    if (digit === undefined) return false;
    bits += digit * 2 ** held;
    held += 5;
    if (held < 32) continue;
    into[at--] = bits % WORD;
    bits = Math.floor(bits / WORD);
    held -= 32;
  }
  return true;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** What places the event of a line, or what stands there in place of one. */
function placedOf(bytes: Uint8Array): Placed | string {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return "no JSON in UTF-8";
  }
  if (!isJsonObject(value)) return "no JSON object";
  // An export with --full has contract and team beside the event.
  const isFull = isJsonObject(value.event) && !Object.hasOwn(value, "type") &&
    !Object.hasOwn(value, "event_type");
  const event = isFull ? value.event as JsonObject : value;
  const isRow = !Object.hasOwn(event, "event_type");
  const placed = {
    id: isRow ? event.id : event.event_id,
    source: isRow ? event.source : undefined,
    node: isRow ? event.nodeid : event.node_id,
    clock: isRow ? event.lamportclock : event.lamport_clock,
    team: isRow ? value.team ?? null : event.team_slug,
  };
  return isPlaced(placed, isRow)
    ? placed
    : "no event with an id, a node and a clock value";
}

function isPlaced(
  placed: { readonly [K in keyof Placed]: unknown },
  isRow: boolean,
): placed is Placed {
  const { id, source, node, clock, team } = placed;
  return typeof id === "string" && typeof node === "string" &&
    isClockValue(clock) && (!isRow || typeof source === "string") &&
    (typeof team === "string" || isRow && team === null);
}
