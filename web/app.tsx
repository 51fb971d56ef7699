/** The page's frame: who may see it, where one can go, and the view that is shown. */

import { effect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { SessionAnswer } from "../lib/board/answers.ts";
import { forgetAnswers } from "./kept.ts";
import { start, stop } from "./live.ts";
import { announce, Announcer } from "./parts/announcer.tsx";
import { Header } from "./parts/header.tsx";
import { Empty } from "./parts/empty.tsx";
import { useTitle } from "./parts/title.ts";
import { go, place } from "./router.ts";
import { begin, logOut, visitor } from "./session.ts";
import { plain } from "./words.ts";
import { Board } from "./views/board.tsx";
import { Events } from "./views/events.tsx";
import { Health } from "./views/health.tsx";
import { Insights } from "./views/insights.tsx";
import { Login } from "./views/login.tsx";
import { Missions } from "./views/missions.tsx";

/** What was shown belongs to a session, and goes with it. */
effect(() => {
  if (visitor.value.state === "in") return start();
  stop();
  forgetAnswers();
});

/** The whole page. */
export function App() {
  const { value } = visitor;
  switch (value.state) {
    case "unknown":
      return <main class="blank" aria-busy="true" />;
    case "unreachable":
      return <Unreachable message={value.message} />;
    case "stuck":
      return <Stuck message={value.message} />;
    case "out":
      return <Login reason={value.reason} />;
    case "in":
      return <Frame session={value.session} />;
  }
}

function Unreachable({ message }: { message: string }) {
  return (
    <main class="blank">
      <Empty title="The board cannot be shown" heading="h1">
        <p>Who you are could not be found out: {message}.</p>
        <button type="button" class="button primary" onClick={begin}>
          Try again
        </button>
      </Empty>
    </main>
  );
}

/** Whoever walks away from here has to know that the session goes on. */
function Stuck({ message }: { message: string }) {
  useTitle("Still logged in");
  const again = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => again.current?.focus(), []);
  return (
    <main class="blank">
      <div role="alert">
        <Empty title="You are still logged in" heading="h1">
          <p>Logging out did not work: {message}.</p>
          <p>
            Closing the browser does not end the session. If others use this
            machine, stay until logging out works, or delete this site's cookies
            in the browser's settings.
          </p>
          <p class="choices">
            <button
              type="button"
              class="button primary"
              ref={again}
              onClick={logOut}
            >
              Log out again
            </button>
            <button type="button" class="button" onClick={begin}>
              Stay logged in
            </button>
          </p>
        </Empty>
      </div>
    </main>
  );
}

/** User whose name stood above the views last. */
let shownUser = "";

function Frame({ session }: { session: SessionAnswer }) {
  const { view } = place.value;
  useEffect(() => {
    if (view.name === "login" || place.peek().path === "/") {
      go("/missions", { replace: true });
    }
  }, [view.name]);
  useEffect(() => {
    const { user } = session;
    // Else those who do not see the header would not know whose the views are.
    if (shownUser && shownUser !== user) {
      announce([`${plain(user)} is logged in now`]);
    }
    shownUser = user;
  }, [session]);
  return (
    <>
      <a class="skip" href="#main">Skip to content</a>
      <Header session={session} />
      <main id="main" tabIndex={-1} class={`view view-${view.name}`}>
        <Shown />
      </main>
      <Announcer />
    </>
  );
}

function Shown() {
  const { view } = place.value;
  const before = useRef(view.name);
  useLayoutEffect(() => {
    if (before.current === view.name) return;
    before.current = view.name;
    // Else those who do not see it would not know that all has changed.
    document.querySelector<HTMLElement>("#main")?.focus({
      preventScroll: true,
    });
  }, [view.name]);
  switch (view.name) {
    case "missions":
    case "login":
      return <Missions />;
    case "board":
      return <Board key={view.mission} mission={view.mission} open={view.id} />;
    case "events":
      return <Events />;
    case "insights":
      return <Insights />;
    case "health":
      return <Health />;
    case "nowhere":
      return (
        <Empty title="There is nothing at this address" heading="h1">
          <p>
            The link may be cut off. <a href="/missions">See all missions</a>
          </p>
        </Empty>
      );
  }
}
