/**
 * What documents say of nodes and work packages, added up.
 *
 * @module
 */

import type { JsonObject } from "../../base/json.ts";
import {
  type NodeCount,
  nodeName,
  noneOf,
  stampOf,
  withEvents,
} from "./nodes.ts";
import { newer, newsOf, packageName, type PackageRow } from "./packages.ts";

/** A sum of documents; when nodes were seen is not in them. */
export class Tally {
  /** By `packageName`. */
  readonly packages = new Map<string, PackageRow>();
  /** By `nodeName`. */
  readonly nodes = new Map<string, NodeCount>();

  add(document: JsonObject): void {
    const stamp = stampOf(document), node = nodeName(stamp.node_id);
    const count = this.nodes.get(node) ?? noneOf(node);
    this.nodes.set(node, withEvents(count, [stamp], null));
    const news = newsOf(document);
    if (!news) return;
    const name = packageName(news);
    const state = newer(this.packages.get(name)?.state, news.state);
    this.packages.set(name, { ...news, state });
  }
}
