// The same cases judge the server's rule: tests/field_app/test_report_lines_are_the_servers.py.

import { expect, test } from "vitest";
import type { Body } from "../protocol/entry";
import { reportLines } from "./report_lines";
import written from "./report_lines_cases.json";

// As the rows come down: by the names of records.
const ROWS = written.rows.map(({ from, to, ...row }): Body => ({ ...row, valid_from: from, ...(to && { valid_to: to }) }));
const shown = (district: string, site: string, today = "2026-11-24") => reportLines(ROWS, district, site, today);

test.each(written.cases as { name: string; district: string; site: string; today?: string; names: string[] }[])("$name", ({ district, site, today, names }) => {
  expect(shown(district, site, today).map(({ name }) => name)).toEqual(names);
});

test("a line has its number, and one without says so", () => {
  expect(shown("410702", "a").map(({ phone }) => phone)).toEqual(["", "0373-10000002"]);
});
