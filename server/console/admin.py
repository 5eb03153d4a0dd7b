"""Where an administrator begins."""

from __future__ import annotations

from flask import g

from server.actions.accounts.list_users import count_admins
from server.actions.approvals.proposals import count_to_decide
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.console.pages import blueprint, render, require_role
from server.models.user import ADMIN
from server.web.responses import tx_of

ROOMS = (  # by heading: (endpoint, title, what is done there)
    (
        "人员和企业",
        (
            ("console.list_users", "用户", "新增、停用、重设密码"),
            ("console.list_stand_ins", "请假和代理", "谁在哪几天替谁"),
            ("console.list_notice_channels", "通知渠道", "谁的通知另外发到邮箱、企业微信等处"),
            ("console.list_companies", "企业", "统一社会信用代码和名称"),
        ),
    ),
    (
        "地点",
        (
            ("console.list_sites_to_edit", "地点资料", "新增, 改阶段、区县、主管科室、企业, 停工"),
            ("console.list_assignments", "分配", "检查员有哪些地点, 交接"),
        ),
    ),
    (
        "设备",
        (
            ("console.list_devices", "设备", "最近联系、未发、时钟, 注销丢失的"),
            ("console.list_codes", "注册码", "给平板发二维码, 可一次发多个并打印"),
            ("console.list_cameras_to_edit", "摄像机", "监控平台的接入和密钥, 摄像机的新增、导入、停用"),
            ("console.list_service_accounts", "对接系统", "闸机、实名制平台等程序的账号、权限和密钥"),
        ),
    ),
    (
        "批准和规则",
        (
            ("console.list_proposals", "提议和批准", "一人提议, 第二人批准才生效"),
            ("console.show_health_data", "健康数据", "保留到哪天, 到期删除和证明"),
            ("console.list_person_requests", "个人信息请求", "本人查阅、更正、删除的请求, 到哪天须答复"),
            ("console.list_deeds", "操作记录", "谁改动、导出、看过完整号码、登录"),
            ("console.list_published_forms", "表单", "记录的种类: 上传、预览、发布、停用、下载"),
            ("console.list_packs", "内容包", "一个方案带来的表单、职责、类型和数, 一起装入"),
            ("console.list_rules", "规则和界限", "每个数的依据、标记和起用日期"),
            ("console.list_office_rows", "职责和类型", "职责、地点类型、场所类型、科室"),
            ("console.list_risk_areas", "风险地区", "录入国家公布的名单, 核对各地点的行程"),
            ("console.show_paper_set_up", "文书设置", "本局情况、文号、执法人员, 模板、依据和救济告知"),
            ("console.list_holidays", "节假日", "已知到哪天, 录入下一年"),
            ("console.show_state", "运行状况", "备份、定时任务、磁盘、保留期、通知渠道"),
            ("console.list_keys", "密钥", "指纹, 更换的进度, 停用旧的"),
        ),
    ),
)


@blueprint.get("/admin")
def show_admin() -> str:
    """All pages of administration."""
    require_role(ADMIN)
    with read() as session:
        waiting = count_to_decide(tx_of(session), g.viewer)
        alone = count_admins(session) < 2
        names = read_names(session)
    return render("admin.html", names, rooms=ROOMS, waiting=waiting, alone=alone)
