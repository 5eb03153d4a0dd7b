// What a tablet makes of a form: what it offers, what it starts with, and what it says. That the outcomes are the server's is
// shown by tests/field_app/test_forms_are_the_servers.py.

import { describe, expect, it } from "vitest";
import { type Form, type FormItem, offeredChoices } from "./form";
import { changeProblems, freshBody, isOnForm, keptOf, walk } from "./form_walk";

const TODAY = "2026-11-23";
const context = { today: TODAY, rule: () => null };

function form(...items: FormItem[]): Form {
  const lists = { look: [{ name: "clear", label: "清澈" }, { name: "rubbish", label: "有垃圾", to: TODAY }, { name: "other", label: "其他" }] };
  return { code: "pond_round", version: 1, title: "池塘巡查", nature: "fact", source: "x", from: "2021-12-01", site_kinds: ["park"], writers: ["inspector"], items, lists };
}

const look: FormItem = { type: "select_one", name: "look", label: "水面", list: "look", required: true };
const why: FormItem = { type: "text", name: "why", label: "说明", max: 20, required: true, relevant: ["=", "text", ["field", "look", "text"], ["text", "other"]] };

describe("a form that is filled in", () => {
  it("shows a field when its condition holds, asks for it then, and drops it when it does not", () => {
    const pond = form(look, why);
    const clear = walk(pond, { look: "clear", why: "泥" }, context);
    expect([clear.shown.has("why"), clear.problems, clear.body]).toEqual([false, {}, { look: "clear" }]);
    const other = walk(pond, { look: "other", why: "" }, context);
    expect([other.shown.has("why"), other.required.has("why")]).toEqual([true, true]);
    expect(other.problems).toEqual({ why: "缺少这一项, 请填写。" });
  });

  it("says the form's own words, and a doubt about today refuses nothing", () => {
    const day: FormItem = { type: "date", name: "day", label: "日期", constraint: ["<=", "date", ["self", "date"], ["today"]], constraint_message: "不能晚于今天。" };
    const minutes: FormItem = { type: "integer", name: "minutes", label: "用时", low: 1, high: 600, constraint_message: "1 到 600 分钟。" };
    const found = walk(form(day, minutes), { day: "2026-11-24", minutes: 601 }, context);
    expect([found.doubts, found.problems]).toEqual([{ day: "不能晚于今天。" }, { minutes: "1 到 600 分钟。" }]);
  });

  it("starts with what stood there last time, else with the default, else with nothing", () => {
    const day: FormItem = { type: "date", name: "day", label: "日期", default: ["today"] };
    const agent: FormItem = { type: "text", name: "agent", label: "药剂", max: 20, keep: true, default: "氯" };
    const area: FormItem = { type: "decimal", name: "area", label: "面积", low: 0, high: 9, keep: true };
    const pond = form(day, agent, area);
    expect(freshBody(pond, {}, TODAY)).toEqual({ day: TODAY, agent: "氯" });
    expect(freshBody(pond, { agent: "酒精", area: 99, day: "2020-01-01" }, TODAY)).toEqual({ day: TODAY, agent: "酒精" }); // 99 is out of bounds now
    expect(keptOf(pond, { day: TODAY, agent: "酒精", area: "" })).toEqual({ agent: "酒精" });
  });

  it("offers no choice and no field that was retired, but keeps what was chosen", () => {
    expect(Object.keys(offeredChoices(form(look), look, TODAY))).toEqual(["clear", "other"]);
    expect(Object.keys(offeredChoices(form(look), look, "2026-11-22"))).toEqual(["clear", "rubbish", "other"]);
    expect(Object.keys(offeredChoices(form(look), look, TODAY, ["rubbish"]))).toEqual(["clear", "rubbish", "other"]);
    expect(walk(form(look), { look: "rubbish" }, context).problems).toEqual({});
    const note: FormItem = { type: "text", name: "note", label: "备注", max: 20, to: TODAY };
    expect([isOnForm(note, TODAY), isOnForm(note, "2026-11-22"), isOnForm({ ...note, required: true }, TODAY)]).toEqual([false, true, true]);
  });

  it("takes no day that the calendar lacks, as a browser does", () => {
    const at: FormItem = { type: "dateTime", name: "at", label: "时间" };
    for (const wrong of ["2021-02-30T08:00:00Z", "2021-12-01T24:00:00Z"]) {
      expect(walk(form(at), { at: wrong }, context).problems).toEqual({ at: "没有这个时间, 请检查。" });
    }
  });

  it("judges each change of a register by itself", () => {
    expect(changeProblems(form(look, why), { look: "dirty", why: null }, context)).toEqual({ look: "只能是这几个之一: clear, rubbish, other。" });
    expect(changeProblems(form(look, why), { look: null }, context)).toEqual({ look: "缺少这一项, 请填写。" });
  });
});
