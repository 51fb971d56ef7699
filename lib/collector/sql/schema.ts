/**
 * The tables of a store, as steps that are made once and in order, and are
 * never changed again: each collector makes those that are missing.
 *
 * Texts that people may choose are stored by `keyOf` (`columns.ts`), as
 * PostgreSQL takes no NUL in them, and compared by their bytes, whatever the
 * database's language. Documents are JSON, where it is escaped.
 *
 * @module
 */

/** The first step. Every key on the path of events begins with the team, so that tables can be distributed by it. */
const FIRST = `
create table kitty_events.layout (
  number integer primary key,
  made_at timestamptz not null default now()
);

-- A row that is locked by whoever stores events of the team: it is what orders them.
create table kitty_events.teams (
  team text collate "C" primary key,
  next bigint not null default 0,
  highest bigint not null default 0,
  first bigint not null default 0,
  events bigint not null default 0,
  bytes bigint not null default 0,
  turn bigint not null default 0
) with (fillfactor = 50);

create table kitty_events.events (
  team text collate "C" not null,
  position bigint not null,
  event_id text collate "C" not null,
  contract text,
  type text,
  mission text,
  subject text,
  from_status text,
  to_status text,
  actor text,
  node text,
  clock bigint,
  occurred_at timestamptz,
  received_at timestamptz not null,
  collector bigint not null,
  bytes integer not null,
  document text,
  primary key (team, position)
);
create unique index events_id on kitty_events.events (team, event_id);

create table kitty_events.nodes (
  team text collate "C" not null,
  node text collate "C" not null,
  events bigint not null,
  shared bigint not null,
  lowest bigint not null,
  highest bigint not null,
  first_seen timestamptz,
  last_seen timestamptz,
  primary key (team, node)
) with (fillfactor = 80);

create table kitty_events.told (
  team text collate "C" not null,
  home text collate "C" not null,
  word text not null,
  primary key (team, home)
) with (fillfactor = 80);

create table kitty_events.shared (
  team text collate "C" not null,
  node text collate "C" not null,
  event_id text collate "C" not null,
  clock bigint not null,
  primary key (team, node, event_id, clock)
);

create table kitty_events.packages (
  team text collate "C" not null,
  wp_id text collate "C" not null,
  feature text collate "C" not null,
  status text not null,
  updated_at timestamptz,
  state text not null,
  primary key (team, wp_id, feature)
) with (fillfactor = 80);

create table kitty_events.records (
  space text collate "C" not null,
  key text collate "C" not null,
  value text not null,
  primary key (space, key)
);

create table kitty_events.audit (
  noted_at timestamptz not null default clock_timestamp(),
  id text collate "C" not null,
  entry text not null,
  primary key (noted_at, id)
);

-- What a document says, for questions; a character that jsonb refuses gives way.
create function kitty_events.said(document text) returns jsonb
language sql immutable strict parallel safe
as $$
  select regexp_replace(
    document, '\\\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\\\ufffd', 'g'
  )::jsonb
$$;
`;

/** All steps, the oldest first. Their number is the layout's. */
export const STEPS: readonly string[] = [FIRST];

/** The layout that this program knows. */
export const LAYOUT = STEPS.length;
