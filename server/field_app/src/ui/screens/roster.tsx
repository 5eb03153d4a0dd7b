// 名册: who is on the site, and, when searched for, who was.

import { useMemo } from "preact/hooks";
import { departed, keysOf, type Person, present, twins } from "../../domain/people";
import { localDate } from "../../protocol/time";
import { listed } from "../../store/view";
import { contestedOf } from "../parts/contested";
import { PersonPicker } from "../parts/person_picker";
import { go } from "../route";
import { useLive, useNow, useSession } from "../session";
import { STATES } from "../texts";
import { WORKER } from "../../domain/code_kinds";

export function Roster() {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const workers = useLive(() => listed(db, WORKER, scope), [db, scope]);
  const people = useMemo(() => present(workers ?? [], today), [workers, today]);
  const gone = useMemo(() => departed(workers ?? [], today), [workers, today]);
  if (!workers) return null;
  const keys = keysOf(workers, today);
  const persons = people.filter((person) => keys.get(person.id) === person.id);
  return (
    <section>
      <header class="title">
        <h1>
          名册 <small>{persons.length} 人在场</small>
        </h1>
        <a class="button" href="#/roster/worker">
          登记新人员
        </a>
      </header>
      <PersonPicker
        people={people}
        others={gone}
        onPick={(person) => go(`/roster/worker?id=${person.id}`)}
        aside={(person) => markOf(person, people, today)}
        empty="这里还没有人员。"
      />
      {gone.length > 0 && <p class="muted">另有 {gone.length} 人已退场, 查找时显示。</p>}
    </section>
  );
}

function markOf(person: Person, people: readonly Person[], today: string) {
  if (!person.exitedOn && twins(person, people).length > 0) return <b class="warn">同一证件有多条</b>;
  if (contestedOf(person.item).length > 0) return <b class="bad">值有争议</b>;
  if (person.exitedOn) return <b class="warn">{person.exitedOn === today ? "今日退场" : `${person.exitedOn} 已退场`}</b>;
  return person.item.state !== "synced" && <b class="warn">{STATES[person.item.state]}</b>;
}
