/** What events say of missions and packages. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../lib/base/json.ts";
import { insightsFor } from "../../lib/board/insights.ts";
import {
  cardsOf,
  isTellable,
  missionsFor,
  Projection,
} from "../../lib/board/projection.ts";
import { boardOf, envelope, isoAt, move, row } from "../support/board.ts";
import { cpuMs } from "../support/cpu_time.ts";
import { missionId } from "../support/project.ts";
import { IS_FULL } from "../support/needs.ts";

/** Histories that chance makes up. */
const RUNS = IS_FULL ? 200 : 60;

const ALL = { text: "", phase: "", sort: "changed" } as const;
const EVER = { fromMs: -Infinity, toMs: Infinity };

const keysOf = (board: Projection) =>
  missionsFor(board, { ...ALL, sort: "name" }).map(({ key }) => key);

function cardOf(board: Projection, key: string, id: string) {
  const card = cardsOf(board.mission(key)!, 0).find((one) => one.id === id);
  ok(card, `${key} ${id}`);
  return card;
}

Deno.test("board: moves of a mission -> lane, time in it, who has it, dependencies, subtasks, reviews", () => {
  const key = missionId(1);
  const board = boardOf([
    row(1, "mission.created", { friendly_name: "The demo" }, {}),
    row(2, "wp.created", {
      wp_id: "WP01",
      wp_title: "Parse",
      depends_on: [],
    }, { subject: "WP01" }),
    row(3, "wp.created", {
      wp_id: "WP02",
      wp_title: "Print",
      depends_on: ["WP01"],
    }, { subject: "WP02" }),
    move(4, "WP01", "planned", "claimed", {
      actor: "claude:opus:pedro:implementer",
    }),
    move(5, "WP01", "claimed", "in_progress"),
    row(6, "wp.innerstate.changed", {
      delta: { subtasks: { T1: "done", T2: "planned", T3: "skipped" } },
    }, { subject: "WP01" }),
    move(7, "WP01", "in_progress", "for_review"),
    move(8, "WP01", "for_review", "in_progress", { actor: "renata" }),
  ]);
  const { title, phase, counts, packages, done, workers, slug } =
    board.mission(key)!.answer;
  deepStrictEqual({ title, phase, counts, packages, done, slug }, {
    title: "The demo",
    phase: "in progress",
    counts: { in_progress: 1, planned: 1 },
    packages: 2,
    done: 0,
    slug: "demo",
  });
  deepStrictEqual(workers, ["renata"]);
  const one = cardOf(board, key, "WP01");
  deepStrictEqual(one, {
    ...one,
    title: "Parse",
    lane: "in_progress",
    lane_since: isoAt(8_000),
    agent: "renata",
    model: null,
    subtasks_done: 1,
    subtasks: 2,
    sent_back: 1,
    events: 6,
  });
  deepStrictEqual(cardOf(board, key, "WP02").dependencies, [
    { id: "WP01", is_met: false },
  ]);
  board.add(move(9, "WP01", "in_progress", "done"));
  deepStrictEqual(cardOf(board, key, "WP02").dependencies, [
    { id: "WP01", is_met: true },
  ]);
  const since = cardsOf(board.mission(key)!, 8).map(({ id }) => id);
  deepStrictEqual(
    since,
    ["WP01", "WP02"],
    "what waits for it has changed, too",
  );
});

Deno.test("board: what arrives late -> goes to its place by clock, not by arrival or time", () => {
  const board = boardOf([
    move(1, "WP01", "planned", "claimed"),
    move(4, "WP01", "in_progress", "for_review", { ms: 0 }),
    move(2, "WP01", "claimed", "in_progress", { ms: 900_000 }),
  ]);
  const card = cardOf(board, missionId(1), "WP01");
  strictEqual(card.lane, "for_review");
  strictEqual(card.lane_since, isoAt(0));
});

Deno.test("board: a package that was never created, only moved -> is there, its title empty", () => {
  const board = boardOf([move(1, "WP07", "planned", "claimed")]);
  const { title, lane } = cardOf(board, missionId(1), "WP07");
  deepStrictEqual([title, lane], ["", "claimed"]);
});

