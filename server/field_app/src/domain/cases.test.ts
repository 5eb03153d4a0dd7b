import { describe, expect, it } from "vitest";
import type { Item } from "../store/view";
import { caseOf, openCases, urgency, withoutCase } from "./cases";
import { retests } from "./temperature";
import { problems } from "./validate";

const NOON = Date.parse("2026-11-23T12:00:00+08:00");
const HOUR = 3600_000;
const item = (kind: string, id: string, body: object, timeMs = NOON): Item => ({
  ...{ scope: "site:1", kind, id, rev: 1, timeMs, state: "synced" as const },
  body: body as Item["body"],
});
const one = (id: string, more: object = {}, timeMs = NOON) => item("case", id, { worker: "w", cause: "fever", ...more }, timeMs);
const when = "2026-11-23T12:30:00.000+08:00";
const REPORTED = { community_reported: when, headquarters_reported: when, bureau_reported: when };

describe("a case", () => {
  it("has two hours to be reported, and presses after one", () => {
    const known = caseOf(one("1", { community_reported: when }));
    expect(known.missing).toEqual(["headquarters_reported", "bureau_reported"]);
    expect(known.limitMs - known.openedMs).toBe(2 * HOUR);
    expect([urgency(known, NOON + HOUR - 1), urgency(known, NOON + HOUR)]).toEqual(["warn", "bad"]);
    expect(urgency(caseOf(one("1", REPORTED)), NOON + 9 * HOUR)).toBe("good");
  });

  it("that was pulled was opened when its id says", () => {
    const id = `${NOON.toString(16).padStart(12, "0").replace(/^(.{8})/, "$1-")}-7000-8000-000000000001`;
    expect(caseOf(one(id, {}, 0)).openedMs).toBe(NOON);
  });

  it("is open until its outcome, and the unreported come first", () => {
    const cases = [one("1", REPORTED), one("2", { outcome: "cleared" }), one("3", { voided: true }), one("4")];
    expect(openCases(cases).map((known) => known.item.id)).toEqual(["4", "1"]);
  });

  it("is missed where two readings were high and nobody opened one", () => {
    const checks = [37.5, 37.6].map((celsius, i) =>
      item("temperature_check", `c${i}`, { worker: "w", celsius, slot: i ? "retest" : "before_work" }, NOON + i * 300_000),
    );
    const going = retests(checks);
    expect(withoutCase(going, []).map((retest) => retest.worker)).toEqual(["w"]);
    expect(withoutCase(going, [one("1")])).toEqual([]);
    expect(withoutCase(going, [one("1", { voided: true })])).toHaveLength(1);
    expect(withoutCase(going, [one("1", { outcome: "cleared" }, NOON - HOUR)])).toHaveLength(1); // of another fever
  });

  it("needs evidence for its outcome", () => {
    const body = { worker: "01971c5e-8a00-7000-8000-0000000000a1", cause: "fever" };
    expect(problems("case", body)).toEqual({});
    expect(problems("case", { ...body, outcome: "cleared" })["evidence"]).toMatch(/依据/);
    expect(problems("case", { outcome: "cleared" }, true)).toEqual({});
  });
});
