/** Reviews by agent and model: whose work passes at first, whose is sent back. */

import { useSignal } from "@preact/signals";
import type { InsightsAnswer, Reviewer } from "../../../lib/board/answers.ts";
import { Agent } from "../../parts/chip.tsx";
import { Figure } from "./figure.tsx";

const SHOWN_MAX = 12;

/** A row for each agent and model. */
export function Reviews({ insights }: { insights: InsightsAnswer }) {
  const { reviews } = insights;
  const isWhole = useSignal(false);
  const shown = isWhole.value ? reviews : reviews.slice(0, SHOWN_MAX);
  return (
    <Figure
      id="reviews"
      title="Reviews by agent and model"
      sentence="Packages that were reviewed, by the agent and model that had them at their first review: how many passed it, and how many were sent back at least once."
      hint="Nothing was reviewed in this time. Choose a longer one."
      table={{
        name: "reviews",
        head: [
          "Agent",
          "Model",
          "Packages",
          "Passed at first",
          "Sent back",
          "Times sent back",
        ],
        rows: reviews.map((each) => [
          each.agent,
          each.model,
          each.packages,
          each.passed_first,
          each.sent_back,
          each.times_sent_back,
        ]),
      }}
    >
      <ReviewTable reviews={shown} />
      {shown.length < reviews.length && (
        <p class="more reviews-more">
          <button
            type="button"
            class="button"
            onClick={() => isWhole.value = true}
          >
            Show all {reviews.length.toLocaleString()}
          </button>
        </p>
      )}
    </Figure>
  );
}

function ReviewTable({ reviews }: { reviews: readonly Reviewer[] }) {
  return (
    <div class="table-place" tabIndex={0} role="region" aria-label="Reviews">
      <table class="table reviews">
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col" class="right">Packages</th>
            <th scope="col">Passed at first</th>
            <th scope="col" class="right">Sent back</th>
            <th scope="col" class="right">Times</th>
          </tr>
        </thead>
        <tbody>
          {reviews.map((each) => (
            <Row key={`${each.agent}\n${each.model}`} each={each} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ each }: { each: Reviewer }) {
  const share = each.packages === 0 ? 0 : each.passed_first / each.packages;
  return (
    <tr>
      <th scope="row">
        <Agent name={each.agent} model={each.model} />
      </th>
      <td class="number right">{each.packages}</td>
      <td>
        <span class="share">
          <span class="share-bar" aria-hidden="true">
            <span class="part role-done" style={{ width: `${share * 100}%` }} />
          </span>
          <span class="number">{Math.round(share * 100)} %</span>
          <span class="number quiet">{each.passed_first}</span>
        </span>
      </td>
      <td class="number right">{each.sent_back}</td>
      <td class="number right">{each.times_sent_back}</td>
    </tr>
  );
}
