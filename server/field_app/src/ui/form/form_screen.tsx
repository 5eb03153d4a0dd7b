// Any form: its places or its questions, and the records of today.

import { useState } from "preact/hooks";
import { word } from "../../contracts";
import { choicesOf, fieldOf, type Form } from "../../domain/form";
import { isAtPlace, knownPlaces, type Place, placeKey } from "../../domain/places";
import { balances, stockOf } from "../../domain/stock";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { begunAt } from "../../store/begun";
import type { FieldDatabase } from "../../store/database";
import { formsOn } from "../../store/forms";
import { found, isStanding, type Item, listed, writtenIn } from "../../store/view";
import { childForms, logRoom, pageOf } from "../forms";
import { timeText } from "../parts/when";
import { go, onward } from "../route";
import { useLive, useNow, useSession } from "../session";
import { FillIn } from "./fill_in";
import { isAbout, offeredPlaces, placeItem } from "./place_choice";
import { Records } from "./records";
import { WORKER } from "../../domain/code_kinds";

interface Props {
  kind: string;
  place: string | null; // its key
  slot: string | null;
  of: string | null; // the record that is corrected or changed
  copy: string | null; // the refused entry that is written again
  parent: string | null; // the record that a new one belongs to
  record: string | null; // the only one that is shown
  worker: string | null; // whom a new one is about
}

const SHOWN = 30; // records that are not all of today

export function FormScreen({ kind, place, slot, of, copy, parent, record, worker }: Props) {
  const { db, site, forms } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const offered = formsOn(forms, today);
  const form = offered.get(kind);
  const below = childForms(offered.values(), kind);
  const stock = form && stockOf(form);
  const hasDays = below.length > 0 || Boolean(stock);
  const isOfAllDays = form?.nature === "register" || hasDays || record !== null;
  const records = useLive(() => listed(db, kind, scope, isOfAllDays ? undefined : today), [db, kind, scope, today, isOfAllDays]);
  const begun = useLive(() => (record ? begunAt(db, scope, [kind]) : Promise.resolve([])), [db, scope, kind, record]);
  const corrected = useLive(async () => (of ? ((await listed(db, kind, scope)).find(({ id }) => id === of) ?? null) : null), [db, kind, scope, of]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const workers = useLive(() => listed(db, WORKER, scope), [db, scope]);
  const seen = useLive(() => seenOf(db, form, scope, parent), [db, form, scope, parent]);
  const [written, setWritten] = useState(0); // a form that was saved gives way to an empty one
  if (!form) return <p class="empty">没有这种记录, 或已停用。</p>;
  if (!records || corrected === undefined || copied === undefined || !workers || !begun || seen === undefined || !site) return null;
  const places = placeItem(form) ? offeredPlaces(form, site) : [];
  const going = begun.find(({ id }) => id === record); // the record is not written yet: its form goes on
  const chosen = places.find((one) => placeKey(one) === (place ?? going?.of)) ?? null;
  const only = going ? null : record;
  const latest = records.filter(({ id }) => !only || id === only).sort((a, b) => b.timeMs - a.timeMs).slice(0, hasDays ? SHOWN : undefined);
  const isWithin = chosen !== null || of !== null || copied !== null || parent !== null || only !== null;
  const goOn = onward();
  const above = fieldOf(form, "parent");
  const room = logRoom(kind);
  const back = parent && above ? pageOf(forms, above.file ?? "", parent) : room;
  const onSaved = ({ [above?.name ?? ""]: of }: Body) => {
    if (!isWithin && !record) return setWritten(written + 1);
    goOn(above && typeof of === "string" ? pageOf(forms, above.file ?? "", of) : back);
  };
  const preset = { ...presetOf(form, slot, worker), ...seen };
  const filling = { form, scope: site.scope, place: chosen, preset, of: corrected, from: copied, parent, below, workers, onSaved };
  const isByPlace = !isWithin && places.length > 0 && placeItem(form)!.required === true;
  return (
    <section class="form">
      <Head form={form} room={back} place={chosen} isWithin={isWithin} isCorrected={of !== null} />
      {stock && <Balances form={form} records={records} />}
      {only ? null : isByPlace ? <Places {...{ form, places, records }} /> : <FillIn key={`${scope} ${copy} ${of} ${place} ${parent} ${written}`} {...filling} />}
      {(!isWithin || only) && <Records key={only} {...{ form, below, hasDays }} scope={site.scope} records={latest} empty={hasDays ? "还没有记录。" : undefined} isOpen={only !== null} />}
    </section>
  );
}

interface HeadProps {
  form: Form;
  room: string;
  place: Place | null;
  isWithin: boolean;
  isCorrected: boolean;
}

function Head({ form, room, place, isWithin, isCorrected }: HeadProps) {
  return (
    <header class={isWithin ? "" : "title"}>
      {isWithin && (
        <a class="back" href={`#${room}`} aria-label="返回">
          ‹
        </a>
      )}
      <h1>
        {place ? place.name : form.title} <small>{place ? form.title : isCorrected ? (form.nature === "fact" ? "更正" : "修改") : ""}</small>
      </h1>
    </header>
  );
}

/** Place by place, with what was done there today. */
function Places({ form, places, records }: { form: Form; places: readonly Place[]; records: readonly Item[] }) {
  const { site } = useSession();
  const known = knownPlaces(site);
  const isThere = (one: Item, place: Place) => (place.id ? isAtPlace(one, place.id, known) : isAbout(form, one.body, place));
  return (
    <ul class="places">
      {places.map((place) => (
        <li key={placeKey(place)}>
          <button onClick={() => go(`${logRoom(form.code)}?place=${encodeURIComponent(placeKey(place))}`)}>
            <strong>{place.name}</strong>
            <small>{word("place", place.kind)}</small>
            <span class="aside">{doneText(records.filter((one) => isStanding(one) && isThere(one, place)))}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function doneText(records: readonly Item[]) {
  if (records.length === 0) return <b class="muted">今日未记录</b>;
  return <b class="good">{[...records].sort((a, b) => a.timeMs - b.timeMs).map(timeText).join("、")}</b>;
}

/** The slot that a duty asks for and the person who is asked about, where the form asks for them. */
function presetOf(form: Form, slot: string | null, worker: string | null): Body {
  const [item, person] = [fieldOf(form, "slot"), fieldOf(form, "worker")];
  const choice = item && form.lists?.[item.list ?? ""]?.find(({ name }) => name === slot);
  return { ...(item && choice && { [item.name]: slot }), ...(person && worker && { [person.name]: worker }) };
}

/** Up to which of its events this tablet knows the parent, where the form says so: whoever decided since then decided first. */
async function seenOf(db: FieldDatabase, form: Form | undefined, scope: string, parent: string | null): Promise<Body> {
  const [item, above] = form ? [fieldOf(form, "seen"), fieldOf(form, "parent")] : [];
  const event = item && above && parent ? (await found(db, above.file ?? "", scope, parent))?.body["event"] : undefined;
  return item && typeof event === "number" ? { [item.name]: event } : {};
}

/** What there should be of each thing that is kept. */
function Balances({ form, records }: { form: Form; records: readonly Item[] }) {
  const stock = stockOf(form)!;
  const left = balances(stock, records);
  return (
    <dl class="card counts">
      {choicesOf(form, stock.item).map(({ name, label }) => (
        <div key={name}>
          <dt class="muted">{label}结存</dt>
          <dd class={(left.get(name) ?? 0) < 0 ? "bad" : ""}>
            <strong>{left.get(name) ?? "–"}</strong>
          </dd>
        </div>
      ))}
    </dl>
  );
}
