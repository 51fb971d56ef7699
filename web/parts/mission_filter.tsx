/** A field that finds a mission by a part of its title or slug. */

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type {
  BoardAnswer,
  MissionAnswer,
  MissionsAnswer,
} from "../../lib/board/answers.ts";
import { PATHS, withParameters } from "../api.ts";
import { addressWith, go, place } from "../router.ts";
import { ask } from "../session.ts";

const OFFERED_MAX = 20;
const REST_MS = 120;
/** A position that no team reaches. */
const LATER_THAN_ALL = 999_999_999_999_999;

/** The mission that the address names. The field shows its slug, the address has its key. */
export function MissionFilter() {
  const key = place.value.query.get("mission") ?? "";
  const offered = useSignal<readonly MissionAnswer[]>([]);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  const list = useId();

  useShownSlug(input, key);

  const offer = async () => {
    const text = input.current!.value.trim();
    const path = withParameters(PATHS.missions, { text, limit: OFFERED_MAX });
    const answer = await ask<MissionsAnswer>(path).catch(() => null);
    if (answer) offered.value = answer.missions;
  };
  const take = () => {
    const text = input.current!.value.trim();
    const chosen = offered.peek().find(({ slug, key }) =>
      slug === text || key === text
    );
    go(addressWith({ mission: chosen?.key ?? text }), { replace: true });
  };
  return (
    <label class="field">
      <span class="field-label">Mission</span>
      <input
        ref={input}
        class="input"
        type="search"
        placeholder="All"
        list={list}
        autocomplete="off"
        spellcheck={false}
        onFocus={offer}
        onInput={() => {
          clearTimeout(timer.current);
          timer.current = setTimeout(offer, REST_MS);
          if (
            input.current!.value === "" ||
            isOffered(offered.peek(), input.current!.value)
          ) take();
        }}
        onChange={take}
      />
      <datalist id={list}>
        {offered.value.map(({ key, slug, title }) => (
          <option key={key} value={slug}>{title === slug ? "" : title}</option>
        ))}
      </datalist>
    </label>
  );
}

/** Shows the slug of the mission with a key, unless somebody types. */
function useShownSlug(
  input: RefObject<HTMLInputElement | null>,
  key: string,
): void {
  useEffect(() => {
    const field = input.current!;
    const show = (text: string) => {
      if (document.activeElement !== field) field.value = text;
    };
    show(key);
    if (key === "") return;
    const abort = new AbortController();
    slugOf(key, abort.signal).then((slug) => {
      if (!abort.signal.aborted) show(slug);
    });
    return () => abort.abort();
  }, [key]);
}

function isOffered(missions: readonly MissionAnswer[], text: string): boolean {
  return missions.some(({ slug }) => slug === text);
}

async function slugOf(key: string, signal: AbortSignal): Promise<string> {
  // So no package comes with it.
  const path = withParameters(PATHS.board(key), {
    since: LATER_THAN_ALL,
  });
  return await ask<BoardAnswer>(path, { signal })
    .then(({ mission }) => mission.slug, () => key);
}
