// 未写完: the forms that were begun on this tablet, or on the one before it, each one touch away; and how those come here.

import { useState } from "preact/hooks";
import { word } from "../../contracts";
import { WORKER } from "../../domain/code_kinds";
import type { Form } from "../../domain/form";
import { type Taken, takeDrafts } from "../../store/carried_drafts";
import { failureCode } from "../../store/database";
import { unfinished, type Unfinished as Draft } from "../../store/drafts";
import { kindOf, logRoom } from "../forms";
import { useLive, useSession } from "../session";
import { textOf } from "../texts";

const NEW_WORKER = "登记新人员";

export function Unfinished() {
  const { db, sites, chooseSite, forms } = useSession();
  const drafts = useLive(() => unfinished(db), [db]);
  if (!drafts || drafts.length === 0) return null;
  return (
    <div class="card unfinished">
      <h2>
        未写完 <small>{drafts.length} 项, 还没有保存, 不会上传</small>
      </h2>
      <ul class="entries">
        {drafts.map((one) => (
          <li key={one.name}>
            <a href={hrefOf(one)} onClick={() => chooseSite(one.scope)}>
              {[titleOf(forms, one), textIn(one)].filter(Boolean).join(" ")}
            </a>
            <small>
              {String(sites.find((site) => site.scope === one.scope)?.body["name"] ?? "")} {one.photos > 0 && `· 照片 ${one.photos} 张 `}· {one.begunBy ? `${one.begunBy}起草` : "未写完"}
            </small>
          </li>
        ))}
      </ul>
    </div>
  );
}

function titleOf(forms: readonly Form[], { form, of }: Draft): string {
  const title = form === WORKER ? NEW_WORKER : (kindOf(forms, of.split(" ")[0]!)?.title ?? "");
  return of.includes(" of ") ? `更正${title}` : title;
}

function hrefOf({ form, of, copies }: Draft): string {
  if (form === "log") return `#${logHref(of, copies)}`;
  return `#/roster/worker${copies ? `?copy=${of}` : ""}`;
}

/** As the form screen names its drafts: `kind`, `kind at place`, `kind of record`, `kind in record`, `kind refused`. */
function logHref(of: string, copies: boolean): string {
  const [kind = "", how, ...rest] = of.split(" ");
  if (how === "at") return `${logRoom(kind)}?place=${encodeURIComponent(rest.join(" "))}`;
  if (how === "in") return `${logRoom(kind)}?parent=${rest[0]}`;
  if (how === "of") return `${logRoom(kind)}?of=${rest[0]}`;
  return copies ? `${logRoom(kind)}?copy=${how}` : logRoom(kind);
}

/** What distinguishes it from others of its form. */
function textIn({ body }: Draft): string {
  const { name, place_name, place, description } = body;
  return String(name || description || place_name || (place && word("place", String(place))) || "");
}

/** Out of the file that the tablet before this one exported. */
export function FromOldTablet() {
  const { db } = useSession();
  const [said, setSaid] = useState<{ text: string; code: string } | null>(null);
  const take = async (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const file = field.files?.[0];
    if (!file) return;
    try {
      setSaid({ text: takenText(await takeDrafts(db, file)), code: "" });
    } catch (error) {
      setSaid({ text: textOf(failureCode(error)), code: failureCode(error) });
    }
    field.value = "";
  };
  return (
    <details class="card">
      <summary>换了平板? 接回旧平板上没写完的内容</summary>
      <p class="muted">在旧平板的本页“应急导出”, 把文件传到这台平板, 再在这里选它。同一个文件也要交给管理员, 由他导入未上传的记录。</p>
      <label class="button file">
        选择旧平板导出的文件
        <input type="file" accept=".zip,application/zip" class="unseen" onChange={take} />
      </label>
      {said && (
        <p class={said.code ? "alert" : "notice is-good"} role="status" data-code={said.code || undefined}>
          {said.text}
        </p>
      )}
    </details>
  );
}

function takenText({ taken, known, busy, foreign }: Taken): string {
  const parts = [
    taken > 0 && `接回 ${taken} 项没写完的内容, 见上面“未写完”`,
    known > 0 && `${known} 项本机已有或已经写完`,
    busy > 0 && `${busy} 项没有接回: 本机正在填同一张表, 写完后请再选一次这个文件`,
    foreign > 0 && `${foreign} 项没有接回: 地点没有分派给您`,
  ];
  return `${parts.filter(Boolean).join("; ")}。`;
}
