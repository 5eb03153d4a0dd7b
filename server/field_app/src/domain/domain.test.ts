import { describe, expect, it } from "vitest";
import { contracts, reasonText } from "../contracts";
import { eventMs, timeMark, writtenTimes } from "../store/times";
import type { Item } from "../store/view";
import { observedMs, observedProblem, observedText } from "./backfill";
import { certificateProblem, companyProblem } from "./certificates";
import { asked, dues } from "./duties";
import { knownPlaces, placeWords } from "./places";
import { inForce } from "./dated";
import { departed, personOf, personOfCode, present, search } from "./people";
import { agreement, spelt } from "./pinyin";
import { celsiusOf, earlyText, isDone, isFever, isHigh, isRefused, retests, slotAt, verdict, waitMs } from "./temperature";
import { problems } from "./validate";

const DAY_MS = Date.parse("2026-11-23T00:00:00+08:00");
const MINUTE = 60_000;
const item = (kind: string, id: string, body: object, timeMs = 0): Item => ({
  ...{ scope: "site:1", kind, id, rev: 1, timeMs, state: "synced" as const },
  body: body as Item["body"],
});
const worker = (id: string, name: string, more: object = {}) =>
  item("worker", id, { name, team: "一班", certificate_masked: "410***********123X", phone: "138****5678", ...more });
const check = (minute: number, celsius: number, slot = "before_work") =>
  item("temperature_check", `c${minute}`, { worker: "w", celsius, slot }, DAY_MS + minute * MINUTE);

describe("work that was written down later", () => {
  const now = Date.parse("2026-11-23T12:00:30+08:00");

  it("was done when its author says, by the clocks here", () => {
    expect(observedText(observedMs("2026-11-23T07:41"))).toBe("2026-11-23T07:41");
    expect(observedMs("2026-11-23T07:41")).toBe(Date.parse("2026-11-22T23:41:00Z"));
    expect([observedMs(""), observedMs("2026-11-23"), observedText(null)]).toEqual([null, null, ""]);
  });

  it("was not done after now, nor longer ago than the rule allows", () => {
    expect(["", "2026-11-23T12:00", "2026-11-21T12:01"].map((text) => observedProblem(text, now))).toEqual(["", "", ""]);
    expect(observedProblem("2026-11-23T12:01", now)).toMatch(/不能晚于现在/);
    expect(observedProblem("2026-11-21T12:00", now)).toMatch(/48 小时.*依据/);
    expect(observedProblem("2026-11-23T1", now)).toMatch(/完整/);
  });
});

describe("the time of a record", () => {
  const at = (more: object = {}) => ({ time: "2026-11-23T07:41:00+08:00", bound_ms: 4_000, grade: "offset", ...more });
  const time = Date.parse("2026-11-23T07:41:00+08:00");

  it("is the server's estimate, or when it was observed, but not after it was written", () => {
    expect(eventMs({ at: at() })).toBe(time);
    expect(eventMs({})).toBe(null);
    expect(eventMs({ at: at(), observed: "2026-11-23T06:00:00+08:00" })).toBe(time - 101 * MINUTE);
    expect(eventMs({ at: at({ latest: "2026-11-23T07:42:00+08:00" }), observed: "2026-11-23T09:00:00+08:00" })).toBe(time + MINUTE);
  });

  it("is an interval where the server says one, and this tablet's clock where not", () => {
    const served = { at: at({ earliest: "2026-11-23T07:40:00+08:00", latest: "2026-11-23T07:42:00+08:00" }) };
    expect(writtenTimes({ body: served, timeMs: time })).toEqual({ earliestMs: time - MINUTE, latestMs: time + MINUTE, observedMs: null });
    expect(writtenTimes({ body: { at: at({ latest: "2026-11-23T07:42:00+08:00" }) }, timeMs: time })).toMatchObject({ earliestMs: -Infinity });
    const own = { body: { observed: "2026-11-23T06:00:00+08:00" }, timeMs: time };
    expect(writtenTimes(own)).toEqual({ earliestMs: time, latestMs: time, observedMs: time - 101 * MINUTE });
  });

  it("says so where it was written later, where the clock is doubtful, and how far off it may be", () => {
    const marks = [{ at: at() }, { at: at({ bound_ms: 150_000 }) }, { at: at({ bound_ms: 5_400_000 }) }, { at: at({ doubt: true }) }];
    expect(marks.map(timeMark)).toEqual(["", "±3 分", "±2 小时", "时间存疑"]);
    expect([{ at: at({ doubt: true }), backfilled: true }, { observed: "2026-11-23T06:00:00+08:00" }].map(timeMark)).toEqual(["补录", "补录"]);
  });
});

