/** Something opened beside what is shown: the focus goes into it, Escape closes it. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Cross } from "./icons.tsx";

/** A dialog at the side of the page. */
export function Dialog({ label, close, children }: {
  label: string;
  close: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        // The dialog itself is hit only outside of what is in it.
        if (event.target === dialog.current) close();
      }}
    >
      <div class="dialog-inner">
        <button
          type="button"
          class="button quiet-button dialog-close"
          onClick={close}
        >
          <Cross />
          <span class="unseen">Close</span>
        </button>
        {children}
      </div>
    </dialog>
  );
}
