// Any form: its places or its questions, and the records of today.

import { useState } from "preact/hooks";
import { word } from "../../contracts";
import { fieldOf, type Form } from "../../domain/form";
import { isAtPlace, knownPlaces, type Place, placeKey } from "../../domain/places";
import { shippedForm } from "../../domain/shipped_forms";
import { localDate } from "../../protocol/time";
import { formsOn } from "../../store/forms";
import { isStanding, type Item, listed, writtenIn } from "../../store/view";
import { logRoom, roomOf } from "../forms";
import { timeText } from "../parts/when";
import { go, onward } from "../route";
import { useLive, useNow, useSession } from "../session";
import { FillIn } from "./fill_in";
import { isAbout, offeredPlaces, placeItem } from "./place_choice";
import { Records } from "./records";

interface Props {
  kind: string;
  place: string | null; // its key
  slot: string | null;
  of: string | null; // the record that is corrected or changed
  copy: string | null; // the refused entry that is written again
}

export function FormScreen({ kind, place, slot, of, copy }: Props) {
  const { db, site, forms } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const published = formsOn(forms, today).get(kind);
  const form = published ?? (forms.some(({ code }) => code === kind) ? undefined : shippedForm(kind));
  const records = useLive(() => listed(db, kind, scope, form?.nature === "register" ? undefined : today), [db, kind, scope, today, form?.nature]);
  const corrected = useLive(async () => (of ? ((await listed(db, kind, scope)).find(({ id }) => id === of) ?? null) : null), [db, kind, scope, of]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const workers = useLive(() => listed(db, "worker", scope), [db, scope]);
  const rules = useLive(() => listed(db, "rule", "ref"), [db]);
  const [written, setWritten] = useState(0); // a form that was saved gives way to an empty one
  if (!form) return <p class="empty">没有这种记录, 或已停用。</p>;
  if (!records || corrected === undefined || copied === undefined || !workers || !rules || !site) return null;
  const places = placeItem(form) ? offeredPlaces(form, site) : [];
  const chosen = places.find((one) => placeKey(one) === place) ?? null;
  const latest = [...records].sort((a, b) => b.timeMs - a.timeMs);
  const isWithin = chosen !== null || of !== null || copied !== null;
  const goOn = onward();
  const room = roomOf(forms, kind) ?? logRoom(kind);
  const onSaved = () => (isWithin ? goOn(room) : setWritten(written + 1));
  const preset = presetOf(form, slot);
  const filling = { form, isPublished: published !== undefined, scope: site.scope, place: chosen, preset, of: corrected, from: copied, workers, rules, onSaved };
  const isByPlace = !isWithin && places.length > 0 && placeItem(form)!.required === true;
  return (
    <section class="form">
      <Head form={form} room={room} place={chosen} isWithin={isWithin} isCorrected={of !== null} />
      {isByPlace ? <Places {...{ form, places, records }} /> : <FillIn key={`${scope} ${copy} ${of} ${place} ${written}`} {...filling} />}
      {!isWithin && <Records {...{ form, scope: site.scope }} records={latest} />}
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

/** The slot that a duty asks for, where the form asks for one. */
function presetOf(form: Form, slot: string | null) {
  const item = fieldOf(form, "slot");
  const choice = item && form.lists?.[item.list ?? ""]?.find(({ name }) => name === slot);
  return item && choice ? { [item.name]: slot } : {};
}