/** A version of a duty, as it comes down in scope `ref`. */
const version = (code: string, slots: [slot: string, opens: string, due: string][], more: object = {}): Item => {
  const asked = slots.map(([slot, opens, due]) => ({ slot, opens, due, admits: [slot] }));
  return { ...item("duty", code + JSON.stringify(more), { code, name: code, judging: "coverage", kind: "temperature_check", slots: asked, valid_from: "2021-12-01", ...more }), scope: "ref" };
};
const DUTIES = [
  version("TEMP", [["before_work", "05:30", "08:30"], ["after_work", "16:30", "20:00"]]),
  version("TEMP-CANTEEN", [["before_work", "05:00", "07:30"], ["meal", "10:00", "13:00"], ["after_work", "16:30", "20:00"]], { staff: "canteen" }),
  version("DISINFECT", [["morning", "06:00", "12:00"]], { judging: "log", kind: "disinfection_log" }),
  version("VENTILATE", [], { judging: "log", kind: "ventilation_log" }),
];

describe("a duty of several versions", () => {
  const now = version("TEMP", [["before_work", "05:30", "08:30"]], { name: "每日测温", valid_to: "2026-12-01" });
  const toCome = version("TEMP", [["meal", "10:00", "13:00"]], { name: "每日三次测温", valid_from: "2026-12-01" });
  const on = (day: string) => [inForce([toCome, now], "TEMP", day)?.body["name"], slotAt(Date.parse(`${day}T11:00:00+08:00`), [toCome, now])];

  it.each([
    ["2021-11-30", undefined, ""],
    ["2026-11-30", "每日测温", "before_work"],
    ["2026-12-01", "每日三次测温", "meal"],
  ])("on %s is asked as it holds on that day", (day, name, slot) => expect(on(day)).toEqual([name, slot]));

  it("leaves the windows of a day to the version of that day", () => {
    const window = (local_date: string) =>
      item("window", local_date, { duty: "TEMP", slot: "meal", state: "open", local_date, opens: `${local_date}T10:00:00+08:00`, due: `${local_date}T13:00:00+08:00` });
    const day = { checks: [], logs: [], passes: [], people: [personOf(worker("w", "张三"))], duties: [now, toCome], keys: new Map<string, string>() };
    const shown = ["2026-11-30", "2026-12-01"].flatMap((date) => dues({ ...day, windows: [window(date)] }, DAY_MS));
    expect(shown.map((due) => due.title)).toEqual(["每日测温", "每日三次测温"]);
  });
});

