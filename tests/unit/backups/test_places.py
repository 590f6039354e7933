"""Places for snapshots: a folder, and S3 with a client that stands in for boto3's."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from upgrade_e2e.backups import FolderLocation, open_location, require_location
from upgrade_e2e.backups import s3 as module
from upgrade_e2e.backups.s3 import S3Location, split_s3
from upgrade_e2e.errors import BadInput


def stored(place, tmp_path, name, content=b"x"):
    source = tmp_path / "source"
    source.write_bytes(content)
    place.store(source, name)


def test_a_folder_gives_back_what_was_stored(place, tmp_path):
    stored(place, tmp_path, "a.db", b"one")
    stored(place, tmp_path, "a.db", b"two")
    place.fetch("a.db", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"two"
    assert [(file.name, file.size) for file in place.files()] == [("a.db", 3)]
    place.remove("a.db")
    place.remove("a.db")
    assert place.files() == ()


def test_files_come_oldest_first_and_those_half_written_not_at_all(place, tmp_path):
    for name, when in (("b.db", 100), ("a.db", 200), ("c.db.part", 50)):
        (place.folder / name).write_bytes(b"x")
        os.utime(place.folder / name, (when, when))
    (place.folder / "below").mkdir()
    assert [file.name for file in place.files()] == ["b.db", "a.db"]
    assert place.files()[0].modified_unix_s == 100


def test_nobody_else_may_read_what_is_stored(place, tmp_path):
    stored(place, tmp_path, "a.db")
    assert (place.folder / "a.db").stat().st_mode & 0o077 == 0


def test_a_file_that_is_deleted_while_the_folder_is_read_is_left_out(place):
    (place.folder / "a.db").write_bytes(b"x")
    (place.folder / "gone.db").symlink_to(place.folder / "nowhere")
    assert [file.name for file in place.files()] == ["a.db"]


def test_a_folder_that_is_not_there_is_said_and_a_file_that_is_gone_is_found_missing(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        FolderLocation(tmp_path / "none").files()
    with pytest.raises(FileNotFoundError):
        FolderLocation(tmp_path).fetch("none.db", tmp_path / "back")


def test_a_folder_is_made_when_something_is_stored(tmp_path):
    place = FolderLocation(tmp_path / "new" / "deep")
    stored(place, tmp_path, "a.db")
    assert [file.name for file in place.files()] == ["a.db"]


@pytest.mark.parametrize("text", ["", "gs://bucket/x", "http://host/x"])
def test_what_names_no_place_is_refused(text):
    with pytest.raises(BadInput, match="write a folder, or s3://BUCKET/PREFIX"):
        open_location(text)


def test_an_endpoint_for_a_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="means nothing to the folder"):
        open_location(str(tmp_path), "http://127.0.0.1:7070")


@pytest.mark.parametrize(
    "address", ["s3.example.org", "ftp://x", "http://", "http://[", "nonsense"]
)
def test_what_is_no_address_of_a_server_is_refused(boto, address):
    with pytest.raises(BadInput, match="write one like https://"):
        require_location("s3://bucket/prod", address)


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("s3://bucket", "https://key:hush@s3.example.org"),
        ("s3://bucket", "key:hush@s3.example.org"),
        ("s3://bucket", "https://key:hu[sh@s3.example.org"),
        ("s3://bucket", "https://key:hush/K7@s3.example.org"),
        ("backups", "https://key:hush@s3.example.org"),
        ("", "https://key:hush@s3.example.org"),
        ("s3://key:hush@bucket/x", ""),
        ("s3:///key:hush@bucket/x", ""),
        ("https://key:hush@s3.example.org/bucket", ""),
    ],
)
def test_credentials_are_refused_in_addresses_and_not_repeated(place, address):
    with pytest.raises(BadInput, match=r"AWS_SECRET_ACCESS_KEY|names no bucket") as refused:
        require_location(place, address)
    assert "hu" not in str(refused.value)


@pytest.fixture
def no_boto3(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)


def test_s3_without_boto3_says_what_to_install(no_boto3):
    with pytest.raises(BadInput, match=r"pip install 'upgrade-e2e\[s3\]'"):
        open_location("s3://bucket/prefix")


def test_a_place_in_s3_is_checked_without_boto3(no_boto3):
    require_location("s3://bucket/prefix", "https://s3.example.org")
    with pytest.raises(BadInput, match="names no bucket"):
        require_location("s3://")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://bucket/a/b", ("bucket", "a/b/")),
        ("s3://bucket/a/", ("bucket", "a/")),
    ],
)
def test_bucket_and_prefix_are_read(text, parts):
    assert split_s3(text) == parts


def test_an_s3_place_without_a_bucket_is_refused():
    with pytest.raises(BadInput, match="names no bucket"):
        split_s3("s3:///prefix")


@dataclass
class Client:
    """Keeps objects by key, in pages of one, and answers as boto3's client does."""

    objects: dict[str, bytes] = field(default_factory=dict)
    error: Exception | None = None

    def get_paginator(self, name):
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket, Prefix, Delimiter):  # noqa: N803 - boto3's names
        if self.error is not None:
            raise self.error
        when = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        for number, (key, content) in enumerate(sorted(self.objects.items(), reverse=True)):
            inside = key.startswith(Prefix) and Delimiter not in key.removeprefix(Prefix)
            changed = when + dt.timedelta(seconds=number)
            row = {"Key": key, "Size": len(content), "LastModified": changed}
            yield {"Contents": [row]} if inside else {}

    def list_objects_v2(self, Bucket, Prefix, MaxKeys):  # noqa: N803
        assert (Bucket, Prefix, MaxKeys) == ("bucket", "prod/", 1)
        if self.error is not None:
            raise self.error
        return {}

    def upload_file(self, path, bucket, key):
        if self.error is not None:
            raise self.error
        with open(path, "rb") as file:  # noqa: PTH123 - boto3 takes texts
            self.objects[key] = file.read()

    def download_file(self, bucket, key, path):
        if key not in self.objects:
            raise ClientError("404")
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(self.objects[key])

    def delete_object(self, Bucket, Key):  # noqa: N803
        if self.error is not None:
            raise self.error
        self.objects.pop(Key, None)


