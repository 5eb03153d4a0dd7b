// Whom a case is reported to, and by which telephone number: dated rows that came down, so that they are at hand without a network.

import type { Body } from "../protocol/entry";

export interface ReportLine {
  part: string; // community, headquarters, bureau
  name: string;
  phone: string; // empty: nobody has said it yet
}

const PARTS = ["community", "headquarters", "bureau"];

/** The closest line of each in force: that of the site, else of its district, else the general one. As server/rules/report_lines.py. */
export function reportLines(rows: readonly Body[], district: string, site: string, today: string): ReportLine[] {
  const until = (row: Body) => row["valid_to"];
  const holds = (row: Body) => String(row["valid_from"] ?? "") <= today && (typeof until(row) !== "string" || today < String(until(row)));
  const fits = (row: Body) => district.startsWith(String(row["district"] ?? "")) && (row["site"] ?? site) === site;
  const closeness = (row: Body) => [row["site"] ? 1 : 0, row["district"] ? 1 : 0, String(row["valid_from"] ?? ""), String(row["code"])].join("|");
  return PARTS.flatMap((part) => {
    const fitting = rows.filter((row) => row["part"] === part && holds(row) && fits(row));
    const [row] = fitting.sort((a, b) => closeness(b).localeCompare(closeness(a)));
    return row ? [{ part, name: String(row["name"]), phone: String(row["dial"] ?? "") }] : [];
  });
}
