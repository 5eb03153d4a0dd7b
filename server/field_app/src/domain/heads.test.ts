import { expect, test } from "vitest";
import type { Body } from "../protocol/entry";
import type { Item } from "../store/view";
import { insideNow } from "./heads";
import { personOf } from "./people";

const item = (kind: string, id: string, body: Body, timeMs = 0): Item => ({ scope: "site:1", kind, id, rev: 1, timeMs, state: "synced", body });
const person = (id: string, dormitory = "") => personOf(item("worker", id, { name: id, team: "一班", dormitory }));
const pass = (worker: string, direction: string, timeMs: number, more: Body = {}) => item("gate_pass", `${worker}${timeMs}`, { worker, direction, ...more }, timeMs);

test("everybody is where the last pass leaves them", () => {
  const people = [person("a"), person("b"), person("c")];
  const passes = [pass("a", "out", 2), pass("a", "in", 1), pass("b", "in", 1), pass("b", "in", 3), pass("c", "in", 1, { voided: true })];
  expect(insideNow(people, passes)).toBe(1);
});

test("who sleeps there is inside until he goes out, and who has left is nobody", () => {
  const people = [person("a", "3-201"), person("b", "3-201")];
  expect(insideNow(people, [])).toBe(2);
  expect(insideNow(people, [pass("a", "out", 1), pass("gone", "in", 1)])).toBe(1);
});
