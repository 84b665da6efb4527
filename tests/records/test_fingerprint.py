import pytest

from ercbench.models.registry import MODELS
from ercbench.records import fingerprint as module
from ercbench.records.fingerprint import code_fingerprint, fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes modules outside this repository and returns the fingerprint of one."""
    monkeypatch.syspath_prepend(tmp_path)

    def code_of(name, sources):
        for file, source in sources.items():
            path = tmp_path / f"{file}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source)
        for cached in (module._file, module._imports, module._meaning):
            cached.cache_clear()
        return code_fingerprint([name])

    return code_of


def test_it_does_not_depend_on_order_but_on_every_value():
    first = fingerprint({"a": 1, "b": {"c": 2, "d": 3}}, {"m": "x"}, "code")
    assert first == fingerprint({"b": {"d": 3, "c": 2}, "a": 1}, {"m": "x"}, "code")
    assert first != fingerprint({"a": 1, "b": {"c": 2, "d": 4}}, {"m": "x"}, "code")
    assert first != fingerprint({"a": 1, "b": {"c": 2, "d": 3}}, {"m": "y"}, "code")
    assert first != fingerprint({"a": 1, "b": {"c": 2, "d": 3}}, {"m": "x"}, "other code")


def test_an_edit_of_a_model_outside_or_of_what_it_imports_is_seen(package):
    first = package("mine", {"mine": "from layers import A\nB = A", "layers": "A = 1"})
    assert package("mine", {"layers": "A = 2"}) != first
    assert package("mine", {"layers": "A = 1"}) == first
    assert package("mine", {"mine": "from layers import A\nB = -A"}) != first


def test_a_package_is_followed_through_relative_imports(package):
    sources = {"pack/__init__": "", "pack/net": "from . import low", "pack/low": "A = 1"}
    first = package("pack.net", sources)
    assert package("pack.net", {"pack/low": "A = 2"}) != first


def test_a_library_is_not_followed_wherever_it_is_installed(package, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path / "elsewhere" / "site-packages")
    library = "elsewhere/site-packages/some_library"
    (tmp_path / library).parent.mkdir(parents=True)
    first = package("mine", {"mine": "import some_library", library: "A = 1"})
    assert package("mine", {library: "A = 2"}) == first


def test_comments_docstrings_and_layout_do_not_count(package):
    first = package("mine", {"mine": "def f(a):\n    return a"})
    said = '"""What."""\n\ndef f(a):  # why\n    """How."""\n\n    return a'
    assert package("mine", {"mine": said}) == first


def test_shared_code_that_a_model_uses_is_seen_and_another_paper_s_is_not():
    def modules(model):
        return module._closure([MODELS[model].target.rpartition(".")[0], "ercbench.training.train"])

    ours = modules("cfn_esa")
    assert {"ercbench.models.blocks.packing", "ercbench.training.fit"} <= ours
    assert not [
        name for name in ours if ".hcam" in name or ".m2fnet" in name or "corpora.m" in name
    ]
    assert not [name for name in ours if name.startswith(("torch", "ercbench.commands"))]
