/** The few drawings of the page. What they mean stands beside them in words. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="14"
      height="14"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

/** The program's mark. */
export const Mark = () => (
  <svg
    class="mark"
    viewBox="0 0 32 32"
    width="24"
    height="24"
    aria-hidden="true"
  >
    <path
      class="mark-head"
      d="M4 27V4.7c0-1.1 1.3-1.7 2.1-.9L12 9.5h8l5.9-5.7c.8-.8 2.1-.2 2.1.9V27a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2z"
    />
    <path class="mark-lanes" d="M10 16v8M16 19v6M22 15v7" />
  </svg>
);

/** Subtasks. */
export const Check = () => (
  <Icon>
    <path d="M2.5 8.5l3.5 3.5 7.5-8" />
  </Icon>
);

/** Dependencies. */
export const Waits = () => (
  <Icon>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M8 5v3.2l2 1.3" />
  </Icon>
);

/** Sent back by a review. */
export const Back = () => (
  <Icon>
    <path d="M6 3L2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7" />
  </Icon>
);

/** An error. */
export const Warning = () => (
  <Icon>
    <path d="M8 2.5l6 11H2z M8 6.5v3.2M8 11.6v.1" />
  </Icon>
);

/** Closes something. */
export const Cross = () => (
  <Icon>
    <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />
  </Icon>
);

/** From one lane to the other. */
export const Arrow = () => (
  <Icon>
    <path d="M2.5 8h11M9.5 4l4 4-4 4" />
  </Icon>
);
