import { expect, test } from "vitest";
import { again, crewsOf, drawn, type Lane, laneOf, next, saving, skipped, turnedTo, typed, without } from "./lane";
import { AIM_MS } from "./aim";
import type { Person } from "./people";

const key = (digit: string) => (digits: string) => digits + digit;
const shown = (lane: Lane, atMs = 0) => drawn(lane, atMs);

test("three digits are typed for the one who is shown", () => {
  let lane = shown(laneOf(["a", "b"]));
  for (const [i, digit] of ["3", "6", "5"].entries()) lane = typed(lane, key(digit), AIM_MS + i);
  expect(lane).toMatchObject({ digits: "365", queue: ["a", "b"] });
});

test("a touch that came before the next one could be seen is meant for nobody", () => {
  const lane = shown(next(shown(laneOf(["a", "b"]))), 1_000);
  expect(typed(lane, key("5"), 999).digits).toBe("");
  expect(typed(lane, key("5"), 1_000 + AIM_MS - 1).digits).toBe("");
  expect(typed(lane, key("3"), 1_000 + AIM_MS).digits).toBe("3");
});

test("nothing is typed before the next one is drawn, nor while a reading is being saved", () => {
  expect(typed(laneOf(["a"]), key("3"), 1e12).digits).toBe("");
  expect(typed(saving(shown(laneOf(["a"]))), key("3"), 1e12).digits).toBe("");
});

test("what was not saved is typed again, by the same person", () => {
  const lane = again(saving({ ...shown(laneOf(["a", "b"])), digits: "365" }));
  expect(lane).toMatchObject({ queue: ["a", "b"], digits: "", isSaving: false, shownMs: 0 });
});

test("whoever is skipped comes last, and who stands there is called up", () => {
  expect(skipped(laneOf(["a", "b", "c"])).queue).toEqual(["b", "c", "a"]);
  expect(turnedTo(laneOf(["a", "b", "c"]), "c").queue).toEqual(["c", "a", "b"]);
  expect(turnedTo(laneOf(["b"]), "a").queue).toEqual(["a", "b"]); // taken back
});

test("who was measured elsewhere goes, but not from under the thumb", () => {
  const lane = typed(shown(laneOf(["a", "b", "c"])), key("3"), AIM_MS);
  expect(without(lane, (id) => id === "c")).toEqual({ ...lane, queue: ["a", "c"] });
});

test("crews that are not finished come first, and those without a name last", () => {
  const of = (id: string, team: string) => ({ id, team, dormitory: "" }) as Person;
  const [a, b, c, d] = [of("a", "木工班"), of("b", "木工班"), of("c", ""), of("d", "电工班")] as const;
  const crews = crewsOf("team", [a, b, c, d], [b, c]);
  expect(crews.map(({ name, people, toDo }) => [name, people.length, toDo.length])).toEqual([["木工班", 2, 1], ["", 1, 1], ["电工班", 1, 0]]);
});

/** A number between 0 and 1, the same ones each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => ((state = (state * 1_103_515_245 + 12_345) % 2 ** 31), state / 2 ** 31);
}

/** A thumb types at its own pace and reads what is on the screen, while the tablet draws and saves late. Gives the readings that
 * were saved: for whom, and whom the thumb had before it at each of the three touches. */
function played(people: number, random: () => number): { who: string; saw: string[] }[] {
  const saved: { who: string; saw: string[] }[] = [];
  let lane = laneOf(Array.from({ length: people }, (_, i) => `p${i}`));
  let drawnOnes: [atMs: number, who: string][] = [[0, ""]]; // what was on the screen since when
  let nowMs = 0;
  let saw: string[] = [];
  const draw = () => ((nowMs += random() * 400), (lane = drawn(lane, nowMs)), drawnOnes.push([nowMs, lane.queue[0]!]));
  draw();
  while (lane.queue.length > 0) {
    const touchedMs = nowMs + random() * 700 - 350; // a touch may have waited while the page was busy
    const before = lane;
    lane = typed(lane, key("3"), touchedMs);
    nowMs = Math.max(nowMs, touchedMs);
    if (lane !== before) saw.push(drawnOnes.filter(([atMs]) => atMs <= touchedMs - AIM_MS).at(-1)?.[1] ?? "");
    if (lane.digits.length < 3) continue;
    lane = saving(lane);
    nowMs += random() * 300;
    if (random() < 0.05) lane = again(lane);
    else {
      saved.push({ who: lane.queue[0]!, saw });
      lane = next(lane);
      drawnOnes = drawnOnes.slice(-2);
      if (lane.queue.length > 0) draw();
    }
    saw = [];
  }
  return saved;
}

test("of 10,000 readings none is of somebody who was not on the screen at each of its three touches", () => {
  const saved = played(10_000, dice(25));
  expect(saved).toHaveLength(10_000);
  expect(saved.filter(({ who, saw }) => saw.some((one) => one !== who))).toEqual([]);
});
