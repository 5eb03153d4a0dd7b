// The two forms of a round: what was found, and the end.

import { useEffect, useState } from "preact/hooks";
import { choices } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import type { Photo } from "../../domain/photos";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { draftName } from "../../store/drafts";
import { forgetRound, type Going, goingRound } from "../../store/rounds";
import { isStanding, listed, type Written, writtenIn } from "../../store/view";
import { add } from "../../store/write";
import { useDraft } from "../drafts";
import { Choice } from "../parts/choice";
import { Field } from "../parts/field";
import { Observed } from "../parts/observed";
import { PhotoField } from "../parts/photo_field";
import { askPosition, isPositionGranted, type Position } from "../position";
import { onward } from "../route";
import { useLive, useSave, useSession } from "../session";
import { FINDING, ROUND } from "./round";

/** One of the two, for the round that goes on; or a finding that was refused, written anew for its own round. */
export function RoundForm({ form, copy }: { form: "finding" | "finish"; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const going = useLive(() => goingRound(db, scope), [db, scope]);
  const findings = useLive(() => listed(db, FINDING, scope), [db, scope]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (going === undefined || !findings || copied === undefined) return null;
  if (copied && form === "finding") return <FindingForm key={copied.id} round={String(copied.body["round"])} scope={scope} from={copied} />;
  if (!going) return <p class="empty">没有进行中的巡查。</p>;
  if (form === "finding") return <FindingForm key={scope} round={going.id} scope={scope} from={null} />;
  const count = findings.filter((one) => isStanding(one) && one.body["round"] === going.id).length;
  return <FinishForm key={scope} going={going} scope={scope} count={count} />;
}

interface FindingProps {
  round: string;
  scope: string;
  from: Written | null;
}

interface FindingDraft {
  body: Body;
  photos: Photo[];
  observed?: string; // as domain/backfill has it
}

function FindingForm({ round, scope, from }: FindingProps) {
  const { db, offsetMs } = useSession();
  const save = useSave();
  const draft = useDraft<FindingDraft>(draftName(scope, `finding ${from?.id ?? round}`), () => ({
    body: from?.body ?? { severity: "ordinary" },
    photos: from?.photos ?? [],
    observed: observedText(from?.observedMs ?? null),
  }));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  if (!draft) return null;
  const { body, photos, observed = "" } = draft.value;
  const set = (changes: Body) => draft.set({ body: { ...body, ...changes } });
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = withoutEmpty({ ...body, round });
    const told = problems(FINDING, clean);
    setWrong(told);
    if (Object.keys(told).length > 0 || observedProblem(observed, Date.now() + offsetMs)) return;
    const goOn = onward();
    const further = { id: draft.id, observedMs: observedMs(observed) };
    if (!(await save(() => add(db, scope, FINDING, clean, photos, further), ""))) return;
    await draft.drop();
    goOn("/round");
  };
  const chosen = (name: string, title: string, canBeNone = false) => (
    <>
      <Choice {...{ title, canBeNone }} options={choices(FINDING, name)} value={String(body[name] ?? "")} onChange={(value) => set({ [name]: value })} />
      {wrong[name] && <p class="wrong">{wrong[name]}</p>}
    </>
  );
  return (
    <form class="finding" onSubmit={keep} noValidate>
      <Title text="记录问题" />
      {chosen("topic", "检查项目")}
      {chosen("severity", "严重程度")}
      {chosen("place", "场所 (可不选)", true)}
      <div class="fields">
        <Field {...{ kind: FINDING, body, wrong, set }} name="description" />
      </div>
      <Observed value={observed} onChange={(typed) => draft.set({ observed: typed })} />
      <PhotoField photos={photos} onChange={(taken) => draft.set({ photos: taken })} />
      <button class="main">保存问题</button>
    </form>
  );
}

interface FinishProps {
  going: Going;
  scope: string;
  count: number; // of findings
}

function FinishForm({ going, scope, count }: FinishProps) {
  const { db, offsetMs } = useSession();
  const save = useSave();
  const draft = useDraft<{ body: Body; observed?: string }>(draftName(scope, `finish ${going.id}`), () => ({ body: {} }));
  const [position, setPosition] = useState<Position | null>(null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  if (!draft) return null;
  const { body, observed = "" } = draft.value;
  const set = (changes: Body) => draft.set({ body: { ...body, ...changes } });
  const result = count > 0 ? "findings" : String(body["result"] ?? "");
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = withoutEmpty({ ...body, ...position, result, purpose: going.purpose });
    const told = problems(ROUND, clean);
    setWrong(told);
    if (Object.keys(told).length > 0 || observedProblem(observed, Date.now() + offsetMs)) return;
    const goOn = onward();
    const further = { id: going.id, observedMs: observedMs(observed) };
    if (!(await save(() => add(db, scope, ROUND, clean, [], further), "巡查已保存"))) return;
    await draft.drop();
    await forgetRound(db, scope);
    goOn("/round");
  };
  const field = { kind: ROUND, body, wrong, set };
  const results = count > 0 ? { findings: `发现 ${count} 个问题` } : { sound: choices(ROUND, "result")["sound"]! };
  return (
    <form class="finish" onSubmit={keep} noValidate>
      <Title text="结束巡查" />
      <Choice title="巡查结果" options={results} value={result} onChange={(value) => set({ result: value })} />
      {wrong["result"] && <p class="wrong">{wrong["result"]}</p>}
      <div class="fields">
        <Field {...field} name="companion" />
        <Field {...field} name="note" />
      </div>
      <Observed value={observed} onChange={(typed) => draft.set({ observed: typed })} />
      <Place position={position} onPosition={setPosition} />
      <button class="main">结束并保存</button>
    </form>
  );
}

/** Where it was: taken at once where that is allowed already, asked for with a key where not, and never needed. */
function Place({ position, onPosition }: { position: Position | null; onPosition: (position: Position) => void }) {
  const [told, setTold] = useState("");
  const ask = async () => {
    setTold("正在定位, 不必等待…");
    const found = await askPosition();
    if (found) onPosition(found);
    setTold(found ? "" : "没有取得定位, 不影响保存。");
  };
  useEffect(() => void isPositionGranted().then((isGranted) => isGranted && void ask()), []);
  if (position) return <p class="notice is-good">已附上定位, 误差 {position.accuracy_m} m。</p>;
  return (
    <div class="card">
      <p class="muted">附上定位可以说明到过现场, 只随这次巡查上传; 不附也能保存。</p>
      <button type="button" onClick={() => void ask()}>
        附上定位
      </button>
      <p role="status">{told}</p>
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
