// 巡查: start a round, note what is wrong as it is found, finish. The rounds that were made are listed below.

import { useState } from "preact/hooks";
import { choices, word } from "../../contracts";
import { localDate, localTime } from "../../protocol/time";
import { forgetRound, type Going, goingRound, type Half, halfWritten, startRound } from "../../store/rounds";
import { isStanding, type Item, listed, photosOf } from "../../store/view";
import { voidRecord } from "../../store/write";
import { Choice } from "../parts/choice";
import { Thumbnail } from "../parts/photo_field";
import { timeText, whenText } from "../parts/when";
import { useLive, useNow, useSave, useSession } from "../session";

export const ROUND = "inspection_round";
export const FINDING = "inspection_finding";
const PAST_SHOWN = 30;

export function Round() {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const read = useLive(async () => readRounds(), [db, scope]);

  async function readRounds() {
    const [going, rounds, findings] = await Promise.all([goingRound(db, scope), listed(db, ROUND, scope), listed(db, FINDING, scope)]);
    const half = going && (await halfWritten(db, scope, going.id));
    return { going, half, rounds: rounds.filter(isStanding), findings: findings.filter(isStanding).sort((a, b) => a.timeMs - b.timeMs) };
  }

  if (!read || !site) return null;
  const { going, half, rounds, findings } = read;
  const ofRound = (id: string) => findings.filter((one) => one.body["round"] === id);
  return (
    <section>
      <h1>巡查</h1>
      {going ? <GoingRound {...{ going, half }} findings={ofRound(going.id)} scope={site.scope} /> : <Start scope={site.scope} />}
      <h2 class="apart">以往巡查</h2>
      {rounds.length === 0 && <p class="muted">这个工地还没有巡查记录。</p>}
      {rounds
        .sort((a, b) => b.timeMs - a.timeMs)
        .slice(0, PAST_SHOWN)
        .map((round) => (
          <Past key={round.id} round={round} findings={ofRound(round.id)} />
        ))}
    </section>
  );
}

function Start({ scope }: { scope: string }) {
  const { db } = useSession();
  const save = useSave();
  const now = useNow();
  const [purpose, setPurpose] = useState("routine");
  return (
    <div class="card">
      <Choice title="巡查类型" options={choices(ROUND, "purpose")} value={purpose} onChange={setPurpose} />
      <button class="main" onClick={() => void save(() => startRound(db, scope, purpose, now), "")}>
        开始巡查
      </button>
    </div>
  );
}

interface GoingProps {
  going: Going;
  half: Half | null; // a finding that was begun
  findings: readonly Item[];
  scope: string;
}

function GoingRound({ going, half, findings, scope }: GoingProps) {
  const { db } = useSession();
  const save = useSave();
  return (
    <div class="card">
      <h2>
        {choices(ROUND, "purpose")[going.purpose]} <small>{momentText(going.startedMs)} 开始, 进行中</small>
      </h2>
      <Findings findings={findings} isGoing />
      <div class="keys">
        <a class="button main" href="#/round/finding">
          {half ? "继续记录问题" : "记录问题"}
        </a>
        <a class="button second" href="#/round/finish">
          结束巡查
        </a>
      </div>
      {half && <p class="notice">有一个问题还没有写完{half.photos > 0 && `, 已拍照片 ${half.photos} 张`}。</p>}
      {findings.length === 0 && !half && (
        <button class="quiet wide" onClick={() => void save(() => forgetRound(db, scope), "")}>
          取消这次巡查
        </button>
      )}
    </div>
  );
}

function Past({ round, findings }: { round: Item; findings: readonly Item[] }) {
  const { body } = round;
  const isSound = body["result"] === "sound";
  return (
    <details class="card">
      <summary>
        <span>
          {whenText(round)} {choices(ROUND, "purpose")[String(body["purpose"])]}{" "}
          <b class={isSound ? "good" : "warn"}>{isSound ? choices(ROUND, "result")["sound"] : `${findings.length} 个问题`}</b>
        </span>
      </summary>
      <p class="muted">
        {body["companion"] ? `陪同: ${String(body["companion"])}。` : ""}
        {body["latitude_deg"] !== undefined ? `定位误差 ${String(body["accuracy_m"] ?? "未知")} m。` : "没有定位。"}
        {body["note"] ? ` ${String(body["note"])}` : ""}
      </p>
      <Findings findings={findings} />
    </details>
  );
}

function Findings({ findings, isGoing = false }: { findings: readonly Item[]; isGoing?: boolean }) {
  if (findings.length === 0) return isGoing ? <p class="muted">还没有记录问题。</p> : null;
  return (
    <ul class="findings">
      {findings.map((finding) => (
        <Finding key={finding.id} finding={finding} isGoing={isGoing} />
      ))}
    </ul>
  );
}

function Finding({ finding, isGoing }: { finding: Item; isGoing: boolean }) {
  const { db } = useSession();
  const save = useSave();
  const photos = useLive(() => photosOf(db, [finding.id]), [db, finding.id]);
  const { body } = finding;
  const severity = String(body["severity"]);
  const take = () => void save(() => voidRecord(db, finding.scope, finding.id, "录入错误"), "这个问题已作废");
  return (
    <li>
      <p>
        <b class={severity === "severe" ? "bad" : "warn"}>{choices(FINDING, "severity")[severity]}</b>{" "}
        <strong>{choices(FINDING, "topic")[String(body["topic"])]}</strong>{" "}
        {body["place"] ? <small>{word("place", String(body["place"]))}</small> : null} <small>{timeText(finding)}</small>
      </p>
      <p>{String(body["description"])}</p>
      {photos && photos.length > 0 && (
        <div class="photos">
          {photos.map((photo) => (
            <Thumbnail key={photo.sha256} photo={photo} />
          ))}
        </div>
      )}
      {isGoing && (
        <button class="quiet small" onClick={take}>
          记错了, 作废
        </button>
      )}
    </li>
  );
}

function momentText(ms: number): string {
  return `${localDate(ms).slice(5)} ${localTime(ms)}`;
}
