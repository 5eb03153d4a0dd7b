// A day of a program without a page, under Node: `node client_story.mjs URL CODE`. Prints what it saw as one JSON document.
import "fake-indexeddb/auto";
import { GongdiClient, NotValid } from "@gongdi/client";

const [url, code] = process.argv.slice(2);
const client = new GongdiClient(url);
const seen = { pages: [typeof document, typeof window] };

await client.enrol(code, "collector");
seen.troubles = [await client.sync()];
const [site] = (await client.scopes()).filter((scope) => scope.startsWith("site:"));
const log = { place: "canteen", agent: "chlorine", operator: "王师傅" };

try {
  await client.add(site, "disinfection_log", { ...log, agent: "soap", more: 1 });
} catch (error) {
  seen.invalid = error instanceof NotValid ? error.errors : String(error);
}
try {
  await client.add(site, "no_such_kind", {});
} catch (error) {
  seen.unknown = error instanceof NotValid ? error.errors : String(error);
}

const first = await client.changes(site, "");
const entry = await client.add(site, "disinfection_log", log);
seen.unsent = [await client.unsent()];
seen.listed = (await client.list("disinfection_log", site)).map(({ id, state }) => [id === entry, state]);
seen.troubles.push(await client.sync());
seen.unsent.push(await client.unsent());
const second = await client.changes(site, first.cursor);
const third = await client.changes(site, second.cursor);
seen.resets = [first, second, third].map(({ reset }) => reset);
seen.changed = second.changed.map(({ id, kind, rev, seq, body }) => [id === entry, kind, rev, Number.isInteger(seq), body.operator]);
seen.nothing = third.changed;

const mended = await client.amend(site, entry, { ...log, agent: "alcohol" });
const wrong = await client.add(site, "disinfection_log", log);
await client.void(site, wrong, "记错了");
seen.troubles.push(await client.sync());
const last = await client.changes(site, third.cursor);
seen.last = last.changed.map(({ id, body }) => [[entry, mended, wrong].indexOf(id), body.amended_by === mended, body.voided === true]).sort();
seen.refused = await client.refused();
client.close();
console.log(JSON.stringify(seen));
