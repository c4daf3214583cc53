"""Where feature modules are imported from, and what they must not do while they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from skewless import FeatureError, FeatureSet, ServingPlan
from skewless.serving.sets.importing import importable_from
from tests.helpers.plans import document_of

ONE = "def one(amount: float) -> float: return 1.0\n"


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The import path as it was, and what a test imported forgotten."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of the test's own, which is not on the import path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, name: str, source: str = ONE) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(source))
    return file


def problem(module: str) -> str:
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_module(module)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize("with_init", [False, True])
def test_a_module_is_found_in_the_working_directory_with_or_without_an_init(
    here: Path, with_init: bool
) -> None:
    write(here, "acme_shop/prices.py")
    if with_init:
        write(here, "acme_shop/__init__.py", "")
    assert FeatureSet.from_module("acme_shop.prices").names == ("one",)


def test_a_module_called_features_is_found_beside_another_folder_of_that_name(
    tmp_path: Path, here: Path
) -> None:
    FeatureSet.from_module("features.flights")  # this checkout's own
    write(here, "features/acme_shop.py")
    try:
        assert FeatureSet.from_module("features.acme_shop").names == ("one",)
    finally:
        sys.modules.pop("features.acme_shop", None)


def test_a_plan_finds_its_functions_in_the_working_directory(here: Path) -> None:
    write(here, "acme_served.py")
    document = document_of(modules=["acme_served"])
    del sys.modules["acme_served"]
    sys.path.remove(str(here))
    plan = ServingPlan.from_document(document)
    assert plan.columns == ("one",)


def test_a_function_may_import_from_the_working_directory_when_it_is_called(here: Path) -> None:
    write(here, "acme_rates.py", "RATE = 2.0")
    source = (
        "def priced(amount: float) -> float:\n    from acme_rates import RATE\n    return amount * RATE\n"
    )
    write(here, "acme_lazy.py", source)
    found = FeatureSet.from_module("acme_lazy")
    sys.modules.pop("acme_rates", None)
    assert found.compute({"amount": 3.0}) == {"priced": 6.0}


def test_the_import_path_comes_before_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "path/acme_twice.py", ONE.replace("one", "on_the_path"))
    write(tmp_path, "here/acme_twice.py", ONE.replace("one", "in_the_working_directory"))
    monkeypatch.syspath_prepend(str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path / "here")
    assert FeatureSet.from_module("acme_twice").names == ("on_the_path",)


def test_a_module_that_is_not_there_says_where_it_was_looked_for(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend("/srv/code")
    found = problem("acme_nowhere.shop")
    assert found.startswith("feature module 'acme_nowhere.shop' not found: looked in /srv/code, ")
    assert found.endswith(f", {here}")
    assert str(Path(os.__file__).parent / "lib-dynload") not in found


def test_a_package_that_hides_another_of_its_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "installed/acme_hiding/__init__.py", "")
    write(tmp_path, "own/acme_hiding/shop.py")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    monkeypatch.chdir(tmp_path / "own")
    place = tmp_path / "installed" / "acme_hiding"
    assert problem("acme_hiding.shop").endswith(
        f", {tmp_path / 'own'}; 'acme_hiding' is {place}, whose __init__.py makes it hide any other 'acme_hiding'"
    )


def test_every_folder_of_a_package_without_an_init_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a/acme_open/one.py")
    write(tmp_path, "b/acme_open/two.py")
    monkeypatch.syspath_prepend(str(tmp_path / "b"))
    monkeypatch.syspath_prepend(str(tmp_path / "a"))
    places = f"{tmp_path / 'a' / 'acme_open'}, {tmp_path / 'b' / 'acme_open'}"
    assert problem("acme_open.shop").endswith(f"; 'acme_open' is {places}")


def test_a_file_where_a_package_was_expected_is_named(here: Path) -> None:
    file = write(here, "acme_file.py")
    assert problem("acme_file.shop").endswith(f"; 'acme_file' is {file}, which is no package")


def test_a_module_that_lacks_another_is_there_all_the_same(here: Path) -> None:
    write(here, "acme_lacking.py", "import acme_absent")
    assert problem("acme_lacking") == (
        "feature module 'acme_lacking' does not import: ModuleNotFoundError: No module named 'acme_absent'"
    )


def test_folders_are_on_the_path_only_as_long_as_they_are_asked_for(tmp_path: Path) -> None:
    before = list(sys.path)
    with importable_from([tmp_path, tmp_path, sys.path[0]]):
        assert sys.path == [*before, str(tmp_path)]
    assert sys.path == before


@pytest.mark.parametrize(
    ("source", "acts"),
    [
        ("import sys; sys.exit(0)", "exits"),
        ("raise SystemExit", "exits"),
        ("exit()", "exits"),
        ("print('hello')", "prints"),
        ("import sys; sys.stdout.write('hello')", "prints"),
        ("import sys; sys.stdout.writelines(['hello'])", "prints"),
        ("def _greet(): print('hello')\n_greet()", "prints"),
        ("import argparse; argparse.ArgumentParser().parse_args()", "reads the command line and exits"),
        ("import argparse; argparse.ArgumentParser().parse_known_args()", "reads the command line"),
        ("import sys; date = sys.argv[1]", "reads the command line"),
        ("import sys; _, date = sys.argv", "reads the command line"),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--help-me')\np.print_help()",
            "prints",
        ),
    ],
)
def test_a_module_that_prints_reads_the_command_line_or_exits_is_refused_by_name(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    acts: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["serve", "2024-07-01"])
    write(here, "acme_busy.py", f"{source}\n{ONE}")
    for _ in range(2):  # the second time too: a refused module is not taken for an imported one
        assert problem("acme_busy") == (
            f"feature module 'acme_busy' {acts} while it is imported; "
            "move that into a function, or under if __name__ == '__main__'"
        )
    assert capsys.readouterr().out == ""
    assert sys.argv == ["serve", "2024-07-01"]
    assert type(sys.argv) is list


def test_what_a_module_prints_goes_to_standard_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, "acme_loud.py", f"print('hello')\n{ONE}")
    assert "prints" in problem("acme_loud")
    assert capsys.readouterr() == ("", "hello\n")


def test_a_helper_of_the_same_package_is_held_to_the_same(here: Path) -> None:
    write(here, "acme_team/limits.py", "print('limits')\nLIMIT = 1")
    write(here, "acme_team/shop.py", f"from acme_team.limits import LIMIT\n{ONE}")
    for _ in range(2):
        assert problem("acme_team.shop").startswith("feature module 'acme_team.shop' prints while")


def test_a_library_that_greets_or_looks_at_the_command_line_is_no_fault_of_the_module(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, "acmelib.py", "import sys\nprint('welcome')\nquiet = '-q' in list(sys.argv)\n")
    write(here, "acme_calm.py", f"import acmelib\n{ONE}")
    assert FeatureSet.from_module("acme_calm").names == ("one",)
    assert capsys.readouterr() == ("", "welcome\n")


def test_a_handler_made_while_importing_writes_to_the_real_standard_output_later(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        here, "acme_logging.py", f"import logging, sys\n_handler = logging.StreamHandler(sys.stdout)\n{ONE}"
    )
    FeatureSet.from_module("acme_logging")
    sys.modules["acme_logging"]._handler.stream.write("later")
    assert capsys.readouterr() == ("later", "")


def test_an_interrupt_is_no_refusal(here: Path) -> None:
    write(here, "acme_stopped.py", "raise KeyboardInterrupt")
    former = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        FeatureSet.from_module("acme_stopped")
    assert sys.stdout is former


def test_a_module_that_makes_a_set_of_another_is_not_blamed_for_it(here: Path) -> None:
    write(here, "acme_inner.py")
    source = "from skewless import FeatureSet\n_inner = FeatureSet.from_module('acme_inner')\n"
    write(here, "acme_outer.py", source + ONE.replace("one", "two"))
    assert FeatureSet.from_module("acme_outer").names == ("two",)


def test_a_module_that_only_its_functions_import_may_exit_without_ending_the_process(here: Path) -> None:
    write(here, "acme_pair/tool.py", "raise SystemExit(3)")
    source = "def one(amount: float) -> float:\n    from acme_pair.tool import x\n    return x\n"
    write(here, "acme_pair/shop.py", source)
    assert FeatureSet.from_module("acme_pair.shop").names == ("one",)