describe("finding a person", () => {
  it.each([
    ["张三", "zs"],
    ["欧阳长河", "oych"],
    ["曾小贤", "zxx"],
    ["单国栋", "sgd"],
    ["买买提·吐尔逊", "mmttex"],
    ["阿依古丽", "aygl"],
    ["赵卫东", "zwd"],
    ["张长重", "zcz"],
    ["John 王", "johnw"],
    ["张三", "zhangsan"],
    ["张三丰", "zhang san feng"],
    ["张三丰", "zhangsf"],
    ["李西安", "lixi'an"],
    ["吕略", "lvlve"],
    ["吕略", "lulue"],
    ["单国栋", "shanguodong"],
    ["朴长乐", "piaochangle"],
    ["曾小贤", "zengxiaoxian"],
    ["翟茜", "zhaixi"],
    ["买买提·吐尔逊", "maimaitituerxun"],
    ["覃𠮷", "qin"],
  ])("%s is typed %s", (name, typed) => expect(["whole", "start"]).toContain(agreement(typed, spelt(name))));

  it.each([
    ["张三", "zhangsi"],
    ["张三", "zsa n x"],
    ["李西安", "lixian g"],
    ["曾小贤", "cengxiaoxian"],
    ["张三", ""],
  ])("%s is not typed %s", (name, typed) => expect(agreement(typed, spelt(name))).toBe("none"));

  it("by the whole of a name before its beginning, and that before what is inside", () => {
    const people = [worker("1", "王张三"), worker("2", "张三丰"), worker("3", "张三")].map(personOf);
    expect(search(people, "zhangsan").map((person) => person.id)).toEqual(["3", "2", "1"]);
  });

  it("by dormitory, where somebody sleeps in it, before numbers that look alike", () => {
    const people = [
      worker("1", "张三", { certificate_masked: "410***********0201", dormitory: "1-102" }),
      worker("2", "赵四", { dormitory: "2-201" }),
      worker("3", "王五", { dormitory: "3号楼B" }),
      worker("4", "钱六", { dormitory: "201" }),
    ].map(personOf);
    const ids = (typed: string) => search(people, typed).map((person) => person.id);
    expect(ids("2-201")).toEqual(["2"]);
    expect(ids("201")).toEqual(["4", "1", "2"]);
    expect(ids("3号楼")).toEqual(["3"]);
    expect(ids("b")).toEqual(["3"]);
  });

  it("by name, initials, and the ends of numbers", () => {
    const people = [worker("1", "张三"), worker("2", "赵四", { phone: "139****0001" })].map(personOf);
    const ids = (typed: string) => search(people, typed).map((person) => person.id);
    expect(ids("")).toEqual(["1", "2"]);
    expect(ids("张")).toEqual(["1"]);
    expect(ids("ZS")).toEqual(["1", "2"]);
    expect(ids("0001")).toEqual(["2"]);
    expect(ids("123x")).toEqual(["1", "2"]);
    expect(ids("9999")).toEqual([]);
  });

  it("by what a scanner reads", () => {
    const people = [worker("a", "张三"), worker("01971c5e-8a00-7000-8000-0000000000b1", "赵四", { certificate_masked: "410***********0001" })].map(personOf);
    const found = (code: string) => personOfCode(people, code)?.name;
    expect(found("https://example.test/?worker=01971C5E-8a00-7000-8000-0000000000b1")).toBe("赵四");
    expect(found("41070219900307123X")).toBe("张三");
    expect(found("41070219900307123x\n")).toBe("张三");
    expect(found("0001")).toBe("赵四");
    expect(found("11070219900307123X")).toBeUndefined(); // the same end, another beginning
    expect(found("nothing")).toBeUndefined();
    expect(search(people, "41070219900307123X").map((person) => person.name)).toEqual(["张三"]);
    const twins = [worker("1", "甲"), worker("2", "乙")].map(personOf);
    expect(personOfCode(twins, "123X")).toBeUndefined();
  });

  it("leaves out who has left, and who was a mistake", () => {
    const items = [worker("1", "甲", { exited_on: "2026-11-22" }), worker("2", "乙", { exited_on: "2026-11-23" }), worker("3", "丙", { voided: true })];
    expect(present(items, "2026-11-23").map((person) => person.id)).toEqual(["2"]);
    expect(departed(items, "2026-11-23").map((person) => person.id)).toEqual(["1"]);
  });
});

