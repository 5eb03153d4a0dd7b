// Stays in areas at risk: a trip is held against the list that came down, at once and without a network. The server does the same
// when the record arrives, and again whenever the list changes (server/rules/travel.py).

import type { Body } from "../protocol/entry";
import { addDays } from "../protocol/time";
import { type Form, fieldOf, fieldsOf } from "./form";

/** Local dates, both included. */
export interface Trip {
  area: string;
  arrived: string;
  left: string;
}

export const LEVELS: Record<string, string> = { high: "高风险", medium: "中风险", named: "指定地区" };

/** The trip that a record of this form says, once it says where and from when; a form about no trip says none. */
export function tripIn(form: Form, body: Body, today: string): Trip | null {
  const area = fieldsOf(form).find(({ file }) => file === "areas");
  const day = (...roles: string[]) => {
    const item = roles.map((role) => fieldOf(form, role)).find((one) => one !== undefined);
    return String((item && body[item.name]) ?? "").slice(0, 10);
  };
  const arrived = day("started", "valid_from");
  if (!area || !body[area.name] || !arrived || !fieldOf(form, "worker")) return null;
  return { area: String(body[area.name]), arrived, left: day("ended", "valid_to") || (today > arrived ? today : arrived) };
}

/** The listed areas that a trip hits, by code. `lookBackD`: for how many days before an area was listed a stay counts. */
export function hits(areas: readonly Body[], trip: Trip, lookBackD: (day: string) => number): Body[] {
  const found = areas.filter((area) => isRelated(String(area["code"]), trip.area) && overlaps(area, trip, lookBackD));
  return found.sort((a, b) => String(a["code"]).localeCompare(String(b["code"])));
}

function isRelated(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function overlaps(area: Body, { arrived, left }: Trip, lookBackD: (day: string) => number): boolean {
  const listed = String(area["valid_from"] ?? "");
  const earliest = listed && addDays(listed, -lookBackD(listed));
  const since = String(area["since"] ?? earliest);
  const until = area["valid_to"];
  return left >= (since < earliest ? since : earliest) && (typeof until !== "string" || arrived <= until);
}
