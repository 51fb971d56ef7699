/** Tickets: let in once, and soon. */

import { strictEqual } from "node:assert/strict";
import { Tickets } from "../../../lib/collector/accounts/tickets.ts";
import {
  TICKET_MS,
  TICKETS_MAX,
} from "../../../lib/collector/accounts/limits.ts";
import { TestWorld } from "../../support/world.ts";

function ticketsAt() {
  const world = new TestWorld();
  const clock = { ms: 0 };
  world.elapsedMs = () => clock.ms;
  return { tickets: new Tickets(world), clock };
}

Deno.test("ticket: once -> its user; again, or another -> nobody", () => {
  const { tickets } = ticketsAt();
  const ticket = tickets.issue("you");
  strictEqual(tickets.spend("0".repeat(32)), undefined);
  strictEqual(tickets.spend(ticket), "you");
  strictEqual(tickets.spend(ticket), undefined);
});

Deno.test("ticket: within a minute -> good; after it -> not", () => {
  const { tickets, clock } = ticketsAt();
  const [early, late] = [tickets.issue("you"), tickets.issue("you")];
  clock.ms = TICKET_MS - 1;
  strictEqual(tickets.spend(early), "you");
  clock.ms = TICKET_MS;
  strictEqual(tickets.spend(late), undefined);
});

Deno.test("ticket: more than are remembered -> the oldest are void", () => {
  const { tickets } = ticketsAt();
  const all = Array.from(
    { length: TICKETS_MAX + 1 },
    () => tickets.issue("you"),
  );
  strictEqual(tickets.spend(all[0]!), undefined);
  strictEqual(tickets.spend(all[1]!), "you");
});
