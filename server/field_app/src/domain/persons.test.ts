// The same cases judge the server's rule: tests/field_app/test_people_are_the_servers.py.

import { describe, expect, it } from "vitest";
import type { Item } from "../store/view";
import type { Body } from "../protocol/entry";
import { asked, dues } from "./duties";
import { keysOf, mayBe, present, twins } from "./people";
import written from "./people_cases.json";
import { personKeys } from "./persons";

type Pair = [string, string];
const CASES = written.cases as unknown as { name: string; records: Pair[]; merges: Pair[]; keys: Record<string, string> }[];
const DAY = "2026-11-23";
const at = (time: string) => Date.parse(`${DAY}T${time}:00+08:00`);
const item = (kind: string, id: string, body: object, timeMs = 0): Item => ({
  ...{ scope: "site:1", kind, id, rev: 1, timeMs, state: "synced" as const },
  body: body as Body,
});
const worker = (id: string, digest: string, more: object = {}) =>
  item("worker", id, { name: id, team: "一班", certificate_type: "id_card", certificate_masked: "410***********123X", certificate_digest: digest, ...more });

describe("one person", () => {
  it.each(CASES)("$name", ({ records, merges, keys }) => expect(Object.fromEntries(personKeys(records, merges))).toEqual(keys));

  const window = item("window", "w", {
    ...{ duty: "TEMP", slot: "before_work", state: "open", local_date: DAY },
    ...{ opens: `${DAY}T05:30:00+08:00`, due: `${DAY}T08:30:00+08:00` },
  });
  const duty = item("duty", "TEMP", { code: "TEMP", name: "每日测温", judging: "coverage", slots: [{ slot: "before_work", opens: "05:30", due: "08:30" }] });
  const dayOf = (workers: Item[]) => ({
    ...{ windows: [window], logs: [], duties: [duty], people: present(workers, DAY), keys: keysOf(workers, DAY) },
    passes: [item("gate_pass", "p", { worker: "a", direction: "in" }, at("06:00"))],
    checks: [item("temperature_check", "c", { worker: "b", celsius: 36.5, slot: "before_work" }, at("06:30"))],
  });

  it("was measured though the pass names one record and the reading the other", () => {
    const [due] = dues(dayOf([worker("a", "1"), worker("b", "1")]), at("07:00"));
    expect(due).toMatchObject({ standing: "recorded", done: 1, needed: 1 });
    const [two] = dues(dayOf([worker("a", "1"), worker("b", "2")]), at("07:00"));
    expect(two).toMatchObject({ standing: "due", needed: 2 });
  });

  it("is asked for once, under the record that is shown", () => {
    const merged = dayOf([worker("a", "1", { merged_into: "z" }), worker("b", "1", { merged_into: "z" }), worker("z", "1")]);
    const ids = (found: ReturnType<typeof asked>) => [found.expected, found.toDo].map((some) => some.map((person) => person.id));
    expect(ids(asked(merged, "before_work"))).toEqual([["z"], []]);
    const twice = { ...dayOf([worker("a", "1"), worker("b", "1")]), windows: [], checks: [] };
    expect(ids(asked(twice, "before_work"))).toEqual([["a"], ["a"]]);
  });

  it("has one line on the roster once the records are merged", () => {
    const people = present([worker("a", "1"), worker("b", "1"), worker("c", "2")], DAY);
    expect(people.map((person) => [person.id, twins(person, people).map((twin) => twin.id)])).toEqual([
      ["a", ["b"]],
      ["b", ["a"]],
      ["c", []],
    ]);
    expect(present([worker("a", "1"), worker("b", "1", { merged_into: "a" })], DAY).map((person) => person.id)).toEqual(["a"]);
  });

  it("is found by a number that fits what the mask shows", () => {
    const items = [worker("a", "1"), worker("gone", "2", { exited_on: "2026-01-01" }), worker("b", "1", { merged_into: "a" }), worker("void", "1", { voided: true })];
    const own = item("worker", "own", { name: "本机", certificate_type: "passport", certificate_number: "E1234567" });
    const ids = (body: Body) => mayBe(body, [...items, own]).map((person) => person.id);
    expect(ids({ certificate_type: "id_card", certificate_number: "41070319900101123X" })).toEqual(["a", "gone"]);
    expect(ids({ certificate_type: "id_card", certificate_number: "410703199001011230" })).toEqual([]);
    expect(ids({ certificate_type: "hmt_residence", certificate_number: "41070319900101123X" })).toEqual([]);
    expect(ids({ certificate_type: "passport", certificate_number: "E1234567" })).toEqual(["own"]);
    expect(ids({ certificate_type: "passport" })).toEqual([]);
  });
});
