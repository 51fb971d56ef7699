/** What the collector of the page's tests holds, and the views that show it. */

import { DEMO, Rows } from "../support/missions.ts";
import { type Line, missionId } from "../support/project.ts";

/** The mission of the lines that tests make, and one whose texts are of ill will. */
export const MISSION = DEMO.id;
export const HOSTILE = { id: missionId(2), slug: "hostile" };
/** More missions than are asked for at once. */
export const OTHERS = 58;
/** More than a lane shows at first. */
export const MANY = 120;
export const LONG = "A".repeat(100_000);
export const TEXTS = [
  "<img src=x onerror='window.harmed=1'><script>window.harmed=1</script>",
  "\u202Eno end to this override",
  "\u2066\u200Bno end to this isolate\uFEFF",
  LONG,
];

/** The story of WP01, many packages that wait, and texts of ill will. */
export function history(): Line[] {
  const rows = new Rows();
  const claude = { actor: "claude:opus:pedro:implementer" };
  return [
    ...Array.from(
      { length: OTHERS },
      (_, i) =>
        rows.create("WP01", "Alone", [], {
          id: missionId(i + 3),
          slug: `other-${i}`,
        }),
    ),
    rows.create("WP01", "Parse the input"),
    rows.create("WP02", "Print the output", ["WP03"]),
    rows.move("WP01", "planned", "claimed", claude),
    rows.move("WP01", "claimed", "in_progress", claude),
    rows.move("WP01", "in_progress", "for_review", claude),
    rows.move("WP01", "for_review", "in_progress", {
      ...claude,
      reason: "tests are missing",
    }),
    rows.move("WP02", "planned", "claimed"),
    ...Array.from(
      { length: MANY },
      (_, i) => rows.move(`WP${i + 10}`, "genesis", "planned"),
    ),
    ...TEXTS.flatMap((text, i) => [
      rows.create(`WP0${i + 1}`, text, [], HOSTILE),
      rows.move(`WP0${i + 1}`, "planned", "claimed", {
        actor: text.slice(0, 200),
        reason: text,
      }, HOSTILE),
    ]),
  ];
}

/** All views, with what tells that they are there. */
export const VIEWS = [
  { address: "/missions", title: "Missions", heading: "Missions" },
  { address: `/missions/${MISSION}`, title: "demo", heading: "demo" },
  {
    address: `/missions/${MISSION}/work-packages/WP01`,
    title: "WP01 · demo",
    heading: "Parse the input",
  },
  { address: "/events", title: "Events", heading: "Events" },
  {
    address: `/events?event=${OTHERS + 3}`,
    title: "Events",
    heading: "Lane transitioned",
  },
  { address: "/insights", title: "Insights", heading: "Cumulative flow" },
  { address: "/health", title: "Health", heading: "Nodes" },
  { address: `/missions/${HOSTILE.id}`, title: "hostile", heading: "hostile" },
];
