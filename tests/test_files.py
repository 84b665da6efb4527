from ercbench.files import replacing_folder


def test_of_two_that_make_the_same_folder_the_first_wins(tmp_path):
    path = tmp_path / "store"
    with replacing_folder(path) as slow:
        (slow / "who").write_text("slow")
        with replacing_folder(path) as fast:
            (fast / "who").write_text("fast")
    assert (path / "who").read_text() == "fast"
    assert list(tmp_path.iterdir()) == [path]
