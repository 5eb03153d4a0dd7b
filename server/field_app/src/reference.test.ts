// What came down of numbers and words holds, each from its day on; before there is any, what the app was built with.

import { afterEach, describe, expect, it } from "vitest";
import { choices, contracts, rule, ruleOn, word } from "./contracts";
import { problems } from "./domain/validate";
import { askedOfPerson, dutySource, REFERENCE, type Reference, takeReference } from "./reference";

const NONE = Object.fromEntries(REFERENCE.map((kind) => [kind, []])) as unknown as Reference;
const TODAY = "2026-11-23";
const take = (read: Partial<Reference>) => takeReference({ ...NONE, ...read }, TODAY);

afterEach(() => take({}));

describe("what came down in ref", () => {
  it("is the number in force on the day, and changes with the next sync", () => {
    const built = rule("entry_refused_from", TODAY).value;
    const fever = { code: "entry_refused_from", name: "x", source: "y", unit: "°C" };
    take({ rule: [{ ...fever, value: 37.5, valid_from: "2026-12-01" }, { ...fever, value: 37.2, valid_from: "2021-12-01", valid_to: "2026-12-01" }] });
    expect(["2026-11-30", "2026-12-01"].map((day) => rule("entry_refused_from", day).value)).toEqual([37.2, 37.5]);
    expect(ruleOn("entry_refused_from", "2021-11-30")).toBeUndefined();
    expect(() => rule("entry_refused_from", "2021-11-30")).toThrow("no rule");
    take({ rule: [{ ...fever, value: 37, valid_from: "2021-12-01" }] });
    expect(rule("entry_refused_from", "2026-11-30").value).toBe(37);
    take({});
    expect(rule("entry_refused_from", TODAY).value).toBe(built);
  });

  it("is what a kind of site must know of a person, from its day on", () => {
    const office = { code: "office", name: "机关", unit: "x", rests: "official" };
    const later = { ...office, worker_optional: ["company", "team", "trade", "role"], worker_required: ["phone"], valid_from: "2026-11-23" };
    take({ site_kind: [later, { ...office, valid_from: "2021-12-01", valid_to: "2026-11-23" }] });
    const staff = { name: "张三", certificate_type: "passport", certificate_number: "E12345678", entered_on: TODAY };
    const wrong = (kind: string) => Object.keys(problems("worker", staff, false, askedOfPerson(kind)));
    expect(wrong("office")).toEqual(["phone"]);
    expect(wrong("construction")).toEqual(["company", "team", "trade", "role"]);
    expect(problems("worker", { phone: null, team: null }, true, askedOfPerson("office"))).toHaveProperty("phone");
    expect(problems("worker", { team: null }, true, askedOfPerson("office"))).toEqual({});
  });

  it("is a number that the app was never built with", () => {
    take({ rule: [{ code: "depth_m", value: 2, name: "x", source: "y", valid_from: "2021-12-01" }] });
    expect([ruleOn("depth_m", TODAY)?.value, ruleOn("nothing", TODAY)]).toEqual([2, undefined]);
  });

  it("names places, units, slots and duties as they are called today", () => {
    const rows = [{ code: "pond", name: "池塘", valid_from: "2026-01-01" }, { code: "pond", name: "水塘", valid_from: "2026-12-01" }];
    take({
      place_kind: rows,
      duty: [{ code: "D", name: "巡塘", source: "某文" }],
      words: [{ code: "flag", items: [{ field: "duty", words: [{ code: "INTEGRITY", word: "记录链异常" }] }] }],
    });
    expect([word("place", "pond"), word("place", "canteen"), word("duty", "D"), word("duty", "INTEGRITY")]).toEqual(["池塘", "食堂", "巡塘", "记录链异常"]);
    expect([dutySource("D"), dutySource("E"), word("duty", "E")]).toEqual(["某文", "", "E"]);
  });

  it("has the words of a kind in code, and of no field that it does not say", () => {
    const built = choices("gate_pass", "direction");
    take({ words: [{ code: "gate_pass", items: [{ field: "health_code", words: [{ code: "green", word: "绿" }] }, { field: "note" }] }] });
    expect(choices("gate_pass", "health_code")).toEqual({ green: "绿" });
    expect(choices("gate_pass", "direction")).toEqual(built);
    expect(choices("worker", "trade")).toEqual(contracts.words["trade"]);
  });
});
