from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Misuse, SettingsFault
from engine.protocol import Sampling, SamplingChange
from engine.sampling import LIMITS, check_sampling, merged, sampling_faults, sampling_for
from engine.settings import Settings, load_settings, parse_settings

COMPLETE = """
model = "gpt2"
template = "story"
device = "cuda:1"
dtype = "bfloat16"
threads = 2
theme = "light"
markdown = true

[sampling]
temperature = 1
top_k = 0
seed = 7

[keys]
regenerate = "ctrl+y"
stop = ""
"""


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml") == Settings()


def test_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(COMPLETE)
    assert load_settings(tmp_path / "config.toml") == Settings(
        model="gpt2",
        template="story",
        device="cuda:1",
        dtype="bfloat16",
        threads=2,
        theme="light",
        markdown=True,
        sampling=SamplingChange(temperature=1.0, top_k=0, seed=7),
        keys={"regenerate": "ctrl+y", "stop": ""},
    )


def test_a_model_in_the_home_folder_may_be_written_with_a_tilde(home: Path) -> None:
    settings, _ = parse_settings('model = "~/models/mine"')
    assert settings.model == str(home / "models" / "mine")


def test_all_that_is_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'modle = "x"\ntheme = "drak"\nthreads = -1\ndevice = "gpu"\n[sampling]\ntop_p = 0\n[keys]\nstop = 3\n'
    )
    with pytest.raises(SettingsFault) as caught:
        load_settings(file)
    assert caught.value.title == f"{file} has 6 values that can't be used"
    lines = caught.value.hint.splitlines()
    assert [line.split(".")[0] for line in lines] == [
        'line 1: "modle" is not a key',
        'line 2: theme is "drak"',
        "line 3: threads is out of range",
        'line 4: device is "gpu"',
        "line 6: top_p is the number 0",
        "line 8: stop is the number 3",
    ]
    assert 'Did you mean "model"?' in lines[0]
    assert 'Did you mean "dark"?' in lines[1]


def test_good_values_beside_bad_ones_are_kept_by_the_parser() -> None:
    settings, problems = parse_settings('theme = "light"\nthreads = "two"\n[sampling]\ntop_k = 5\ntop_p = 3\n')
    assert len(problems) == 2
    assert (settings.theme, settings.threads) == ("light", 0)
    assert settings.sampling == SamplingChange(top_k=5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"theme = light", "line 1: it is not TOML"),
        (b"# ok\n\xff", "line 2: it is not UTF-8"),
        (b"#" * 1_000_001, "has more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(SettingsFault, match=told):
        load_settings(tmp_path / "config.toml")


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="can't be read"):
        load_settings(tmp_path)


def test_sampling_adds_up_the_last_winning() -> None:
    settings = SamplingChange(temperature=0.5, top_k=10)
    template = SamplingChange(temperature=0.0)
    assert sampling_for() == Sampling()
    assert sampling_for(settings, template, None) == Sampling(temperature=0.0, top_k=10)
    assert sampling_for(settings, template, SamplingChange(top_k=3)).top_k == 3
    assert merged(settings, None, template) == SamplingChange(temperature=0.0, top_k=10)


def test_every_field_of_sampling_has_limits_that_its_default_keeps() -> None:
    assert tuple(LIMITS) == Sampling.__struct_fields__ == SamplingChange.__struct_fields__
    assert not sampling_faults(Sampling())


@pytest.mark.parametrize(
    "change",
    [
        SamplingChange(temperature=-0.1),
        SamplingChange(temperature=float("nan")),
        SamplingChange(temperature=float("inf")),
        SamplingChange(top_k=-1),
        SamplingChange(top_p=0.0),
        SamplingChange(top_p=1.01),
        SamplingChange(min_p=-1.0),
        SamplingChange(repetition_penalty=0.0),
        SamplingChange(max_new_tokens=0),
        SamplingChange(seed=-1),
        SamplingChange(seed=2**63),
    ],
)
def test_values_outside_of_their_limits_are_refused_in_words(change: SamplingChange) -> None:
    with pytest.raises(Misuse, match="it has to be a"):
        check_sampling(change)


def test_several_bad_values_are_refused_together() -> None:
    with pytest.raises(Misuse) as caught:
        check_sampling(SamplingChange(top_k=-1, top_p=2.0))
    assert str(caught.value) == (
        "top_k is -1; it has to be a whole number from 0 to 10,000,000. "
        "top_p is 2.0; it has to be a number above 0 and at most 1"
    )
