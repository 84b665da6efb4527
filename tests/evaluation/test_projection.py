import numpy as np
from PIL import Image

from ercbench.evaluation.encoders import projection
from ercbench.evaluation.encoders.projection import Vectors, draw_projection, plane


def vectors(count, clusters=3, apart=0.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % clusters
    values = rng.normal(size=(count, 8))
    values[:, 0] += apart * labels
    return Vectors(values, labels, np.array([f"speaker {n % 13}" for n in range(count)]))


def test_the_picture_is_the_same_every_time(tmp_path):
    before, after = vectors(60), vectors(60, apart=20)
    for name in ("first", "second"):
        draw_projection(before, after, ["a", "b", "c"], tmp_path / f"{name}.png")
    first, second = ((tmp_path / f"{name}.png").read_bytes() for name in ("first", "second"))
    assert first == second
    width, height = Image.open(tmp_path / "first.png").size
    assert width > 800
    assert height > 600


def test_what_is_far_apart_stays_apart():
    own = vectors(90, apart=50)
    points = plane(own.values)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (own.labels[distances.argmin(1)] == own.labels).all()


def test_few_and_many_vectors_can_be_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(projection, "MOST", 40)
    for count in (4, 100):
        own = vectors(count)
        draw_projection(own, own, ["a", "b", "c"], tmp_path / f"{count}.png")
        assert (tmp_path / f"{count}.png").is_file()
