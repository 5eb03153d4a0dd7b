import { describe, expect, it } from "vitest";
import { distanceM, distanceText } from "./distance";

const xinxiang = { latitude_deg: 35.303, longitude_deg: 113.9268 };

describe("distance", () => {
  it("is that between two towns, as a map has it", () => {
    const zhengzhou = { latitude_deg: 34.7466, longitude_deg: 113.6254 };
    expect(Math.round(distanceM(xinxiang, zhengzhou) / 1000)).toBe(68);
  });

  it("is a degree of latitude everywhere, and nothing to itself", () => {
    expect([Math.round(distanceM({ latitude_deg: 0, longitude_deg: 0 }, { latitude_deg: 1, longitude_deg: 0 })), distanceM(xinxiang, xinxiang)]).toEqual([111195, 0]);
  });

  it("is read in metres near by and in kilometres farther on", () => expect([354, 4210, 31400].map(distanceText)).toEqual(["350 m", "4.2 km", "31 km"]));
});
