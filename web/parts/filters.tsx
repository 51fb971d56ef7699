/** Fields above a view. What they hold stands in the address. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { addressWith, go, place } from "../router.ts";

/** Typing is taken over when it rests for this long. */
const REST_MS = 150;

/** The fields of a view together. They act by themselves: there is nothing to send. */
export function FilterForm({ children }: { children: ComponentChildren }) {
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => event.preventDefault()}
    >
      {children}
    </form>
  );
}

/** A text that is looked for. */
export function TextFilter(
  { name, label, placeholder = "", list, type = "search" }: {
    name: string;
    label: string;
    placeholder?: string;
    list?: string;
    type?: "search" | "date";
  },
) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  const value = place.value.query.get(name) ?? "";
  useEffect(() => {
    // What is being typed is newer than the address.
    if (input.current && !timer.current) input.current.value = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = () => {
    clearTimeout(timer.current);
    timer.current = 0;
    const text = input.current?.value.trim() ?? "";
    if (text !== (place.peek().query.get(name) ?? "")) {
      go(addressWith({ [name]: text }), { replace: true });
    }
  };
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        ref={input}
        class="input"
        type={type}
        defaultValue={value}
        placeholder={placeholder}
        list={list}
        autocomplete="off"
        spellcheck={false}
        onInput={() => {
          clearTimeout(timer.current);
          timer.current = setTimeout(take, REST_MS);
        }}
        onChange={take}
      />
    </label>
  );
}

/** One of several; the first stands for no word in the address. */
export function ChoiceFilter({ name, label, options }: {
  name: string;
  label: string;
  options: readonly { readonly value: string; readonly label: string }[];
}) {
  const value = place.value.query.get(name) ?? "";
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <select
        class="input"
        value={value}
        onChange={(event) =>
          go(addressWith({ [name]: event.currentTarget.value }), {
            replace: true,
          })}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
