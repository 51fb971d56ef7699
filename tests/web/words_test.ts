/** Words of the page for what answers say in codes. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  capital,
  counted,
  laneLabel,
  plain,
  typeWords,
} from "../../web/words.ts";

Deno.test("typeWords: types of both contracts and others -> words", () => {
  const words = [
    "lane.transitioned.v1",
    "wp.innerstate.changed.v1",
    "WPCreated",
    "HistoryAdded",
    "org.example.build.finished.v2",
    "",
  ].map(typeWords);
  deepStrictEqual(words, [
    "Lane transitioned",
    "Work package state changed",
    "Work package created",
    "History added",
    "Example build finished",
    "",
  ]);
});

Deno.test("plain: marks of direction, without width, of control -> gone, and no longer than wanted", () => {
  strictEqual(plain("a\u202Eb\u2066c\u200Bd\u0007e\u2028f"), "abcdef");
  strictEqual(plain("x".repeat(100_000), 5), "xxxxx…");
});

Deno.test("laneLabel: a lane that no contract knows -> its id in words", () => {
  const lanes = [{
    id: "for_review",
    label: "Review!",
    role: "review",
  }] as const;
  strictEqual(laneLabel(lanes, "for_review"), "Review!");
  strictEqual(laneLabel(lanes, "on_hold"), "On hold");
});

Deno.test("counted, capital: one, many -> in words", () => {
  deepStrictEqual([
    counted(1, "event"),
    counted(2, "event"),
    capital("in progress"),
  ], [
    "1 event",
    "2 events",
    "In progress",
  ]);
});
