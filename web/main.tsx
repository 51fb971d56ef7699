/** Puts the page together. */

import { render } from "preact";
import { App } from "./app.tsx";
import { startRouter } from "./router.ts";
import { begin } from "./session.ts";

startRouter();
begin();
render(<App />, document.querySelector("#app")!);
