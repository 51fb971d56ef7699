/** Shows and tells that cards have moved from lane to lane. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { BoardAnswer, PackageAnswer } from "../../../lib/board/answers.ts";
import { announce } from "../../parts/announcer.tsx";
import { laneLabel, plain } from "../../words.ts";

/** More at once are not followed by the eye. */
const FLIGHTS_MAX = 12;
const FLIGHT_MS = 280;

const NOTHING: ReadonlySet<string> = new Set();

interface Flight {
  readonly id: string;
  readonly from: DOMRect;
  /** What flies, so that no lane's edge cuts it. */
  readonly ghost: HTMLElement;
}

/**
 * Packages that are in another lane than in the answer before; their cards fly
 * there once the new answer is drawn. Called while it is drawn, when the page
 * still shows the old one.
 */
export function useMoves(
  board: RefObject<HTMLElement | null>,
  answer: BoardAnswer,
): ReadonlySet<string> {
  const shown = useRef(answer);
  const moved = useRef(NOTHING);
  const flights = useRef<readonly Flight[]>([]);
  const focused = useRef<string | null>(null);
  if (shown.current !== answer) {
    const moves = movesBetween(shown.current, answer);
    shown.current = answer;
    if (moves.length > 0) {
      moved.current = new Set(moves.map(({ id }) => id));
      focused.current =
        (document.activeElement as HTMLElement | null)?.dataset.card ?? null;
      flights.current = isStill() ? [] : flightsOf(board.current, moves);
      announce(
        moves.map(({ id, lane }) =>
          `${plain(id, 40)} moved to ${laneLabel(answer.mission.lanes, lane)}`
        ),
      );
    }
  }
  useLayoutEffect(() => {
    for (const flight of flights.current) fly(board.current, flight);
    flights.current = [];
    // A card that moves is drawn anew, and would lose the focus.
    if (focused.current && document.activeElement === document.body) {
      cardIn(board.current, focused.current)?.focus({ preventScroll: true });
    }
    focused.current = null;
  });
  return moved.current;
}

function movesBetween(
  before: BoardAnswer,
  after: BoardAnswer,
): PackageAnswer[] {
  const lanes = new Map(before.packages.map(({ id, lane }) => [id, lane]));
  return after.packages.filter(({ id, lane }) =>
    lanes.has(id) && lanes.get(id) !== lane
  );
}

function isStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ||
    document.visibilityState === "hidden";
}

function cardIn(board: HTMLElement | null, id: string): HTMLElement | null {
  return board?.querySelector(`[data-card="${CSS.escape(id)}"]`) ?? null;
}

function flightsOf(
  board: HTMLElement | null,
  moves: readonly PackageAnswer[],
): Flight[] {
  if (moves.length > FLIGHTS_MAX) return [];
  return moves.flatMap(({ id }) => {
    const card = cardIn(board, id);
    if (!card) return [];
    return {
      id,
      from: card.getBoundingClientRect(),
      ghost: card.cloneNode(true) as HTMLElement,
    };
  });
}

function fly(board: HTMLElement | null, { id, from, ghost }: Flight): void {
  const card = cardIn(board, id);
  if (!card) return;
  const to = card.getBoundingClientRect();
  delete ghost.dataset.card;
  ghost.inert = true;
  ghost.setAttribute("aria-hidden", "true");
  ghost.classList.add("ghost");
  Object.assign(ghost.style, {
    left: `${to.left}px`,
    top: `${to.top}px`,
    width: `${to.width}px`,
    height: `${to.height}px`,
  });
  // It goes with the board, wherever it is by then.
  board!.append(ghost);
  const offset = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
  const timing = { duration: FLIGHT_MS, easing: "cubic-bezier(.2, .8, .2, 1)" };
  card.animate([{ opacity: 0 }, { opacity: 0 }], timing);
  ghost.animate([{ transform: offset }, { transform: "none" }], timing).finished
    .catch(() => {}).then(() => ghost.remove());
}