class ClientError(Exception):
    """As botocore's."""

    def __init__(self, code):
        self.response = {"Error": {"Code": code}}
        super().__init__(f"An error occurred ({code})")


class Boto:
    """What boto3 and botocore give; tests/kind has the real ones."""

    def __init__(self):
        self.made = []
        self.modules = {
            "boto3": SimpleNamespace(client=self.client),
            "boto3.exceptions": SimpleNamespace(Boto3Error=ConnectionError),
            "botocore.config": SimpleNamespace(Config=dict),
            "botocore.exceptions": SimpleNamespace(
                ClientError=ClientError, BotoCoreError=TimeoutError
            ),
        }

    def client(self, service, endpoint_url, config):
        if endpoint_url == "no address":
            raise ValueError("Invalid endpoint: no address")
        self.made.append((service, endpoint_url, config["s3"]["addressing_style"]))
        return Client()


@pytest.fixture
def boto(monkeypatch):
    made, real = Boto(), importlib.import_module
    monkeypatch.setattr(
        module.importlib, "import_module", lambda name: made.modules.get(name) or real(name)
    )
    return made


@pytest.fixture
def bucket(boto):
    others = {"prod/": b"", "prod/below/a.db": b"", "x.db": b""}
    return S3Location("bucket", "prod/", Client(others))


def test_a_bucket_gives_back_what_was_stored_below_its_prefix(bucket, tmp_path):
    stored(bucket, tmp_path, "a.db", b"one")
    stored(bucket, tmp_path, "b.db", b"twos")
    assert [(file.name, file.size) for file in bucket.files()] == [("b.db", 4), ("a.db", 3)]
    bucket.fetch("b.db", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"twos"
    bucket.remove("b.db")
    with pytest.raises(FileNotFoundError):
        bucket.fetch("b.db", tmp_path / "back")
    assert bucket.shown == "s3://bucket/prod/"


def test_a_machine_without_room_for_an_object_says_so(bucket, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bucket.client, "download_file", full)
    with pytest.raises(BadInput, match=r"No space left on device.*TMPDIR"):
        bucket.fetch("x.db", tmp_path / "back")


def test_a_bucket_that_answers_is_usable_though_it_is_empty(bucket):
    bucket.client.objects.clear()
    bucket.require_answer()


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_cannot_be_used_says_what_to_check(bucket, code):
    bucket.client.error = ClientError(code)
    for ask in (bucket.files, bucket.require_answer):
        with pytest.raises(BadInput, match=rf"{code}.*--s3-endpoint"):
            ask()


@pytest.mark.parametrize("code", ["404", "NotFound"])
def test_a_server_that_has_no_such_page_is_no_file_that_is_missing(bucket, code, tmp_path):
    """An ordinary website answers so, whatever it is asked for."""
    bucket.client.error = ClientError(code)
    (tmp_path / "a.db").touch()
    for ask in (
        bucket.files,
        bucket.require_answer,
        lambda: bucket.remove("a.db"),
        lambda: bucket.store(tmp_path / "a.db", "a.db"),
    ):
        with pytest.raises(BadInput, match=rf"{code}.*--s3-endpoint"):
            ask()


def test_a_server_that_says_that_what_is_to_be_deleted_is_gone_is_fine(bucket):
    bucket.client.error = ClientError("NoSuchKey")
    bucket.remove("a.db")


def test_a_server_that_redirects_without_end_says_what_to_check(bucket):
    bucket.client.error = RecursionError("maximum recursion depth exceeded")
    with pytest.raises(BadInput, match=r"redirects every request.*--s3-endpoint"):
        bucket.files()


@pytest.mark.parametrize("error", [TimeoutError("no route"), ConnectionError("cut off")])
def test_a_server_that_does_not_answer_says_what_to_check(bucket, error):
    bucket.client.error = error
    for ask in (bucket.files, bucket.require_answer):
        with pytest.raises(BadInput, match=f"{error}.*AWS_ENDPOINT_URL"):
            ask()


def test_a_client_is_made_for_an_endpoint_without_asking_it(boto):
    open_location("s3://bucket/prod", "http://127.0.0.1:9")
    open_location("s3://bucket/prod")
    assert boto.made == [("s3", "http://127.0.0.1:9", "path"), ("s3", None, "auto")]
    with pytest.raises(BadInput, match="cannot be used: Invalid endpoint"):
        open_location("s3://bucket/prod", "no address")