describe("a reading", () => {
  it.each([
    ["36", "incomplete"],
    ["299", "impossible"],
    ["451", "impossible"],
    ["349", "implausible"],
    ["421", "implausible"],
    ["350", "normal"],
    ["372", "normal"],
    ["373", "normal"],
    ["374", "fever"],
    ["420", "fever"],
  ])("%s is %s", (digits, expected) => expect(verdict(celsiusOf(digits))).toBe(expected));

  it("is refused at the gate from one number on, and measured again above another", () => {
    expect([37.2, 37.3, 37.4].map(isRefused)).toEqual([false, true, true]);
    expect([37.2, 37.3, 37.4].map((celsius) => isFever(celsius))).toEqual([false, false, true]);
    expect(verdict(37.3, isRefused)).toBe("fever");
  });

  it("that is high begins a retest, and two high ones of three decide", () => {
    const one = (...checks: Item[]) => retests(checks).get("w");
    expect(one(check(0, 36.5))).toBeUndefined();
    expect(one(check(0, 37.3))).toBeUndefined();
    const begun = one(check(0, 37.4))!;
    expect(begun).toMatchObject({ readings: [37.4] });
    expect([isDone(begun), isHigh(begun)]).toEqual([false, false]);
    const high = one(check(0, 37.5), check(5, 37.4, "retest"))!; // a third one could not change it
    expect([isDone(high), isHigh(high)]).toEqual([true, true]);
    const late = one(check(0, 37.5), check(5, 36.8, "retest"), check(10, 37.4, "retest"))!;
    expect([isDone(late), isHigh(late)]).toEqual([true, true]);
    const low = one(check(0, 37.5), check(5, 36.8, "retest"), check(10, 37.3, "retest"))!;
    expect([isDone(low), isHigh(low)]).toEqual([true, false]);
  });

  it("counts the readings that did not wait, whoever took them", () => {
    const early = (...checks: Item[]) => retests(checks).get("w")!;
    expect(early(check(0, 37.5), check(5, 36.8, "retest")).early).toBe(0);
    const hasty = early(check(0, 37.5), check(4, 36.8, "retest"), check(10, 36.7, "retest"));
    expect(hasty.early).toBe(1);
    expect(earlyText(hasty)).toBe("1 次复测未满 5 分钟");
    expect(earlyText({ ...hasty, early: 0 })).toBe("");
  });

  it("is repeated only after the time that the rule asks for", () => {
    const begun = retests([check(0, 37.5)]).get("w")!;
    expect(waitMs(begun, DAY_MS + 2 * MINUTE)).toBe(3 * MINUTE);
    expect(waitMs(begun, DAY_MS + 5 * MINUTE)).toBe(0);
    const going = retests([check(0, 37.5), check(5, 36.8, "retest")]).get("w")!;
    expect(waitMs(going, DAY_MS + 6 * MINUTE)).toBe(4 * MINUTE);
  });

  it.each([
    ["04:00", "before_work"],
    ["07:30", "before_work"],
    ["13:00", "before_work"], // the next slot has not opened: a reading would not count in it
    ["16:30", "after_work"],
  ])("at %s belongs to %s", (time, slot) => expect(slotAt(Date.parse(`2026-11-23T${time}:00+08:00`), DUTIES)).toBe(slot));

  it("that was declared void begins nothing", () => {
    const wrong = check(0, 39.5);
    expect(retests([{ ...wrong, body: { ...wrong.body, voided: true } }]).size).toBe(0);
  });
});

describe("limits are the server's", () => {
  const good = {
    ...{ name: "阿·买买提", certificate_type: "id_card", certificate_number: "11010519491231002X", company: "91350100M000100Y43" },
    ...{ team: "钢筋一班", trade: "020", role: "worker", entered_on: "2026-11-23" },
  };

  it("takes a good worker", () => expect(problems("worker", good)).toEqual({}));

  it.each([
    [{ name: " " }, "name"],
    [{ name: "字".repeat(51) }, "name"],
    [{ certificate_number: "110105491231002" }, "certificate_number"],
    [{ certificate_number: "110105194912310021" }, "certificate_number"],
    [{ certificate_number: "11010519491331002X" }, "certificate_number"],
    [{ company: "91350100M000100Y44" }, "company"],
    [{ trade: "2" }, "trade"],
    [{ phone: "12812345678" }, "phone"],
    [{ entered_on: "2026-02-30" }, "entered_on"],
    [{ exited_on: "2026-11-22" }, "exited_on"],
    [{ role: "boss" }, "role"],
  ])("refuses %o", (wrong, field) => {
    const found = problems("worker", { ...good, ...wrong });
    expect(Object.keys(found)).toEqual([field]);
    expect(found[field]).toMatch(/\p{Script=Han}/u);
  });

  it("validates only what an edit changes", () => {
    expect(problems("worker", { team: "木工班" }, true)).toEqual({});
    expect(problems("worker", { team: "" }, true)).toHaveProperty("team");
  });

  it("has the name of a site's own place for a kind that has no word yet", () => {
    const site = item("site", "s", { places: [{ kind: "pump_house", name: "一号泵房" }, { kind: "canteen", name: "食堂" }] });
    expect(placeWords(site)).toEqual({ ...contracts.words["place"], pump_house: "一号泵房" });
  });

  it("knows the other certificates", () => {
    expect(certificateProblem("hmt_residence", "810000199001010014")).toMatch(/校验|^$/);
    expect(certificateProblem("hmt_residence", "110105194912310021")).toContain("810000");
    expect(certificateProblem("foreign_permanent", "ABC123456789012")).toBe("");
    expect(certificateProblem("passport", "E1234567")).toBe("");
    expect(certificateProblem("passport", "E 123")).not.toBe("");
    expect(companyProblem("lower")).not.toBe("");
  });
});

