import { describe, expect, it } from "vitest";
import type { Item } from "../store/view";
import { flagOf, hasRoom, photosToKeep } from "./flags";

const flag = (id: string, body: object) => flagOf({ id, kind: "flag", scope: "site:a", body: { duty: "D", opened: "2026-11-24T08:00:00+08:00", ...body }, state: "synced", timeMs: 0 } as unknown as Item);
const replied = (...media: string[]) => ({ note: "已补做", by: "王芳", at: "2026-11-24T12:00:00+08:00", media });

describe("a flag as it came down", () => {
  it("has what was asked, until when, and what was replied", () => {
    const one = flag("f", { state: "submitted", due: "2026-11-27T12:40:00+08:00", asked: { note: "每日两次", by: "质安科", at: "2026-11-24T09:00:00+08:00" }, reply: replied("a") });
    expect([one.awaitsRecheck, one.dueMs, one.asked?.note, one.asked?.media, one.reply?.media]).toEqual([true, Date.parse("2026-11-27T04:40:00Z"), "每日两次", [], ["a"]]);
  });

  it("from a server that says nothing of it has neither", () => {
    const one = flag("f", { state: "open" });
    expect([one.asked, one.reply, one.dueMs, one.kept.size]).toEqual([null, null, null, 0]);
  });

  it("says of a recheck that moved nothing why", () => {
    const one = flag("f", { state: "verified", rechecks: [{ record: "r" }, { record: "s", kept: "stale_rev", because: "已经另行处理" }] });
    expect([one.kept.get("r"), one.kept.get("s"), one.kept.has("t")]).toEqual(["", "已经另行处理", false]);
  });
});

describe("photos that a tablet keeps", () => {
  it("are those of open flags, of what is due first before the others", () => {
    const flags = [flag("late", { state: "submitted", due: "2026-11-30T08:00:00+08:00", reply: replied("a", "b") }), flag("soon", { state: "submitted", due: "2026-11-25T08:00:00+08:00", reply: replied("c") }), flag("over", { state: "closed", reply: replied("d") })];
    expect(photosToKeep(flags).map(({ sha256 }) => sha256)).toEqual(["c", "a", "b"]);
  });

  it("have a limit", () => expect([hasRoom(0), hasRoom(30 * 1024 * 1024)]).toEqual([true, false]));
});
