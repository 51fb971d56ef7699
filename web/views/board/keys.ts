/** Arrow keys on the board: up and down within a lane, left and right between lanes. */

/** Moves the focus from a card to its neighbour. */
export function stepBetweenCards(event: KeyboardEvent): void {
  const card = (event.target as Element).closest<HTMLElement>("[data-card]");
  if (!card || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = neighbourOf(card, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function neighbourOf(card: HTMLElement, key: string): HTMLElement | undefined {
  const lane = card.closest("[data-lane]")!;
  const cards = cardsOf(lane);
  const at = cards.indexOf(card);
  switch (key) {
    case "ArrowUp":
      return cards[at - 1];
    case "ArrowDown":
      return cards[at + 1];
    case "Home":
      return cards[0];
    case "End":
      return cards.at(-1);
    case "ArrowLeft":
    case "ArrowRight":
      return inNextLane(lane, at, key === "ArrowLeft" ? -1 : 1);
    default:
      return undefined;
  }
}

function cardsOf(lane: Element): HTMLElement[] {
  return [...lane.querySelectorAll<HTMLElement>("[data-card]")];
}

/** The card of the same row, or the last one, in the next lane that has any. */
function inNextLane(
  lane: Element,
  row: number,
  step: number,
): HTMLElement | undefined {
  const lanes = [...lane.parentElement!.querySelectorAll("[data-lane]")];
  for (let at = lanes.indexOf(lane) + step; lanes[at]; at += step) {
    const cards = cardsOf(lanes[at]!);
    if (cards.length > 0) return cards[Math.min(row, cards.length - 1)];
  }
  return undefined;
}
