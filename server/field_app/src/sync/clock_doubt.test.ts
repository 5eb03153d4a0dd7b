import { describe, expect, it } from "vitest";
import { clockDoubt } from "./clock_doubt";

const HEARD = Date.parse("2026-11-23T10:00:00+08:00");
const MIN = 60_000;
const HOUR = 60 * MIN;

describe("a clock without a server", () => {
  it("is believed on the day of the last exchange", () => {
    expect(clockDoubt(HEARD + 5 * HOUR, HEARD, HEARD + HOUR, 15_000, 15_000)).toBe("");
    expect(clockDoubt(HEARD - 20_000, HEARD, 0, 0, 0)).toBe("");
    expect(clockDoubt(HEARD + 27 * HOUR, 0, 0, 0, 0)).toBe(""); // nothing to compare with
  });

  it("is doubted when it went back behind the last exchange or the last entry", () => {
    expect(clockDoubt(HEARD - 2 * MIN, HEARD, 0, 0, 0)).toBe("back");
    expect(clockDoubt(HEARD + HOUR, HEARD, HEARD + 2 * HOUR, 0, 0)).toBe("back");
  });

  it("is doubted when it jumps while somebody looks on", () => {
    expect(clockDoubt(HEARD + HOUR, HEARD, 0, HOUR, 15_000)).toBe("jumped");
    expect(clockDoubt(HEARD + HOUR, HEARD, HEARD, 15_000, HOUR)).toBe("jumped");
  });

  it("is doubted on another day than that of the last exchange", () => {
    expect(clockDoubt(HEARD + 27 * HOUR, HEARD, HEARD, 0, 0)).toBe("new_day");
  });
});
