// What was filled in is kept, however the app ends, and whatever comes late.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DraftWriter, KEEP_AFTER_MS, type Kept } from "./draft_writer";

interface Filled {
  text: string;
  photos: string[];
}

let written: Kept<Filled>[];
let shown: Kept<Filled>[];

function begun(id = "d1"): DraftWriter<Filled> {
  const write = async (kept: Kept<Filled>) => void written.push(kept);
  return new DraftWriter<Filled>({ id, value: { text: "", photos: [] } }, write, (kept) => shown.push(kept));
}

/** A photo that is ready when the test says so. */
function camera(): { photo: Promise<string>; ready: (photo: string) => void } {
  let ready!: (photo: string) => void;
  return { photo: new Promise<string>((resolve) => (ready = resolve)), ready: (photo) => ready(photo) };
}

beforeEach(() => {
  [written, shown] = [[], []];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => vi.useRealTimers());

it("is written while somebody types without a pause", () => {
  const writer = begun();
  for (let keys = 1; keys <= 10; keys += 1) {
    writer.change({ text: "隔".repeat(keys) });
    vi.advanceTimersByTime(KEEP_AFTER_MS / 2);
  }
  expect(written.length).toBeGreaterThan(3);
  expect(written.at(-1)!.value.text.length).toBeGreaterThan(8);
});

it("writes nothing of a form that was only opened", () => {
  const writer = begun();
  writer.flush();
  writer.leave();
  vi.advanceTimersByTime(KEEP_AFTER_MS);
  expect(written).toEqual([]);
});

it("is written at once when the app goes out of sight, and not again", () => {
  const writer = begun();
  writer.change({ text: "隔离室堆放杂物" });
  writer.flush();
  expect(written.map(({ value }) => value.text)).toEqual(["隔离室堆放杂物"]);
  vi.advanceTimersByTime(KEEP_AFTER_MS);
  expect(written).toHaveLength(1);
});

it("keeps both of two photos that were ready one after the other, and what was typed meanwhile", async () => {
  const writer = begun();
  const cameras = [camera(), camera()];
  const taken = cameras.map(async ({ photo }) => {
    const one = await photo;
    writer.change(({ photos }) => ({ photos: [...photos, one] }));
  });
  writer.change({ text: "积水" });
  cameras[1]!.ready("second");
  cameras[0]!.ready("first");
  await Promise.all(taken);
  expect(shown.at(-1)!.value.photos).toEqual(expect.arrayContaining(["first", "second"]));
  writer.leave();
  expect(written).toEqual([{ id: "d1", value: shown.at(-1)!.value }]);
  expect(written[0]!.value.text).toBe("积水");
});

it.each(["end", "leave"] as const)("takes nothing in after its %s: the next form of this name has begun", async (over) => {
  const first = begun("d1");
  const { photo: late, ready } = camera();
  const taken = late.then((photo) => first.change(({ photos }) => ({ photos: [...photos, photo] })));
  first[over]();
  const next = begun("d2");
  next.change({ text: "隔离室堆放杂物" });
  next.flush();
  ready("late");
  await taken;
  vi.advanceTimersByTime(KEEP_AFTER_MS);
  expect(written.map(({ id }) => id)).toEqual(["d2"]);
});
