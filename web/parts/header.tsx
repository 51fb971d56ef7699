/** What stands above each view: where one can go, how fresh it is, who is looking. */

import type { SessionAnswer } from "../../lib/board/answers.ts";
import { connection, failing } from "../live.ts";
import { place } from "../router.ts";
import { logOut } from "../session.ts";
import { clockTime } from "../times.ts";
import { Mark } from "./icons.tsx";
import { Text } from "./text.tsx";

const VIEWS = [
  { name: "missions", label: "Missions" },
  { name: "events", label: "Events" },
  { name: "insights", label: "Insights" },
  { name: "health", label: "Health" },
] as const;

/** The header of all views. */
export function Header({ session }: { session: SessionAnswer }) {
  const { name } = place.value.view;
  const here = name === "board" ? "missions" : name;
  return (
    <header class="header">
      <a class="brand" href="/missions" aria-label="kitty-events, all missions">
        <Mark />
        <span class="brand-name">kitty-events</span>
      </a>
      <nav aria-label="Main" class="nav">
        {VIEWS.map((view) => (
          <a
            key={view.name}
            href={`/${view.name}`}
            aria-current={view.name === here
              ? name === "board" ? "true" : "page"
              : undefined}
          >
            {view.label}
          </a>
        ))}
      </nav>
      <Freshness />
      <div class="who">
        <span class="who-name" title={`Team ${session.team}`}>
          <Text>{session.user}</Text>
          <span class="quiet">
            <Text>{session.team}</Text>
          </span>
        </span>
        <button type="button" class="button quiet-button" onClick={logOut}>
          Log out
        </button>
      </div>
    </header>
  );
}

/** Whether what is shown is what there is. */
function Freshness() {
  const { state, words } = freshness();
  return (
    <p class={`freshness ${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      {words}
    </p>
  );
}

function freshness(): { state: string; words: string } {
  const { value } = connection;
  const since = value.state === "behind" ? value.since : failing.value;
  if (since === null) {
    const words = value.state === "live" ? "Live" : "Connecting";
    return { state: value.state, words };
  }
  const next = value.state === "behind" ? "reconnecting" : "trying again";
  return {
    state: "behind",
    words: `Behind since ${clockTime(since)}, ${next}`,
  };
}
