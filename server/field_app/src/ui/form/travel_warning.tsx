// Whoever was in an area at risk is to be reported at once: said as soon as the form says where and when.

import { ruleOn } from "../../contracts";
import type { Form } from "../../domain/form";
import { hits, LEVELS, tripIn } from "../../domain/travel";
import type { Body } from "../../protocol/entry";
import { listed } from "../../store/view";
import { useLive, useSession } from "../session";

const LOOK_BACK = "travel_look_back_d";

export function TravelWarning({ form, body, today }: { form: Form; body: Body; today: string }) {
  const { db } = useSession();
  const trip = tripIn(form, body, today);
  const areas = useLive(async () => (trip ? (await listed(db, "risk_area", "ref")).map((item) => item.body) : []), [db, trip !== null]);
  const found = trip ? hits(areas ?? [], trip, (day) => ruleOn(LOOK_BACK, day)?.value ?? 0) : [];
  if (found.length === 0) return null;
  return (
    <div class="card bad" role="alert">
      <strong>到过风险地区, 请立即报告社区、指挥部和住建局</strong>
      {found.map((area) => (
        <p key={`${area["code"]} ${area["valid_from"]}`}>
          {String(area["name"])} ({LEVELS[String(area["level"])]}), {String(area["valid_from"])} 起列入; {String(area["source"])}
        </p>
      ))}
    </div>
  );
}
