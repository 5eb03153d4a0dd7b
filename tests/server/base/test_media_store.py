"""Where photos are kept: a folder and an S3-compatible store behave alike."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.base.config import Config, ConfigError
from server.base.media_store import MediaStore, StoreTrouble, open_store
from server.base.seal import SealBroken, Seals, fresh_key, load_seals, make_keys


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # here: every worker reads every file of tests

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    env = {"GONGDI_DATA_DIR": str(tmp_path)}
    if request.param == "s3":
        import boto3

        address = request.getfixturevalue("s3_address")
        aws = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1"}
        for name, value in {**aws, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
        env["GONGDI_MEDIA_URL"] = f"s3://photos/{tmp_path.name}"
    return Config.from_env(env)


@pytest.fixture
def seals(config: Config) -> Seals:
    return _seals_of(config)


@pytest.fixture
def store(config: Config, seals: Seals) -> MediaStore:
    return open_store(config, seals)


def test_what_was_put_is_got_and_another_put_changes_nothing(store: MediaStore) -> None:
    store.put("original/a/b", b"first")
    store.put("original/a/b", b"second")
    assert store.get("original/a/b") == b"first"


def test_a_large_photo_is_put_in_one_piece_and_still_only_once(store: MediaStore) -> None:
    store.put("original/a/b", b"1" * 11_000_000)
    store.put("original/a/b", b"2" * 11_000_000)
    assert store.get("original/a/b") == b"1" * 11_000_000


def test_what_is_not_there_is_none_and_can_be_deleted(store: MediaStore) -> None:
    assert store.get("original/a/b") is None
    store.delete(["original/a/b"])
    store.delete_below("parts/a")


def test_what_lies_below_a_key_is_deleted_and_nothing_next_to_it(store: MediaStore) -> None:
    for key in ("parts/a/1", "parts/a/2", "parts/ab/1"):
        store.put(key, b"x")
    store.delete_below("parts/a")
    assert [store.get(key) for key in ("parts/a/1", "parts/a/2", "parts/ab/1")] == [None, None, b"x"]


def test_what_was_moved_or_written_by_others_does_not_open(config: Config, store: MediaStore) -> None:
    other = open_store(
        config, _seals_of(Config.from_env({"GONGDI_DATA_DIR": str(config.data_dir / "other")}))
    )
    other.put("original/a/b", b"x")
    with pytest.raises(SealBroken):
        store.get("original/a/b")


def test_a_store_that_does_not_answer_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1"}
    for name, value in {**aws, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    named = Config.from_env({"GONGDI_DATA_DIR": str(tmp_path), "GONGDI_MEDIA_URL": "s3://photos"})
    silent = open_store(named, _seals_of(named))
    with pytest.raises(StoreTrouble):
        silent.get("original/a/b")


@pytest.mark.parametrize("url", ["ftp://x", "s3://", "photos", "s3:photos"])
def test_a_url_that_names_no_store_is_said_at_the_start(url: str) -> None:
    with pytest.raises(ConfigError, match="GONGDI_MEDIA_URL"):
        Config.from_env({"GONGDI_MEDIA_URL": url})


def test_a_photo_is_sealed_again_with_the_current_key_and_opens_with_it_alone(
    config: Config, store: MediaStore
) -> None:
    store.put("original/a/b", b"x")
    old = (config.data_dir / "keys" / "secret_keys").read_text().strip()
    fresh = f"k2:{fresh_key()}"
    rotated = open_store(config, load_seals(replace(config, secret_keys=f"{fresh},{old}")))
    assert (rotated.count_sealed_with("k1"), rotated.count_sealed_with("k2")) == (1, 0)
    assert rotated.reseal("original/a/b")
    assert not rotated.reseal("original/a/b") and not rotated.reseal("original/a/nothing")
    assert (rotated.count_sealed_with("k1"), rotated.count_sealed_with("k2")) == (0, 1)
    assert open_store(config, load_seals(replace(config, secret_keys=fresh))).get("original/a/b") == b"x"


def _seals_of(config: Config) -> Seals:
    make_keys(config)
    return load_seals(config)
