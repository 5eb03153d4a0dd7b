import { expect, test } from "vitest";
import { reportLines } from "./report_lines";

const general = { code: "bureau", name: "质安科", part: "bureau", valid_from: "2021-12-01" };
const ofDistrict = { ...general, code: "bureau-702", name: "红旗区专班", district: "410702", dial: "0373-10000001" };
const ofSite = { ...general, code: "bureau-site", name: "本工地联络员", site: "a", dial: "0373-10000002" };

test("the closest line holds: the site's, else its district's, else the general one", () => {
  const rows = [general, ofDistrict, ofSite];
  const named = (district: string, site: string) => reportLines(rows, district, site, "2026-11-24").map(({ name }) => name);
  expect(named("410702", "a")).toEqual(["本工地联络员"]);
  expect(named("410702", "b")).toEqual(["红旗区专班"]);
  expect(named("410703", "b")).toEqual(["质安科"]);
});

test("a line that has ended or not begun is not shown, and one without a number says so", () => {
  const ended = { ...ofDistrict, valid_to: "2026-11-24" };
  const later = { ...ofDistrict, valid_from: "2026-11-25" };
  expect(reportLines([general, ended, later], "410702", "a", "2026-11-24")).toEqual([{ part: "bureau", name: "质安科", phone: "" }]);
});
