// What is due to a person. A camera is asked of its platform: nobody at the site can do it, or forget it.

import { describe, expect, it } from "vitest";
import type { Item } from "../store/view";
import { dues } from "./duties";

const NOON_MS = Date.parse("2026-11-23T12:00:00+08:00");
const item = (kind: string, id: string, body: object): Item => ({
  ...{ scope: "site:1", kind, id, rev: 1, timeMs: 0, state: "synced" as const },
  body: body as Item["body"],
});
const CAMERA = item("duty", "d", { code: "CAMERA", name: "在线监控", judging: "telemetry", kind: "camera_state", valid_from: "2021-12-01", slots: [] });
const window = (state: string) =>
  item("window", state, {
    ...{ duty: "CAMERA", slot: "41070200001320000001", local_date: "2026-11-23", state, reason: "not_satisfied" },
    ...{ opens: "2026-11-23T00:00:00+08:00", due: "2026-11-24T00:00:00+08:00", closes: "2026-11-24T02:00:00+08:00", grace_s: 7200 },
  });

describe("the window of a camera", () => {
  it.each([
    ["open", 0],
    ["silent", 0],
    ["missed", 1],
    ["review", 1],
  ])("that is %s is shown %i times", (state, times) => {
    const day = { windows: [window(state)], checks: [], logs: [], passes: [], people: [], keys: new Map<string, string>(), duties: [CAMERA] };
    expect(dues(day, NOON_MS)).toHaveLength(times);
  });
});
