/**
 * All events of a team, a row each by their positions, with what orders,
 * filters and counts them. The documents stay where they are stored.
 *
 * @module
 */

import { Column, Names } from "./columns.ts";
import type { Facts, More } from "./facts.ts";
import { compareTexts } from "./order.ts";

/** Number of an owner in a row that has none. */
export const NO_OWNER = 0xffffffff;

/** What is kept in objects. */
export type RareFacts = Omit<More, "agent" | "model">;

/** The table. */
export class EventTable {
  readonly nodes = new Names();
  readonly packages = new Names();
  readonly types = new Names();
  readonly actors = new Names();
  readonly lanes = new Names();
  readonly #ids: string[] = [];
  readonly #sources = new Names();
  readonly #agents = new Names();
  readonly #models = new Names();
  readonly #source = Column.ofCounts();
  readonly #node = Column.ofCounts();
  readonly #clock = Column.ofNumbers();
  readonly #timeMs = Column.ofNumbers();
  readonly #nanos = Column.ofCounts();
  readonly #type = Column.ofCounts();
  readonly #owner = Column.ofCounts();
  readonly #package = Column.ofCounts();
  readonly #actor = Column.ofCounts();
  readonly #from = Column.ofCounts();
  readonly #to = Column.ofCounts();
  readonly #agent = Column.ofCounts();
  readonly #model = Column.ofCounts();
  readonly #creations = new Set<number>();
  readonly #more = new Map<number, RareFacts>();

  /** Position of the first event: those before it are not there any more. */
  readonly first: number;

  /** @param first position of the first event */
  constructor(first = 0) {
    this.first = first;
  }

  /** Position of the next event. */
  get size(): number {
    return this.first + this.#ids.length;
  }

  /** @param owner its number, `NO_OWNER` where there is none */
  push(facts: Facts, owner: number): number {
    const row = this.size;
    this.#ids.push(facts.id);
    this.#source.push(this.#sources.numberOf(facts.source));
    this.#node.push(this.nodes.numberOf(facts.node));
    this.#clock.push(facts.clock);
    this.#timeMs.push(facts.timeMs);
    this.#nanos.push(facts.nanos);
    this.#type.push(this.types.numberOf(facts.type));
    this.#owner.push(owner);
    this.#package.push(this.packages.numberOf(facts.package));
    this.#actor.push(this.actors.numberOf(facts.actor));
    this.#from.push(this.lanes.numberOf(facts.from));
    this.#to.push(this.lanes.numberOf(facts.to));
    if (facts.isCreation) this.#creations.add(row);
    // Almost every move tells who: in objects, that would be half of the memory.
    const { agent = "", model = "", ...more } = facts.more ?? {};
    this.#agent.push(this.#agents.numberOf(agent));
    this.#model.push(this.#models.numberOf(model));
    if (Object.keys(more).length > 0) this.#more.set(row, more);
    return row;
  }

  id(row: number): string {
    return this.#ids[row - this.first]!;
  }

  clock(row: number): number {
    return this.#clock.at(row - this.first);
  }

  /** Milliseconds since 1970. */
  timeMs(row: number): number {
    return this.#timeMs.at(row - this.first);
  }

  /** ISO 8601 in UTC. */
  time(row: number): string {
    return new Date(this.timeMs(row)).toISOString();
  }

  node(row: number): number {
    return this.#node.at(row - this.first);
  }

  type(row: number): number {
    return this.#type.at(row - this.first);
  }

  owner(row: number): number {
    return this.#owner.at(row - this.first);
  }

  package(row: number): number {
    return this.#package.at(row - this.first);
  }

  actor(row: number): number {
    return this.#actor.at(row - this.first);
  }

  /** Empty where it is no move. */
  from(row: number): string {
    return this.lanes.textOf(this.#from.at(row - this.first));
  }

  /** Empty where it is neither a move nor a creation. */
  to(row: number): string {
    return this.lanes.textOf(this.#to.at(row - this.first));
  }

  isMove(row: number): boolean {
    return this.#to.at(row - this.first) !== 0 && !this.#creations.has(row);
  }

  isCreation(row: number): boolean {
    return this.#creations.has(row);
  }

  /** Who has the package in hand, as the event tells it; empty where it does not. */
  agent(row: number): string {
    return this.#agents.textOf(this.#agent.at(row - this.first));
  }

  /** The model that does; empty where the event does not tell it. */
  model(row: number): string {
    return this.#models.textOf(this.#model.at(row - this.first));
  }

  more(row: number): RareFacts | undefined {
    return this.#more.get(row);
  }

  /**
   * Compares two events by the order that counts: by clock; then rows by time
   * and id, as their published order has it, and envelopes by node and id.
   */
  readonly compare = (a: number, b: number): number => {
    const byClock = this.#clock.at(a - this.first) -
      this.#clock.at(b - this.first);
    if (byClock !== 0) return byClock;
    const areRows = this.#source.at(a - this.first) !== 0 &&
      this.#source.at(b - this.first) !== 0;
    const next = areRows
      ? this.timeMs(a) - this.timeMs(b) ||
        this.#nanos.at(a - this.first) - this.#nanos.at(b - this.first)
      : compareTexts(
        this.nodes.textOf(this.node(a)),
        this.nodes.textOf(this.node(b)),
      );
    return next || compareTexts(this.id(a), this.id(b)) ||
      compareTexts(
        this.#sources.textOf(this.#source.at(a - this.first)),
        this.#sources.textOf(this.#source.at(b - this.first)),
      );
  };
}