Deno.test("board: a creation behind a move -> the title, and not the lane", () => {
  const created = { wp_id: "WP01", title: "Late", feature_slug: "028-x" };
  const board = boardOf([
    envelope(1, "WPStatusChanged", {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "doing",
      feature_slug: "028-x",
    }),
    envelope(2, "WPCreated", created),
  ]);
  const { title, lane } = cardOf(board, "028-x", "WP01");
  deepStrictEqual([title, lane], ["Late", "doing"]);
});

Deno.test("board: names of missions -> one by id however it is named; by slug alone where that is plain", () => {
  const board = boardOf([
    move(1, "WP01", "planned", "claimed", { missionslug: "old-name" }),
    move(2, "WP02", "planned", "claimed", { missionslug: "new-name" }),
    move(3, "WP03", "planned", "claimed", {
      missionid: undefined,
      missionslug: "new-name",
    }),
    move(4, "WP01", "planned", "claimed", {
      missionid: undefined,
      missionslug: "alone",
    }),
  ]);
  deepStrictEqual(keysOf(board), ["alone", missionId(1)]);
  const { slug, packages } = board.mission(missionId(1))!.answer;
  deepStrictEqual([slug, packages], ["new-name", 3]);
  // A second mission of that slug: now nobody knows whose the third package is.
  board.add(move(5, "WP09", "planned", "claimed", {
    missionid: missionId(2),
    missionslug: "new-name",
  }));
  deepStrictEqual(
    keysOf(board),
    [
      "alone",
      missionId(1),
      missionId(2),
      "new-name",
    ].sort((a, b) => {
      const slugOf = (key: string) => board.mission(key)!.slug;
      return slugOf(a) < slugOf(b)
        ? -1
        : slugOf(a) > slugOf(b)
        ? 1
        : a < b
        ? -1
        : 1;
    }),
  );
  strictEqual(board.mission(missionId(1))!.answer.packages, 2);
});

Deno.test("board: events that name no feature -> those of the one feature that has such a package", () => {
  const created = (n: number, wp_id: string, feature_slug: string) =>
    envelope(n, "WPCreated", { wp_id, title: wp_id, feature_slug });
  const moved = (n: number, wp_id: string) =>
    envelope(n, "WPStatusChanged", {
      wp_id,
      previous_status: "planned",
      new_status: "doing",
    });
  const board = boardOf([
    created(1, "WP01", "001-a"),
    created(2, "WP02", "001-a"),
    created(3, "WP02", "002-b"),
    moved(4, "WP01"),
    moved(5, "WP02"),
  ]);
  strictEqual(cardOf(board, "001-a", "WP01").lane, "doing");
  strictEqual(cardOf(board, "001-a", "WP02").lane, "planned");
  strictEqual(cardOf(board, "~feature", "WP02").lane, "doing");
  deepStrictEqual([...board.mission("~feature")!.packages.keys()], ["WP02"]);
});

/** Events of both contracts, of which some contradict each other in time or name. */
function mixed(random: () => number): JsonObject[] {
  const pick = <T>(all: readonly T[]) =>
    all[Math.floor(random() * all.length)]!;
  const lanes = ["planned", "claimed", "in_progress", "for_review"];
  const rest = ["in_review", "approved", "done", "blocked", "canceled"];
  const statuses = ["planned", "doing", "for_review", "done"];
  return Array.from({ length: 60 }, (_, n) => {
    const wp = pick(["WP01", "WP02", "WP10"]);
    const told = {
      clock: Math.floor(random() * 50),
      node: pick(["aaaaaaaaaaaa", "bbbbbbbbbbbb"]),
      ms: Math.floor(random() * 40 * 86_400_000),
    };
    const slugs = [undefined, "001-a", "002-b"];
    if (random() < 0.3) {
      return envelope(n, "WPStatusChanged", {
        wp_id: wp,
        previous_status: pick(statuses),
        new_status: pick(statuses),
        feature_slug: pick(slugs),
      }, told);
    }
    if (random() < 0.2) {
      return envelope(n, "WPCreated", {
        wp_id: wp,
        title: pick(["A", "B"]),
        dependencies: [pick(["WP01", "WP02"])],
        feature_slug: pick(["001-a", "002-b"]),
      }, told);
    }
    const owner = {
      missionid: pick([undefined, missionId(1), missionId(2)]),
      missionslug: pick(["demo", "other", undefined]),
      actor: pick(["claude", "codex:gpt-5:pedro:implementer", "merge"]),
    };
    return move(n, wp, pick(lanes), pick([...lanes, ...rest]), {
      ...told,
      ...owner,
    });
  });
}

