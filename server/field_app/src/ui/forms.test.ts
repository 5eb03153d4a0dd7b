import { describe, expect, it } from "vitest";
import { contracts, type KindRule } from "../contracts";
import type { OutboxRow } from "../store/database";
import { formOf, furtherLogs, logAt, roomOf } from "./forms";

const log: KindRule = { title: "通风记录", icon: "fan", nature: "fact", acts: ["add", "amend", "void"], fields: {} };

function refused(kind: string, act = "add"): OutboxRow {
  return { kind, act, id: "e", record: "e", line: new TextEncoder().encode('{"body":{}}') } as unknown as OutboxRow;
}

describe("the screens of kinds", () => {
  it("offers each log that has no screen of its own, and nothing that only the server writes", () => {
    expect(furtherLogs()).toEqual([]);
    expect(furtherLogs({ ...contracts.kinds, ventilation_log: log })).toEqual(["ventilation_log"]);
  });

  it("leads from a kind to its room, and back", () => {
    const kinds = { ...contracts.kinds, ventilation_log: log };
    expect(roomOf("disinfection_log")).toBe("/disinfect");
    expect(roomOf("ventilation_log", kinds)).toBe("/log/ventilation_log");
    expect(logAt("/log/ventilation_log")).toBe("ventilation_log");
    expect([roomOf("worker_merge"), roomOf("window"), roomOf("nothing")]).toEqual([null, null, null]);
    expect(logAt("/today")).toBe("");
  });

  it("writes a refused entry again where its kind is written", () => {
    expect(formOf(refused("disinfection_log"))).toBe("/disinfect?copy=e");
    expect(formOf(refused("disinfection_log", "void"))).toBeNull();
    expect(formOf(refused("window"))).toBeNull();
    contracts.kinds["ventilation_log"] = log;
    try {
      expect(formOf(refused("ventilation_log"))).toBe("/log/ventilation_log?copy=e");
    } finally {
      delete contracts.kinds["ventilation_log"];
    }
  });
});
