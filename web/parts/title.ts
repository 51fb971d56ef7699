/** The title of the window says where one is. */

import { useEffect } from "preact/hooks";
import { plain } from "../words.ts";

/** Sets the title while a view is shown. */
export function useTitle(...parts: readonly string[]): void {
  const title = [...parts.map((part) => plain(part, 60)), "kitty-events"].join(
    " · ",
  );
  useEffect(() => {
    document.title = title;
  }, [title]);
}
