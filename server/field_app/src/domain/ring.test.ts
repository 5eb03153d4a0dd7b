import { expect, test } from "vitest";
import type { Due, Standing } from "./duties";
import { ringOf as ringAt, type Waiting } from "./ring";

const DAY_ENDS_MS = 1_000;
const ringOf = (due: readonly Due[], waiting: Waiting) => ringAt(due, waiting, DAY_ENDS_MS);

const NOBODY = { retests: 0, cases: 0, untested: 0 };
const due = (standing: Standing, needed = 0, done = 0, dueMs = 100) => ({ standing, needed, done, dueMs }) as Due;

test("nothing is asked for: no ring", () => {
  expect(ringOf([], NOBODY)).toBeNull();
});

test("everything of the day is done: green and whole", () => {
  expect(ringOf([due("done"), due("recorded", 5, 5)], NOBODY)).toMatchObject({ done: 2, total: 2, share: 1, look: "good" });
});

test.each([
  ["somebody is not measured", [due("done"), due("due", 200, 199)], NOBODY, "warn"],
  ["something is overdue", [due("done"), due("overdue")], NOBODY, "bad"],
  ["something was not done in time, and can't be done any more", [due("done"), due("closed")], NOBODY, "bad"],
  ["nobody can say", [due("done"), due("review")], NOBODY, "warn"],
  ["the evening is still to come", [due("done"), due("later")], NOBODY, "calm"],
  ["somebody waits for a retest", [due("done")], { ...NOBODY, retests: 1 }, "warn"],
  ["a fever has no case", [due("done")], { ...NOBODY, cases: 1 }, "bad"],
  ["somebody new has no test", [due("done")], { ...NOBODY, untested: 1 }, "warn"],
  ["only people are missing", [], { ...NOBODY, cases: 1 }, "bad"],
] as const)("never green while %s", (_, all, waiting, look) => {
  const ring = ringOf(all, waiting);
  expect(ring?.look).toBe(look);
  expect(ring?.share).toBeLessThan(1);
});

test("what may be done on another day leaves the day whole, and is missing once it is overdue", () => {
  expect(ringOf([due("done"), due("due", 0, 0, 2_000)], NOBODY)).toMatchObject({ done: 1, total: 1, look: "good" });
  expect(ringOf([due("done"), due("overdue", 0, 0, 2_000)], NOBODY)?.look).toBe("bad");
  expect(ringOf([due("due", 0, 0, 2_000)], NOBODY)).toBeNull();
});

test("it says by when the first of what is missing now is due", () => {
  expect(ringOf([due("due", 0, 0, 300), due("overdue", 0, 0, 200), due("later", 0, 0, 100)], NOBODY)?.nextMs).toBe(200);
  expect(ringOf([due("later")], NOBODY)?.nextMs).toBeNull();
});

test("people who are measured fill it before their window is done", () => {
  expect(ringOf([due("due", 4, 1), due("due", 4, 3)], NOBODY)?.share).toBe(0.5);
});
