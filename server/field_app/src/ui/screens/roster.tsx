// 名册: who is on the site.

import { useMemo } from "preact/hooks";
import { present } from "../../domain/people";
import { localDate } from "../../protocol/time";
import { listed } from "../../store/view";
import { PersonPicker } from "../parts/person_picker";
import { go } from "../route";
import { useLive, useNow, useSession } from "../session";
import { STATES } from "../texts";

export function Roster() {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const workers = useLive(() => listed(db, "worker", scope), [db, scope]);
  const people = useMemo(() => present(workers ?? [], today), [workers, today]);
  if (!workers) return null;
  return (
    <section>
      <header class="title">
        <h1>
          名册 <small>{people.length} 人在场</small>
        </h1>
        <a class="button" href="#/roster/worker">
          登记新人员
        </a>
      </header>
      <PersonPicker
        people={people}
        onPick={(person) => go(`/roster/worker?id=${person.id}`)}
        aside={(person) =>
          person.exitedOn ? <b class="warn">今日退场</b> : person.item.state !== "synced" && <b class="warn">{STATES[person.item.state]}</b>
        }
        empty="这个工地还没有人员。"
      />
    </section>
  );
}
