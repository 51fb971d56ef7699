/** Puts the page together. */

import { render } from "preact";
import { App } from "./app.tsx";
import { startRouter } from "./router.ts";
import { startSession } from "./session.ts";

startRouter();
startSession();
render(<App />, document.querySelector("#app")!);
