"""A copied token, a changed request, an old one: each is named, and no header makes verification fail."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.plain_signature import read_verified
from sync_protocol.signatures import (
    COVERED,
    MAX_SKEW_S,
    HttpRequest,
    SignatureProblem,
    attestation_text,
    from_base64url,
    keyid_of,
    public_text,
    read_private,
    read_public,
    receipt_text,
    sign_request,
    sign_text,
    to_base64url,
    verify_request,
    verify_strictly,
    verify_text,
)
from tests.sync_protocol.cases import DEVICE, SITE

KEY = bytes(range(32))
PUBLIC = read_private(KEY).public_key()
URL = "https://sync.example/sync/v1/push"
NOW_S = 1_795_406_400
BODY = b'{"sync":1}'
TOKEN = {"Authorization": "Bearer token"}


def signed(nonce: str = "0123456789abcdef", created_s: int = NOW_S, key: bytes = KEY) -> dict[str, str]:
    return sign_request(key, DEVICE, HttpRequest("POST", URL, TOKEN, BODY), created_s, nonce)


def problem(
    headers: dict[str, str], method: str = "POST", url: str = URL, body: bytes = BODY, now_s: int = NOW_S
) -> str | None:
    """The code of the problem, None when the request is good."""
    try:
        verify_request(PUBLIC, HttpRequest(method, url, headers, body), now_s)
    except SignatureProblem as found:
        return found.code
    return None


def replaced(headers: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    assert old in headers[name]
    return {**headers, name: headers[name].replace(old, new)}


def test_a_good_request_passes_and_says_who_and_when() -> None:
    verified = verify_request(PUBLIC, HttpRequest("POST", URL, signed(), BODY), NOW_S)
    assert (verified.created_s, verified.nonce, verified.keyid) == (NOW_S, "0123456789abcdef", DEVICE)
    assert keyid_of(signed()) == DEVICE


def test_header_names_in_any_case_and_any_label_are_read() -> None:
    headers = {name.upper(): value.replace("sig1", "x-9") for name, value in signed().items()}
    assert problem(headers) is None
    assert keyid_of(headers) == DEVICE


def test_behind_a_proxy_another_host_is_the_same_request() -> None:
    assert problem(signed(), url="http://10.0.0.7:8000/sync/v1/push") is None


def test_a_copied_token_without_the_key_is_useless() -> None:
    other = Ed25519PrivateKey.generate().private_bytes_raw()
    assert problem(signed(key=other)) == "signature_invalid"


@pytest.mark.parametrize("name", ["Signature", "Signature-Input", "Content-Digest", "Authorization"])
def test_a_request_without_one_of_its_headers_is_refused(name: str) -> None:
    headers = {header: value for header, value in signed().items() if header != name}
    assert problem(headers) == "signature_invalid"


def test_whatever_is_covered_can_not_be_changed() -> None:
    assert problem(signed(), method="PUT") == "signature_invalid"
    assert problem(signed(), url="https://sync.example/sync/v1/pull") == "signature_invalid"
    assert problem(replaced(signed(), "Authorization", "token", "other")) == "signature_invalid"
    assert (
        problem(replaced(signed(), "Signature-Input", "0123456789abcdef", "fedcba9876543210"))
        == "signature_invalid"
    )
    assert problem(replaced(signed(), "Signature-Input", str(NOW_S), str(NOW_S + 1))) == "signature_invalid"


def test_another_body_is_a_digest_mismatch() -> None:
    assert problem(signed(), body=BODY + b" ") == "digest_mismatch"
    assert problem(signed(), body=b"") == "digest_mismatch"


@pytest.mark.parametrize("off_s", [-MAX_SKEW_S - 1, MAX_SKEW_S + 1, -(10**9)])
def test_a_clock_too_far_off_is_reported_so(off_s: int) -> None:
    assert problem(signed(created_s=NOW_S + off_s)) == "clock_skew"


@pytest.mark.parametrize("off_s", [-MAX_SKEW_S, 0, MAX_SKEW_S])
def test_a_clock_within_five_minutes_is_good(off_s: int) -> None:
    assert problem(signed(created_s=NOW_S + off_s)) is None


def test_a_forged_clock_is_a_forgery_and_not_a_skew() -> None:
    other = Ed25519PrivateKey.generate().private_bytes_raw()
    assert problem(signed(created_s=NOW_S - 9999, key=other)) == "signature_invalid"


def by_hand(components: tuple[str, ...], parameters: str) -> dict[str, str]:
    """A request that is rightly signed over other components, or with other parameters."""
    headers = signed()
    values = {
        "@method": "POST",
        "@path": "/sync/v1/push",
        "@authority": "sync.example",
        "content-digest": headers["Content-Digest"],
        "authorization": headers["Authorization"],
    }
    said = f"({' '.join(f'{chr(34)}{name}{chr(34)}' for name in components)}){parameters}"
    base = "\n".join([*(f'"{name}": {values[name]}' for name in components), f'"@signature-params": {said}'])
    sig = to_base64url(read_private(KEY).sign(base.encode()))
    padded = sig.replace("-", "+").replace("_", "/") + "=" * (-len(sig) % 4)
    return {**headers, "Signature-Input": f"s={said}", "Signature": f"s=:{padded}:"}


FULL = f';created={NOW_S};nonce="0123456789abcdef";keyid="{DEVICE}"'


def test_components_in_another_order_and_without_alg_are_good() -> None:
    assert problem(by_hand(COVERED[::-1], FULL)) is None


@pytest.mark.parametrize("lacking", COVERED)
def test_a_signature_that_covers_less_is_refused(lacking: str) -> None:
    assert problem(by_hand(tuple(name for name in COVERED if name != lacking), FULL)) == "signature_invalid"


@pytest.mark.parametrize(
    "parameters",
    [
        f';nonce="0123456789abcdef";keyid="{DEVICE}"',
        f';created={NOW_S};keyid="{DEVICE}"',
        f';created={NOW_S};nonce="0123456789abcdef"',
        f';created={NOW_S};nonce="";keyid="{DEVICE}"',
        f';created={NOW_S};nonce="{"n" * 65}";keyid="{DEVICE}"',
        f';created={NOW_S}.5;nonce="0123456789abcdef";keyid="{DEVICE}"',
        f'{FULL};alg="hmac-sha256"',
        f'{FULL};tag="x"',
        f"{FULL};expires={NOW_S + 9}",
    ],
)
def test_parameters_that_lack_or_are_not_known_are_refused(parameters: str) -> None:
    assert problem(by_hand(COVERED, parameters)) == "signature_invalid"


def test_a_covered_component_too_many_is_refused() -> None:
    assert problem(by_hand((*COVERED, "@authority"), FULL)) == "signature_invalid"


def test_two_signatures_are_refused() -> None:
    one = signed()
    two = {
        name: f"{one[name]}, {one[name].replace('sig1', 'sig2')}" for name in ("Signature-Input", "Signature")
    }
    assert problem({**one, **two}) == "signature_invalid"
    assert keyid_of({**one, **two}) is None


junk = st.text(max_size=60) | st.sampled_from(
    ["(", "sig1", "sig1=()", 'sig1=("@method")', "sig1=:AA==:", "sig1=1"]
)


@given(st.sampled_from(["Signature", "Signature-Input", "Content-Digest", "Authorization"]), junk)
def test_no_header_makes_verification_fail_otherwise(name: str, value: str) -> None:
    headers = {**signed(), name: value}
    assert problem(headers) in ("signature_invalid", "digest_mismatch")
    keyid_of(headers)


@given(st.integers(0, 400), st.integers(0, 8), st.text(max_size=4))
def test_no_damage_to_the_input_passes(at: int, cut: int, put: str) -> None:
    headers = signed()
    whole = headers["Signature-Input"]
    damaged = whole[:at] + put + whole[at + cut :]
    keyid_of({**headers, "Signature-Input": damaged})
    if problem({**headers, "Signature-Input": damaged}) is None:
        assert damaged.replace(" ", "").replace("\t", "").endswith(whole[4:].replace(" ", ""))


@given(st.text(max_size=100))
def test_no_text_is_taken_for_a_signature(sig: str) -> None:
    assert not verify_text(PUBLIC, "gongdi-stream/1", sig)


def test_a_signed_text_can_not_be_taken_for_another() -> None:
    text = attestation_text(DEVICE, SITE, 7, "ab")
    sig = sign_text(KEY, text)
    assert verify_text(public_text(KEY), text, sig)
    for other in (
        attestation_text(DEVICE, SITE, 8, "ab"),
        attestation_text(DEVICE, "ref", 7, "ab"),
        receipt_text(DEVICE, SITE, {}),
    ):
        assert not verify_text(PUBLIC, other, sig)


@given(st.binary(max_size=70))
def test_base64url_comes_back(value: bytes) -> None:
    assert from_base64url(to_base64url(value)) == value


@pytest.mark.parametrize("text", ["AA==", "AA\n", "A", "AB", "AA+A", "é", "AA AA"])
def test_any_other_spelling_is_no_base64url(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        from_base64url(text)


def test_a_key_of_the_wrong_length_is_no_key() -> None:
    with pytest.raises(ValueError, match="32"):
        read_public("AAAA")


@st.composite
def spellings(draw: st.DrawFn) -> dict[str, str]:
    """The headers of a good request, in places written otherwise, and signed over that."""
    headers = signed(
        nonce=draw(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), max_size=70)) or "n"
    )
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(["Signature-Input", "Signature", "Content-Digest", "Authorization"]))
        value = headers[name]
        at = draw(st.integers(0, len(value)))
        new = draw(
            st.sampled_from(
                ["", " ", "  ", ";", '"', "=", ":", "0", "sig1", ';tag="x"', ";created=1", "\t", "A"]
            )
        )
        headers[name] = value[:at] + new + value[at + draw(st.integers(0, 2)) :]
    return headers


@given(spellings(), st.sampled_from(["POST", "post", "GET"]), st.sampled_from([URL, f"{URL}?a=b", f"{URL}/"]))
def test_what_the_quick_reader_takes_the_strict_one_takes_with_equal_values(
    headers: dict[str, str], method: str, url: str
) -> None:
    quick = read_verified(PUBLIC, method, url, headers, BODY)
    if quick is not None and 0 < len(quick.nonce) <= 64 and quick.created_s == NOW_S:
        strict = verify_strictly(PUBLIC, HttpRequest(method, url, headers, BODY), NOW_S)
        assert (strict.created_s, strict.nonce, strict.keyid) == (quick.created_s, quick.nonce, quick.keyid)


def test_requests_as_clients_write_them_take_the_quick_reader() -> None:
    parameters = (
        f'("@method" "@path" "content-digest" "authorization");created={NOW_S};keyid="{DEVICE}";nonce="n"'
    )
    for said in (None, parameters, parameters.replace(";nonce", ';alg="ed25519";nonce')):
        headers = signed()
        if said is not None:
            digest = headers["Content-Digest"]
            base = f'"@method": POST\n"@path": /sync/v1/push\n"content-digest": {digest}\n"authorization": Bearer token\n'
            signature = read_private(KEY).sign(f'{base}"@signature-params": {said}'.encode())
            headers |= {
                "Signature-Input": f"sig1={said}",
                "Signature": f"sig1=:{b64encode(signature).decode()}:",
            }
        assert read_verified(PUBLIC, "POST", URL, headers, BODY) is not None


@pytest.mark.parametrize("name", ["Signature-Input", "Signature", "Content-Digest", "Authorization"])
def test_the_quick_reader_takes_nothing_that_was_changed(name: str) -> None:
    headers = signed()
    for at in range(len(headers[name])):
        for new in ("x", "1", " "):
            changed = headers[name][:at] + new + headers[name][at + 1 :]
            if changed != headers[name]:
                assert read_verified(PUBLIC, "POST", URL, {**headers, name: changed}, BODY) is None


def test_the_quick_reader_takes_no_other_body_method_or_path() -> None:
    headers = signed()
    assert read_verified(PUBLIC, "POST", URL, headers, BODY + b" ") is None
    assert read_verified(PUBLIC, "PUT", URL, headers, BODY) is None
    assert read_verified(PUBLIC, "POST", URL.replace("push", "pull"), headers, BODY) is None