/** All that a board says, without what tells of the arrival. */
function said(board: Projection, isOfArrival: boolean) {
  const missions = [...board.missions.all.values()];
  const shown = missions.map((mission) => ({
    // Besides arrivals, a mission's revision tells when somebody saw that its packages are others.
    mission: { ...mission.answer, revision: 0 },
    cards: cardsOf(mission, 0),
  })).sort((a, b) => a.mission.key < b.mission.key ? -1 : 1);
  const inOrder = missions.sort((a, b) => a.key < b.key ? -1 : 1);
  const { cycle, ageing, ...insights } = insightsFor(board, inOrder, EVER);
  const byName = <T extends { mission: string; id: string }>(
    list: readonly T[],
  ) => list.toSorted((a, b) => a.mission + a.id < b.mission + b.id ? -1 : 1);
  const all = {
    shown,
    insights,
    cycle: { ...cycle, packages: byName(cycle.packages) },
    ageing: byName(ageing),
    nodes: board.nodes,
  };
  return JSON.parse(JSON.stringify(
    all,
    (name, value) => name === "revision" && !isOfArrival ? undefined : value,
  ));
}

Deno.test("board: 200 random orders and splits of the events -> what was kept up is what is made anew", () => {
  let compared = 0;
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 6 }),
      (seed, looks) => {
        let state = seed >>> 0;
        const random = () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          return state / 2 ** 32;
        };
        const events = mixed(random);
        const order = events.toSorted(() => random() - 0.5);
        const kept = new Projection();
        for (const [i, event] of order.entries()) {
          kept.add(event);
          // A look in between must not change what comes out.
          if (looks.includes(i)) said(kept, true);
        }
        deepStrictEqual(said(kept, true), said(boardOf(order), true));
        deepStrictEqual(said(kept, false), said(boardOf(events), false));
        compared++;
      },
    ),
    { numRuns: RUNS },
  );
  strictEqual(compared, RUNS);
});

/** A page that shows one mission's cards, and asks only when it is told of news. */
class Page {
  #cards = new Map<string, unknown>();
  #since = 0;

  constructor(readonly key: string) {}

  tell(board: Projection, news: readonly string[] | null): void {
    if (news && !news.includes(this.key)) return;
    const mission = board.mission(this.key);
    if (!mission) {
      this.#cards.clear();
      this.#since = 0;
      return;
    }
    if (!isTellable(mission, this.#since)) this.#cards.clear();
    for (const card of cardsOf(mission, this.#since)) {
      this.#cards.set(card.id, card);
    }
    this.#since = board.position;
  }

  get shown(): unknown[] {
    return [...this.#cards.keys()].sort().map((id) => this.#cards.get(id));
  }
}

Deno.test("board: pages that ask for what has changed since they were told of news -> show what is there, at every moment", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 7 }), (seed, step) => {
      let state = seed >>> 0;
      const random = () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const events = mixed(random).toSorted(() => random() - 0.5);
      const board = new Projection();
      const pages = new Map<string, Page>();
      for (let at = 0; at < events.length; at += step) {
        const first = board.position;
        for (const event of events.slice(at, at + step)) board.add(event);
        const news = board.missionsSince(first);
        for (const page of pages.values()) page.tell(board, news);
        for (const key of board.missions.all.keys()) {
          if (pages.has(key)) continue;
          const page = new Page(key);
          page.tell(board, null);
          pages.set(key, page);
        }
        for (const [key, page] of pages) {
          const mission = board.mission(key);
          const cards = mission ? cardsOf(mission, 0) : [];
          const there = cards.toSorted((a, b) => a.id < b.id ? -1 : 1);
          deepStrictEqual(page.shown, there, key);
        }
      }
    }),
    { numRuns: RUNS },
  );
});

