/** The form that stands in place of everything while nobody is logged in. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api.ts";
import { Mark } from "../parts/icons.tsx";
import { useTitle } from "../parts/title.ts";
import { logIn, type Reason } from "../session.ts";

const WORDS: Record<Reason, string> = {
  none: "",
  ended: "Your session has ended. Log in to go on where you were.",
  ticket:
    "This link is not good any more: links work once, and for a minute. Ask the program for a new one, or log in.",
};

/** The login form. */
export function Login({ reason }: { reason: Reason }) {
  useTitle("Log in");
  const [trouble, setTrouble] = useState("");
  const [isBusy, setBusy] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => name.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      await logIn(name.current!.value, password.current!.value);
    } catch (error) {
      setTrouble(wordsOf(error as ApiError));
      setBusy(false);
      password.current?.select();
    }
  };

  return (
    <main class="login">
      <form class="login-form" method="post" onSubmit={submit}>
        <div class="login-brand">
          <Mark />
          <h1>Log in to the board</h1>
        </div>
        {WORDS[reason] && <p class="note" role="status">{WORDS[reason]}</p>}
        <Field
          label="Username"
          name="username"
          autocomplete="username"
          input={name}
        />
        <Field
          label="Password"
          name="password"
          autocomplete="current-password"
          input={password}
        />
        <p class="trouble" role="alert">{trouble}</p>
        <button class="button primary" type="submit" disabled={isBusy}>
          Log in
        </button>
      </form>
      <p class="quiet login-hint">
        No user yet? <code>kitty-events collector user add</code>. From{" "}
        <code>kitty-events board</code>? Press Enter there for a new link.
      </p>
    </main>
  );
}

function Field({ label, name, autocomplete, input }: {
  label: string;
  name: "username" | "password";
  autocomplete: string;
  input: RefObject<HTMLInputElement | null>;
}) {
  const field = {
    ref: input,
    class: "input",
    name,
    autocomplete,
    autocapitalize: "none",
    spellcheck: false,
    required: true,
  } as const;
  return (
    <label class="field stacked">
      <span class="field-label">{label}</span>
      {name === "password"
        ? <input type="password" {...field} />
        : <input type="text" {...field} />}
    </label>
  );
}

function wordsOf({ status, message }: ApiError): string {
  if (status === 401) return "Username or password is wrong.";
  // It says how long to wait.
  if (status === 429) return `${message[0]!.toUpperCase()}${message.slice(1)}.`;
  return `That did not work: ${message}. Try again in a moment.`;
}
