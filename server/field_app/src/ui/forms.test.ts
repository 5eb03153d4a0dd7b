import { describe, expect, it } from "vitest";
import type { Form } from "../domain/form";
import type { OutboxRow } from "../store/database";
import { childForms, kindOf, logAt, pageOf, pathAgain, roomOf } from "./forms";

function form(code: string, version = 1, nature: Form["nature"] = "fact"): Form {
  return { code, version, title: `表单 ${code} ${version}`, nature, source: "x", from: "2021-12-01", site_kinds: [], writers: ["inspector"], items: [] };
}

function written(kind: string, act = "add", members: object = {}): OutboxRow {
  const line = new TextEncoder().encode(JSON.stringify({ body: {}, ...members }));
  return { kind, act, id: "e", record: "r", line } as unknown as OutboxRow;
}

const FORMS = [form("pond_round", 2), form("pond_round", 1), form("pump_list", 1, "register")];

describe("the screens of kinds", () => {
  it("fills in by its form whatever is no kind in code, and nothing that only the server writes", () => {
    expect(roomOf([], "pond_round")).toBeNull();
    expect(kindOf(FORMS, "pond_round")?.title).toBe("表单 pond_round 2");
    expect(["worker_merge", "window", "nothing"].map((kind) => roomOf(FORMS, kind))).toEqual([null, null, null]);
  });

  it("leads from a kind to its room, and back", () => {
    expect(roomOf(FORMS, "temperature_check")).toBe("/temperature");
    expect(roomOf(FORMS, "pond_round")).toBe("/log/pond_round");
    expect(logAt("/log/pond_round")).toBe("pond_round");
    expect(logAt("/today")).toBe("");
  });

  it("leads to one record, or to the form that it is being written in", () => {
    expect([pageOf(FORMS, "pond_round", "r"), pageOf(FORMS, "case", "c"), pageOf(FORMS, "nothing", "x")]).toEqual(["/log/pond_round?record=r", "/cases/case?id=c", "/today"]);
  });

  it("knows which forms belong to a kind: those whose parent is of it", () => {
    const belongs = (code: string, file: string): Form => ({ ...form(code), items: [{ type: "select_one_from_file", name: "of", label: "属于", file, role: "parent" }] });
    const offered = [belongs("leak", "pond_round"), belongs("visit", "case"), form("pond_round")];
    expect(childForms(offered, "pond_round").map((one) => [one.form.code, one.field.name])).toEqual([["leak", "of"]]);
    expect(childForms(offered, "leak")).toEqual([]);
  });

  it("writes a refused entry again where its kind is written, a correction as a correction", () => {
    expect(pathAgain(FORMS, written("pond_round"))).toBe("/log/pond_round?copy=e");
    expect(pathAgain(FORMS, written("pond_round", "amend", { amends: "a" }))).toBe("/log/pond_round?copy=e&of=a");
    expect(pathAgain(FORMS, written("pump_list", "edit"))).toBe("/log/pump_list?copy=e&of=r");
    expect(pathAgain(FORMS, written("case", "edit"))).toBe("/cases/case?copy=e&id=r");
    expect(pathAgain(FORMS, written("pond_round", "void"))).toBeNull();
    expect(pathAgain(FORMS, written("window"))).toBeNull();
  });
});
