/** What is shown where there is nothing to show, and what can be done about it. */

import type { ComponentChildren } from "preact";
import type { ApiError } from "../api.ts";

/** A title, and what to do next. */
export function Empty({ title, heading: Heading = "h2", children }: {
  title: string;
  heading?: "h1" | "h2" | "h3" | "p";
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Heading class="empty-title">{title}</Heading>
      {children}
    </div>
  );
}

/** Instead of a view whose answer could not be had. */
export function Trouble({ problem, what, missing }: {
  problem: ApiError;
  what: string;
  /** In a dialog: its heading where there is nothing of the kind. */
  missing?: string;
}) {
  if (problem.status === 404 && missing !== undefined) {
    return (
      <Empty title={missing}>
        <p>{problem.message}.</p>
      </Empty>
    );
  }
  if (problem.status === 404) {
    return (
      <Empty title={`There is no such ${what}`} heading="h1">
        <p>
          It may belong to another team, or the link may be cut off.{" "}
          <a href="/missions">See all missions</a>
        </p>
      </Empty>
    );
  }
  const isFilter = problem.status === 400;
  return (
    <Empty
      title={`The ${what} could not be loaded`}
      heading={missing === undefined ? "h1" : "h2"}
    >
      <p>{problem.message}.</p>
      <p>
        {isFilter
          ? <a href={location.pathname}>Take the filter off</a>
          : "It is tried again every two seconds."}
      </p>
    </Empty>
  );
}

/** While the first answer is on its way: nothing for a moment, then a quiet word. */
export function Loading() {
  return <p class="loading" role="status">Loading</p>;
}
