// The two forms of a round: what was found, and the end.

import { useEffect, useState } from "preact/hooks";
import { choices } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { shippedForm } from "../../domain/shipped_forms";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { draftName } from "../../store/draft_names";
import { dropDraft } from "../../store/drafts";
import { findingDraft, forgetRound, type Going, goingRound, type Half, halfWritten } from "../../store/rounds";
import { isStanding, listed, type Written, writtenIn } from "../../store/view";
import { add } from "../../store/write";
import { useDraft } from "../drafts";
import { Choice } from "../parts/choice";
import { Field } from "../parts/field";
import { FillIn } from "../form/fill_in";
import { Observed } from "../parts/observed";
import { askPosition, isPositionGranted, type Position } from "../position";
import { onward } from "../route";
import { useLive, useSave, useSession } from "../session";
import { FINDING, ROUND } from "./round";

/** One of the two, for the round that goes on; or a finding that was refused, written again for its own round. */
export function RoundForm({ form, copy }: { form: "finding" | "finish"; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const going = useLive(() => goingRound(db, scope), [db, scope]);
  const findings = useLive(() => listed(db, FINDING, scope), [db, scope]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (going === undefined || !findings || copied === undefined) return null;
  if (copied && form === "finding") return <FindingForm key={copied.id} round={String(copied.body["round"])} scope={scope} from={copied} />;
  if (copied && form === "finish") {
    const again = { id: copied.id, purpose: String(copied.body["purpose"]), startedMs: 0 };
    const count = findings.filter((one) => isStanding(one) && one.body["round"] === copied.id).length;
    return <FinishForm key={copied.id} going={again} scope={scope} count={count} from={copied} />;
  }
  if (!going) return <p class="empty">没有进行中的巡查。</p>;
  if (form === "finding") return <FindingForm key={scope} round={going.id} scope={scope} from={null} />;
  const count = findings.filter((one) => isStanding(one) && one.body["round"] === going.id).length;
  return <FinishForm key={scope} going={going} scope={scope} count={count} from={null} />;
}

interface FindingProps {
  round: string;
  scope: string;
  from: Written | null;
}

function FindingForm({ round, scope, from }: FindingProps) {
  const goOn = onward();
  const form = shippedForm(FINDING);
  if (!form) return null;
  const filling = { form, isPublished: false, scope, place: null, preset: { severity: "ordinary" }, of: null, from, workers: [], rules: [] };
  return (
    <section class="form finding">
      <Title text="记录问题" />
      <FillIn {...filling} fixed={{ round }} draftAs={findingDraft(scope, from?.id ?? round)} saveWord="保存问题" onSaved={() => goOn("/round")} />
    </section>
  );
}

interface FinishProps {
  going: Going;
  scope: string;
  count: number; // of findings
  from: Written | null; // the refused one that is written again
}

function FinishForm({ going, scope, count, from }: FinishProps) {
  const { db, offsetMs } = useSession();
  const save = useSave();
  const draft = useDraft<{ body: Body; observed?: string }>(draftName(scope, `finish ${from?.id ?? going.id}`), () => ({
    body: from?.body ?? {},
    observed: observedText(from?.observedMs ?? null),
  }));
  const half = useLive(() => halfWritten(db, scope, going.id), [db, scope, going.id]);
  const [position, setPosition] = useState<Position | null>(null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  if (!draft || half === undefined) return null;
  const { body, observed = "" } = draft.value;
  const set = (changes: Body) => draft.set((now) => ({ body: { ...now.body, ...changes } }));
  const result = count > 0 ? "findings" : String(body["result"] ?? "");
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = withoutEmpty({ ...body, ...position, result, purpose: going.purpose });
    const invalid = problems(ROUND, clean);
    setWrong(invalid);
    if (Object.keys(invalid).length > 0 || observedProblem(observed, Date.now() + offsetMs) || (await halfWritten(db, scope, going.id))) return;
    const goOn = onward();
    const further = { id: from ? draft.id : going.id, observedMs: observedMs(observed) };
    if (!(await save(() => add(db, scope, ROUND, clean, [], further), "巡查已保存", from?.id))) return;
    await draft.drop();
    if (!from) await forgetRound(db, scope);
    goOn("/round");
  };
  const field = { kind: ROUND, body, wrong, set };
  const results = count > 0 ? { findings: `发现 ${count} 个问题` } : { sound: choices(ROUND, "result")["sound"]! };
  return (
    <form class="finish" onSubmit={keep} noValidate>
      <Title text="结束巡查" />
      {half && <HalfWritten half={half} scope={scope} round={going.id} />}
      <Choice title="巡查结果" options={results} value={result} onChange={(value) => set({ result: value })} />
      {wrong["result"] && <p class="wrong">{wrong["result"]}</p>}
      <div class="fields">
        <Field {...field} name="companion" />
        <Field {...field} name="note" />
      </div>
      <Observed value={observed} onChange={(typed) => draft.set({ observed: typed })} />
      <Place position={position} onPosition={setPosition} />
      <button class="main" disabled={half !== null}>
        结束并保存
      </button>
    </form>
  );
}

/** A finding that was begun belongs to the round, with its photos: it is saved first, or a person says that it is not wanted. */
export function HalfWritten({ half, scope, round }: { half: Half; scope: string; round: string }) {
  const { db } = useSession();
  const save = useSave();
  return (
    <div class="alert ask" role="alert">
      <p>
        还有一个问题没有写完{half.text && `: ${half.text}`}
        {half.photos > 0 && ` (照片 ${half.photos} 张)`}。请先写完并保存, 或者不要它, 再结束巡查。
      </p>
      <a class="button" href="#/round/finding">
        继续填写
      </a>{" "}
      <button type="button" onClick={() => void save(() => dropDraft(db, findingDraft(scope, round)), "没写完的问题已删除")}>
        不要了, 删除
      </button>
    </div>
  );
}

/** Where it was: read at once where the browser allows it, else after a touch of the button. It is never required. */
function Place({ position, onPosition }: { position: Position | null; onPosition: (position: Position) => void }) {
  const [status, setStatus] = useState("");
  const ask = async () => {
    setStatus("正在定位, 不必等待…");
    const found = await askPosition();
    if (found) onPosition(found);
    setStatus(found ? "" : "没有取得定位, 不影响保存。");
  };
  useEffect(() => void isPositionGranted().then((isGranted) => isGranted && void ask()), []);
  if (position) return <p class="notice is-good">已附上定位, 误差 {position.accuracy_m} m。</p>;
  return (
    <div class="card">
      <p class="muted">附上定位可以说明到过现场, 只随这次巡查上传; 不附也能保存。</p>
      <button type="button" onClick={() => void ask()}>
        附上定位
      </button>
      <p role="status">{status}</p>
    </div>
  );
}

function Title({ text }: { text: string }) {
  return (
    <header>
      <a class="back" href="#/round" aria-label="返回">
        ‹
      </a>
      <h1>{text}</h1>
    </header>
  );
}

function withoutEmpty(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}
