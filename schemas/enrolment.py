"""enrolment: what a tablet sends to join. No kind: it is a request, and writes no entry."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, matching, text

# 32 bytes in base64url without padding; the last character carries four bits, so that a key has one spelling.
PUBLIC_KEY_PATTERN = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"


# 120 bits in Crockford's base32, without hyphens.
UNLOCK_CODE_PATTERN = "^[0-9A-HJKMNP-TV-Z]{24}$"


class EnrolmentSchema(Body):
    """A single-use code and the public half of the device's Ed25519 key."""

    code = text("注册码", limits.ENROL_CODE_MAX)
    public_key = matching(
        "公钥", PUBLIC_KEY_PATTERN, "应为 32 字节 Ed25519 公钥的 base64url 文本, 不带填充。"
    )
    name = text("设备名称", limits.DEVICE_NAME_MAX)
    platform = text("平台", limits.PLATFORM_MAX)


class UnlockCodeSchema(Body):
    """What opens a tablet for somebody who forgot its PIN."""

    code = matching("解锁码", UNLOCK_CODE_PATTERN, "应为 24 位数字和大写字母。")
