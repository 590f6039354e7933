"""Two revisions of a repository are compared as whole files, and only their sum counts."""

from __future__ import annotations

import subprocess

import pytest

from tests.unit.bumps.asked import asked, said, walked
from upgrade_e2e.bumps import diff_of_revisions
from upgrade_e2e.errors import BadInput

EKS = """\
module "eks" {{
  source = "terraform-aws-modules/eks/aws"
{padding}
  access = {{
    admin = {{ a = 1 }}
  }}
{padding}
  kubernetes_version = "{version}"
}}
"""
PADDING = "\n".join(f"  option_{number} = {number}" for number in range(9))


class Repository:
    """A repository of a test, in which one commit follows another."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "a")
        self.git("config", "user.email", "a@example.test")

    def git(self, *words):
        """Run git in it."""
        subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, **files):
        """Write files and commit them; the names have `_` for a dot, None deletes."""
        for name, text in files.items():
            file = self.folder / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")

    def asked(self, revisions, **question):
        """The answer to what changed between revisions."""
        return asked(diff_of_revisions(revisions, self.folder), **question)


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path)
    made.commit(eks_tf=EKS.format(padding=PADDING, version="1.33"))
    return made


def test_a_value_far_from_its_block_is_seen_with_it(repository):
    repository.commit(eks_tf=EKS.format(padding=PADDING, version="1.34"))
    for revisions in ("HEAD~1..HEAD", "HEAD~1...HEAD", "HEAD~1..", "main~1..main"):
        assert walked(repository.asked(revisions)) == ["v1.33.7,v1.34.3"]


def test_only_the_sum_of_commits_counts(repository):
    for version in ("1.34", "1.35", "1.33"):
        repository.commit(eks_tf=EKS.format(padding=PADDING, version=version))
    assert walked(repository.asked("HEAD~3..HEAD")) == []
    assert walked(repository.asked("HEAD~3..HEAD~1")) == ["v1.33.7,v1.34.3,v1.35.0"]


def test_three_dots_leave_out_what_the_other_side_did(repository):
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit(kind_yaml="nodes:\n- image: kindest/node:v1.33.5\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit(eks_tf=EKS.format(padding=PADDING, version="1.34"))
    repository.git("checkout", "--quiet", "work")
    repository.commit(kind_yaml="nodes:\n- image: kindest/node:v1.34.3\n")
    assert not repository.asked("main...work").unknown
    assert "goes down from v1.34 to v1.33" in said(repository.asked("main..work").unknown)


def test_a_moved_file_is_followed(repository):
    repository.commit(eks_tf=None, clusters__eks_tf=EKS.format(padding=PADDING, version="1.34"))
    assert walked(repository.asked("HEAD~1..HEAD")) == ["v1.33.7,v1.34.3"]


def test_settings_of_the_user_change_nothing(repository):
    repository.commit(eks_tf=EKS.format(padding=PADDING, version="1.34"))
    for name, value in (
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.external", "false"),
        ("diff.context", "0"),
        ("diff.renames", "false"),
    ):
        repository.git("config", name, value)
    assert walked(repository.asked("HEAD~1..HEAD")) == ["v1.33.7,v1.34.3"]


def test_unusual_names_and_binary_files_are_no_obstacle(repository):
    (repository.folder / "zwölf cluster.tfvars").write_text('eks_version = "1.33"\n')
    (repository.folder / "a.bin").write_bytes(b"\0\1\2")
    repository.commit()
    (repository.folder / "zwölf cluster.tfvars").write_text('eks_version = "1.34"\n')
    (repository.folder / "a.bin").write_bytes(b"\0\1\3")
    repository.commit()
    answer = repository.asked("HEAD~1..HEAD")
    ((bump,),) = answer.paths.values()
    assert bump.file == "zwölf cluster.tfvars"


@pytest.mark.parametrize(
    ("revisions", "reason"),
    [
        ("HEAD", "names one revision"),
        ("main..nowhere", "no revision 'nowhere'"),
        ("--help..HEAD", "no revision '--help'"),
        ("..", "^$"),
    ],
)
def test_what_git_does_not_know_is_said(repository, revisions, reason):
    if revisions == "..":  # HEAD on both sides
        assert not repository.asked(revisions).paths
        return
    with pytest.raises(BadInput, match=reason):
        repository.asked(revisions)


def test_histories_without_a_common_commit_are_refused(repository):
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit(a_txt="a")
    with pytest.raises(BadInput, match="no commit in common"):
        repository.asked("main...other")


def test_a_folder_that_is_no_repository_is_refused(tmp_path):
    with pytest.raises(BadInput, match="in a repository"):
        diff_of_revisions("a..b", tmp_path)
