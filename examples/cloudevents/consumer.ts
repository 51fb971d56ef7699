/**
 * An endpoint for CloudEvents in twenty lines: prints what happens.
 *
 *     deno run --allow-net=127.0.0.1 consumer.ts 8790
 *     SPEC_KITTY_SINK_URL=http://127.0.0.1:8790/ kitty-events agent run
 */
const port = Number(Deno.args[0] ?? 8790);

Deno.serve({ hostname: "127.0.0.1", port }, async (request) => {
  if (request.method !== "POST") return new Response(null, { status: 405 });
  const events = [await request.json()].flat();
  for (const { time, type, subject, missionslug, data } of events) {
    const what = data.to_lane
      ? `${data.from_lane} -> ${data.to_lane}`
      : JSON.stringify(data);
    console.log(time, missionslug ?? "", subject ?? "", type, what);
  }
  // What is answered so is taken: it is not sent again.
  return new Response(null, { status: 204 });
});
