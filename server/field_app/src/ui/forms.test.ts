import { describe, expect, it } from "vitest";
import type { Form } from "../domain/form";
import type { OutboxRow } from "../store/database";
import { formKinds, kindOf, logAt, pathAgain, roomOf } from "./forms";

function form(code: string, version = 1, nature: Form["nature"] = "fact"): Form {
  return { code, version, title: `表单 ${code} ${version}`, nature, source: "x", from: "2021-12-01", site_kinds: [], writers: ["inspector"], items: [] };
}

function written(kind: string, act = "add", members: object = {}): OutboxRow {
  const line = new TextEncoder().encode(JSON.stringify({ body: {}, ...members }));
  return { kind, act, id: "e", record: "r", line } as unknown as OutboxRow;
}

const FORMS = [form("pond_round", 2), form("pond_round", 1), form("pump_list", 1, "register")];

describe("the screens of kinds", () => {
  it("fills in by its form whatever has no screen of its own, and nothing that only the server writes", () => {
    expect(formKinds([])).toEqual(["disinfection_log"]);
    expect(formKinds(FORMS)).toEqual(["disinfection_log", "pond_round", "pump_list"]);
    expect(kindOf(FORMS, "pond_round")?.title).toBe("表单 pond_round 2");
    expect(["worker_merge", "window", "nothing"].map((kind) => roomOf(FORMS, kind))).toEqual([null, null, null]);
  });

  it("leads from a kind to its room, and back", () => {
    expect(roomOf(FORMS, "temperature_check")).toBe("/temperature");
    expect(roomOf(FORMS, "pond_round")).toBe("/log/pond_round");
    expect(logAt("/log/pond_round")).toBe("pond_round");
    expect(logAt("/today")).toBe("");
  });

  it("leaves a kind to its form when that says more than the screen knows", () => {
    expect(roomOf([form("supply_movement")], "supply_movement")).toBe("/supplies");
    expect(roomOf([form("supply_movement"), form("supply_movement", 2)], "supply_movement")).toBe("/log/supply_movement");
  });

  it("writes a refused entry again where its kind is written, a correction as a correction", () => {
    expect(pathAgain(FORMS, written("pond_round"))).toBe("/log/pond_round?copy=e");
    expect(pathAgain(FORMS, written("pond_round", "amend", { amends: "a" }))).toBe("/log/pond_round?copy=e&of=a");
    expect(pathAgain(FORMS, written("pump_list", "edit"))).toBe("/log/pump_list?copy=e&of=r");
    expect(pathAgain(FORMS, written("supply_movement"))).toBe("/supplies?copy=e");
    expect(pathAgain(FORMS, written("pond_round", "void"))).toBeNull();
    expect(pathAgain(FORMS, written("window"))).toBeNull();
  });
});
