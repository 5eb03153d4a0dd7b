// What belongs to a record, or to one that is being filled in: the records of other forms that name it, and the way to the next.

import { localDate } from "../../protocol/time";
import type { FieldDatabase } from "../../store/database";
import { childDraft, halfWritten } from "../../store/begun";
import { dropDraft } from "../../store/drafts";
import { formsOn, WRITER } from "../../store/forms";
import { isStanding, listed } from "../../store/view";
import { type ChildForm, childForms, logRoom } from "../forms";
import { useLive, useNow, useSave, useSession } from "../session";
import { Records } from "./records";

/** `onLeave`: before another form is opened; `onDrop`: gives up the form that was begun. */
interface Props {
  below: readonly ChildForm[];
  scope: string;
  parent: string;
  onLeave?: (() => void) | undefined;
  onDrop?: (() => void) | undefined;
}

export function Children({ below, scope, parent, onLeave, onDrop }: Props) {
  const { db } = useSession();
  const codes = below.map(({ form }) => form.code).join(" ");
  const read = useLive(() => Promise.all(below.map((child) => readChild(db, scope, child, parent))), [db, scope, parent, codes]);
  if (!read) return null;
  const isAlone = read.every(({ records, half }) => records.length === 0 && half === null);
  return (
    <>
      {read.map((one) => (
        <OfForm key={one.child.form.code} {...one} {...{ scope, parent, onLeave }} />
      ))}
      {onDrop && isAlone && (
        <button type="button" class="quiet wide" onClick={onDrop}>
          不要了, 清空
        </button>
      )}
    </>
  );
}

type Read = Awaited<ReturnType<typeof readChild>>;

async function readChild(db: FieldDatabase, scope: string, child: ChildForm, parent: string) {
  const all = await listed(db, child.form.code, scope);
  const records = all.filter((one) => one.body[child.field.name] === parent && isStanding(one)).sort((a, b) => a.timeMs - b.timeMs);
  return { child, records, half: await halfWritten(db, scope, child.form.code, parent) };
}

function OfForm({ child, records, half, scope, parent, onLeave }: Read & Omit<Props, "below">) {
  const { db, forms } = useSession();
  const save = useSave();
  const { form } = child;
  const below = childForms(formsOn(forms, localDate(useNow())).values(), form.code); // what belongs to these in turn
  const isOurs = form.writers.includes(WRITER); // what others write is read here
  if (!isOurs && records.length === 0) return null;
  const giveUp = () => void save(() => dropDraft(db, childDraft(scope, form.code, parent)), "没写完的已删除");
  return (
    <section class="children" aria-label={form.title}>
      <h2 class="apart">
        {form.title} <small>{records.length} 条</small>
      </h2>
      {records.length > 0 && <Records {...{ form, records, scope, below }} hasDays />}
      {half && (
        <div class="alert ask">
          <p>
            还有一条没有写完{half.text && `: ${half.text}`}
            {half.photos > 0 && ` (照片 ${half.photos} 张)`}
          </p>
          <button type="button" class="quiet" onClick={giveUp}>
            不要了, 删除
          </button>
        </div>
      )}
      {isOurs && (
        <a class="button second" href={`#${logRoom(form.code)}?parent=${parent}`} onClick={onLeave}>
          {half ? "继续填写" : `添加${form.title}`}
        </a>
      )}
    </section>
  );
}