describe("what is due", () => {
  const at = (time: string) => Date.parse(`2026-11-23T${time}:00+08:00`);
  const window = (duty: string, slot: string, opens: string, due: string, more: object = {}) =>
    item("window", `${duty} ${slot}`, { duty, slot, state: "open", local_date: "2026-11-23", ...more, opens: `2026-11-23T${opens}:00+08:00`, due: `2026-11-23T${due}:00+08:00` });
  const day = { windows: [] as Item[], checks: [] as Item[], logs: [] as Item[], passes: [] as Item[], people: [personOf(worker("w", "张三"))], duties: DUTIES, keys: new Map<string, string>() };

  it("comes in the order of need", () => {
    const windows = [
      window("TEMP", "after_work", "16:30", "20:00"),
      window("TEMP", "before_work", "05:30", "08:30", { closes: "2026-11-23T16:30:00+08:00" }),
      window("DISINFECT", "morning", "06:00", "12:00", { place: "canteen" }),
      window("DISINFECT", "afternoon", "12:30", "20:00", { place: "canteen", state: "met" }),
    ];
    const found = dues({ ...day, windows }, at("10:00"));
    expect(found.map((due) => due.standing)).toEqual(["overdue", "due", "later", "done"]);
  });

  it("says why the office looks at a window, whatever the tablet has", () => {
    const windows = [window("DISINFECT", "morning", "06:00", "12:00", { place: "canteen", state: "review", reason: "evidence_lost" })];
    const logs = [item("disinfection_log", "l", { place: "canteen" }, at("07:00"))];
    const [due] = dues({ ...day, windows, logs }, at("08:00"));
    expect(due).toMatchObject({ standing: "review", reason: contracts.words["window_reason"]!["evidence_lost"] });
    expect(reasonText("suspended: 王某, 大风")).toBe(`${contracts.words["window_reason"]!["suspended"]}: 王某, 大风`);
    expect([reasonText("a later code"), reasonText(undefined)]).toEqual(["a later code", ""]);
  });

  it("counts this tablet's own work, sent or not", () => {
    const windows = [window("TEMP", "before_work", "05:30", "08:30"), window("DISINFECT", "morning", "06:00", "12:00", { place: "canteen" })];
    const checks = [item("temperature_check", "c", { worker: "w", celsius: 36.5, slot: "before_work" }, at("07:00"))];
    const logs = [item("disinfection_log", "l", { place: "canteen" }, at("07:00"))];
    expect(dues({ ...day, windows, checks, logs }, at("08:00")).map((due) => due.standing)).toEqual(["recorded", "recorded"]);
    const elsewhere = [item("disinfection_log", "l", { place: "toilet" }, at("07:00"))];
    expect(dues({ ...day, windows, logs: elsewhere }, at("08:00")).map((due) => due.standing)).toEqual(["due", "due"]);
  });

  it("is done at one place, and not at the other of its kind", () => {
    const places = knownPlaces(item("site", "s", { places: [{ id: "a", kind: "dormitory", name: "一号楼" }, { id: "b", kind: "dormitory", name: "东楼", earlier: [{ name: "二号楼", until: "2026-11-20T00:00:00+08:00" }] }] }));
    const windows = ["a", "b"].map((id) => window("DISINFECT", `morning ${id}`, "06:00", "12:00", { place: "dormitory", place_id: id }));
    const standings = (body: object) => dues({ ...day, windows, places, logs: [item("disinfection_log", "l", { place: "dormitory", ...body }, at("07:00"))] }, at("08:00")).map((due) => [due.placeId, due.standing]);
    expect(standings({ place_id: "b" })).toEqual([["a", "due"], ["b", "recorded"]]);
    expect(standings({ place_name: "二号楼" })).toEqual([["a", "due"], ["b", "recorded"]]);
    expect(standings({ place_name: "一号楼" }).map(([, standing]) => standing).sort()).toEqual(["due", "recorded"]);
    expect(standings({})).toEqual([["a", "due"], ["b", "due"]]); // nobody can say which
    expect(standings({ place_id: "gone" })).toEqual([["a", "due"], ["b", "due"]]);
    const asked = [window("DISINFECT", "morning", "06:00", "12:00", { place: "dormitory" })]; // from before places had ids
    expect(dues({ ...day, windows: asked, places, logs: [item("disinfection_log", "l", { place_id: "b" }, at("07:00"))] }, at("08:00"))[0]!.standing).toBe("recorded");
  });

  it("counts the kind of record that the duty asks for, whichever that is", () => {
    const windows = [window("VENTILATE", "morning", "06:00", "12:00", { place: "dormitory" }), window("VENTILATE", "noon", "06:00", "13:00")];
    const standings = (kind: string, place: string) => dues({ ...day, windows, logs: [item(kind, "l", { place }, at("07:00"))] }, at("08:00")).map((due) => [due.evidence, due.standing]);
    expect(standings("disinfection_log", "dormitory")).toEqual([["ventilation_log", "due"], ["ventilation_log", "due"]]);
    expect(standings("ventilation_log", "canteen")).toEqual([["ventilation_log", "due"], ["ventilation_log", "recorded"]]); // of the whole site
    expect(standings("ventilation_log", "dormitory")).toEqual([["ventilation_log", "recorded"], ["ventilation_log", "recorded"]]);
  });

  const pass = (id: string, direction: string, time: string) => item("gate_pass", `${id} ${time}`, { worker: id, direction }, at(time));
  const reading = (id: string, time: string, slot = "before_work") => item("temperature_check", `r${id}${time}`, { worker: id, celsius: 36.5, slot }, at(time));
  const morning = [window("TEMP", "before_work", "05:30", "08:30", { local_date: "2026-11-23" })];
  const crew = ["a", "b", "c"].map((id) => personOf(worker(id, id)));

  it("is not recorded by what may lie outside of it", () => {
    const windows = [window("DISINFECT", "morning", "06:00", "12:00", { place: "canteen" })];
    const log = (earliest: string, latest: string) => {
      const served = { time: `2026-11-23T${latest}:00+08:00`, earliest: `2026-11-23T${earliest}:00+08:00`, latest: `2026-11-23T${latest}:00+08:00` };
      return item("disinfection_log", "l", { place: "canteen", at: served }, at(latest));
    };
    const standings = [log("05:58", "06:03"), log("06:01", "06:03")].map((one) => dues({ ...day, windows, logs: [one] }, at("08:00"))[0]!.standing);
    expect(standings).toEqual(["due", "recorded"]);
  });

  it("is not done because one person went through the gate", () => {
    const checks = [reading("a", "06:30"), reading("b", "06:30", "entry")];
    const [due] = dues({ ...day, windows: morning, people: crew, checks, passes: [pass("a", "in", "06:00")] }, at("08:00"));
    expect(due).toMatchObject({ standing: "due", done: 1, needed: 2 });
  });

  it("asks for the whole roster where no gate is kept", () => {
    const [due] = dues({ ...day, windows: morning, people: crew, checks: [reading("a", "06:30")] }, at("08:00"));
    expect(due).toMatchObject({ standing: "due", done: 1, needed: 3 });
    const { toDo } = asked({ ...day, windows: morning, people: crew, checks: [reading("a", "06:30")] }, "before_work");
    expect(toDo.map((person) => person.id)).toEqual(["b", "c"]);
  });

  it("asks everybody who is there for a declaration, which a reading is not", () => {
    const people = [...crew, personOf(worker("cook", "厨师", { canteen_staff: true }))];
    const windows = [window("TRAVEL", "day", "05:00", "20:00", { local_date: "2026-11-23" })];
    const declared = (id: string) => ({ ...reading(id, "06:40", ""), kind: "travel_declaration" });
    const duties = [...DUTIES, version("TRAVEL", [], { kind: "travel_declaration", slots: [{ slot: "day", opens: "05:00", due: "20:00" }] })];
    const given = { ...day, duties, windows, people, passes: [pass("a", "in", "05:40"), pass("cook", "in", "05:40")], checks: [reading("a", "06:30")] };
    const found = ["c", "a"].map((id) => dues({ ...given, logs: [declared("cook"), declared(id)] }, at("07:00"))[0]);
    expect(found).toMatchObject([{ standing: "due", done: 1, needed: 2 }, { standing: "recorded", done: 2, needed: 2 }]);
  });

  it("leaves the canteen's staff to their own duty", () => {
    const people = [...crew, personOf(worker("cook", "厨师", { canteen_staff: true }))];
    const windows = [...morning, window("TEMP-CANTEEN", "before_work", "05:00", "07:30", { local_date: "2026-11-23" })];
    const passes = ["a", "cook"].map((id) => pass(id, "in", "05:40"));
    const found = dues({ ...day, windows, people, passes, checks: [reading("a", "06:30")] }, at("07:00"));
    expect(found.map((due) => [due.duty, due.standing, due.done, due.needed])).toEqual([
      ["TEMP-CANTEEN", "due", 0, 1],
      ["TEMP", "recorded", 1, 1],
    ]);
  });
});
