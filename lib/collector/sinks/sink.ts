/**
 * Sinks: endpoints for CloudEvents that each stored event of a team goes on
 * to. What a person has said of one is a setting; how far it is, a record.
 *
 * @module
 */

import { KittyError } from "../../base/errors.ts";
import type { CloudFormat } from "../../event/cloud_request.ts";
import { changed, type Records, removed } from "../records/records.ts";

/** A sink as a person has added it. */
export interface Sink {
  readonly name: string;
  /** Tells it from another of its name, before or after it. */
  readonly id: string;
  readonly url: string;
  readonly team: string;
  /** Of rows, or event types of the first contract; undefined: all. */
  readonly types?: readonly string[];
  readonly format: CloudFormat;
  /** Path of a file with a Bearer token, read for each request. */
  readonly token_file?: string;
  /** Position of the first event that goes there. */
  readonly from: number;
  readonly paused?: true;
  /** ISO 8601, UTC. */
  readonly created_at: string;
}

/** An event that a sink has refused for good. */
export interface RefusedEvent {
  readonly position: number;
  readonly id: string;
  readonly reason: string;
  readonly at: string;
}

/** How far a sink is. */
export interface SinkCursor {
  readonly sink: string;
  /** Of the next event that goes there. */
  readonly position: number;
  readonly delivered: number;
  /** Events that it refused for good, alone, while it took others. */
  readonly refused: number;
  /** The last of them. */
  readonly last_refused: readonly RefusedEvent[];
  /** Events that were removed from the collector before they went there. */
  readonly missed: number;
  readonly success_at: string | null;
  /** What keeps it from going on, and since when; null: nothing. */
  readonly trouble: { readonly words: string; readonly since: string } | null;
}

/** Where a sink begins. */
export function cursorAt({ id, from }: Sink): SinkCursor {
  return {
    sink: id,
    position: from,
    delivered: 0,
    refused: 0,
    last_refused: [],
    missed: 0,
    success_at: null,
    trouble: null,
  };
}

/** The sinks of all teams. */
export class SinkStore {
  readonly #settings: Records;

  constructor(settings: Records) {
    this.#settings = settings;
  }

  /** By their names. */
  async all(): Promise<Sink[]> {
    const found = await this.#settings.list<Sink>("sinks");
    return found.map(([, sink]) => sink)
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** @throws {KittyError} where the name is taken */
  async add(sink: Sink): Promise<void> {
    if (await this.#settings.replace("sinks", sink.name, undefined, sink)) {
      return;
    }
    throw new KittyError("bad_sink", `there is a sink "${sink.name}" already`, {
      hint: "choose another name, or remove that one first",
    });
  }

  /** @throws {KittyError} where there is none */
  async change(name: string, change: (sink: Sink) => Sink): Promise<Sink> {
    const { after } = await changed<Sink>(
      this.#settings,
      "sinks",
      name,
      (before) => {
        if (!before) throw noSink(name);
        return change(before);
      },
    );
    return after!;
  }

  /** @throws {KittyError} where there is none */
  async remove(name: string): Promise<void> {
    if (!await removed(this.#settings, "sinks", name)) throw noSink(name);
  }
}

/** What is said where there is no such sink. */
export function noSink(name: string): KittyError {
  return new KittyError("not_found", `a sink "${name}" is not there`, {
    hint: "see: kitty-events collector sink list",
  });
}