Deno.test("board: a feature named like a mission's id, or like what has no name -> boards of their own", () => {
  const moved = (n: number, feature_slug: string | undefined) =>
    envelope(n, "WPStatusChanged", {
      wp_id: "WP01",
      previous_status: "planned",
      new_status: "done",
      feature_slug,
    });
  const board = boardOf([
    move(1, "WP01", "planned", "claimed"),
    moved(2, missionId(1)),
    moved(3, "~feature"),
    moved(4, undefined),
  ]);
  deepStrictEqual(
    [...board.missions.all.keys()].sort(),
    [
      missionId(1),
      `feature:${missionId(1)}`,
      "feature:~feature",
      "~feature",
    ].sort(),
  );
  strictEqual(cardOf(board, missionId(1), "WP01").lane, "claimed");
});

Deno.test("missions: one id under more slugs than a call takes arguments -> one mission, called by the latest", () => {
  const first = move(0, "WP01", "planned", "claimed");
  const board = new Projection();
  for (let n = 0; n < 140_000; n++) {
    board.add({
      ...first,
      ...{ time: isoAt(n), lamportclock: n, missionslug: `slug-${n}` },
    });
  }
  const [mission, ...others] = missionsFor(board, ALL);
  strictEqual(mission!.slug, "slug-139999");
  strictEqual(others.length, 0);
});

Deno.test("board: 20,000 events that each name another subtask -> no longer than in proportion", () => {
  const timed = (count: number) => {
    const board = boardOf(
      Array.from({ length: count }, (_, n) =>
        row(n, "wp.innerstate.changed", {
          delta: { subtasks: { [`T${n}`]: "done" } },
        }, { subject: "WP01" })),
    );
    const startedMs = cpuMs();
    strictEqual(cardOf(board, missionId(1), "WP01").subtasks, 1_000);
    return cpuMs() - startedMs;
  };
  timed(5_000);
  const [small, large] = [timed(5_000), timed(20_000)];
  ok(large < 12 * small + 50, `${small} ms, ${large} ms`);
});

Deno.test("missions: text, phase, order -> those that are meant, in that order", () => {
  const board = boardOf([
    move(1, "WP01", "approved", "done", {
      missionid: missionId(1),
      missionslug: "alpha",
    }),
    move(2, "WP01", "planned", "claimed", {
      missionid: missionId(2),
      missionslug: "beta",
    }),
    row(3, "mission.created", { friendly_name: "Third BETA" }, {
      missionid: missionId(3),
      missionslug: "gamma",
    }),
  ]);
  const slugs = (query: Partial<Parameters<typeof missionsFor>[1]>) =>
    missionsFor(board, { ...ALL, ...query }).map(({ slug }) => slug);
  deepStrictEqual(slugs({}), ["gamma", "beta", "alpha"]);
  deepStrictEqual(slugs({ text: "beta" }), ["gamma", "beta"]);
  deepStrictEqual(slugs({ phase: "done" }), ["alpha"]);
  deepStrictEqual(slugs({ sort: "name" }), ["alpha", "beta", "gamma"]);
  strictEqual(slugs({ sort: "progress" })[0], "alpha");
});

Deno.test("board: 100 KB of text in a title and an error -> a piece of each, never half a letter", () => {
  const long = "😀".repeat(50_000);
  const board = boardOf([
    envelope(1, "WPCreated", {
      wp_id: "WP01",
      title: long,
      feature_slug: "001-a",
    }),
    envelope(2, "ErrorLogged", {
      error_type: "runtime",
      error_message: long,
      wp_id: "WP01",
    }),
  ]);
  const { title, last_error } = cardOf(board, "001-a", "WP01");
  strictEqual(title.length, 300);
  strictEqual(last_error!.message.length, 500);
  ok(title.isWellFormed() && last_error!.message.isWellFormed());
});
