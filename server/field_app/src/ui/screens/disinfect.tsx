// 消毒: place by place; what was used last time is filled in already.

import { useState } from "preact/hooks";
import { choices, word } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { type Place, placeKey, placeOf, placesOf } from "../../domain/places";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import type { Photo } from "../../domain/photos";
import { draftName } from "../../store/drafts";
import { type Item, listed, type Written, writtenIn } from "../../store/view";
import { add } from "../../store/write";
import { useDraft } from "../drafts";
import { Choice } from "../parts/choice";
import { Field, numberOf } from "../parts/field";
import { Observed } from "../parts/observed";
import { PhotoField } from "../parts/photo_field";
import { timeText } from "../parts/when";
import { go, onward } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";

const KIND = "disinfection_log";

export function Disinfect({ place, copy }: { place: string | null; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const logs = useLive(() => listed(db, KIND, scope, today), [db, scope, today]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (!logs || copied === undefined) return null;
  const places = placesOf(site);
  const chosen = places.find((one) => placeKey(one) === place) ?? (copied && placeOf(copied.body));
  if (chosen) return <Log key={placeKey(chosen)} place={chosen} from={copied} />;
  return (
    <section>
      <h1>消毒</h1>
      {places.length === 0 && <p class="empty">这个工地还没有登记场所。</p>}
      <ul class="places">
        {places.map((one) => (
          <li key={placeKey(one)}>
            <button onClick={() => go(`/disinfect?place=${encodeURIComponent(placeKey(one))}`)}>
              <strong>{one.name}</strong>
              <small>{word("place", one.kind)}</small>
              <span class="aside">{doneText(logs.filter((log) => isAt(log, one)))}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function doneText(logs: readonly Item[]) {
  if (logs.length === 0) return <b class="muted">今日未消毒</b>;
  const times = [...logs].sort((a, b) => a.timeMs - b.timeMs).map(timeText);
  return <b class="good">{times.join("、")}</b>;
}

function isAt(log: Item, place: Place): boolean {
  const name = log.body["place_name"];
  return log.body["place"] === place.kind && (!name || name === place.name) && log.body["voided"] !== true;
}

interface LogForm {
  body: Body;
  photos: Photo[];
  observed?: string; // as domain/backfill has it
}

function Log({ place, from }: { place: Place; from: Written | null }) {
  const { db, site, offsetMs } = useSession();
  const save = useSave();
  const draft = useDraft<LogForm>(draftName(site?.scope ?? "none", `disinfect ${from?.id ?? placeKey(place)}`), async () => ({
    body: { ...(from?.body ?? (await lastUsed(db.note("disinfection")))), place: place.kind, place_name: place.name },
    photos: from?.photos ?? [],
    observed: observedText(from?.observedMs ?? null),
  }));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  if (!draft) return null;
  const { body, photos, observed = "" } = draft.value;
  const set = (changes: Body) => draft.set((now) => ({ body: { ...now.body, ...changes } }));
  const keep = async (event: Event) => {
    event.preventDefault();
    const found = problems(KIND, body);
    setWrong(found);
    if (Object.keys(found).length > 0 || observedProblem(observed, Date.now() + offsetMs) || !site) return;
    const clean = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== null));
    const write = () => add(db, site.scope, KIND, clean, photos, { id: draft.id, observedMs: observedMs(observed) });
    const goOn = onward();
    if (!(await save(write, `已保存: ${place.name}`, from?.id))) return;
    await draft.drop();
    const { agent, concentration_mg_l, operator } = clean;
    await db.setNote("disinfection", JSON.stringify({ agent, concentration_mg_l, operator }));
    goOn("/disinfect");
  };
  const field = { kind: KIND, body, wrong, set };
  return (
    <form class="log" onSubmit={keep}>
      <header>
        <a class="back" href="#/disinfect" aria-label="返回">
          ‹
        </a>
        <h1>
          {place.name} <small>{word("place", place.kind)}</small>
        </h1>
      </header>
      <Choice title="消毒剂" options={choices(KIND, "agent")} value={String(body["agent"] ?? "")} onChange={(agent) => set({ agent })} />
      {wrong["agent"] && <p class="wrong">{wrong["agent"]}</p>}
      <div class="fields">
        <Field {...field} name="concentration_mg_l" read={numberOf} mode="decimal" />
        <Field {...field} name="operator" />
        <Field {...field} name="amount_l" read={numberOf} mode="decimal" />
        <Field {...field} name="area_m2" read={numberOf} mode="decimal" />
        <Field {...field} name="note" />
      </div>
      <Observed value={observed} onChange={(typed) => draft.set({ observed: typed })} />
      <PhotoField photos={photos} onChange={(change) => draft.set((now) => ({ photos: change(now.photos) }))} />
      <button class="main">保存</button>
    </form>
  );
}

async function lastUsed(note: Promise<unknown>): Promise<Body> {
  const kept = await note;
  return typeof kept === "string" ? (JSON.parse(kept) as Body) : {};
}
