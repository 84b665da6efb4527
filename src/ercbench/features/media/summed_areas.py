"""Tables of sums (Crow 1984): from one of a frame come smaller frames and patches of any size.

Results are put in arrays that are given, pixels from -1 to 1, as networks want them.
"""

import numpy as np

from ercbench.features.media.compiled import compiled

COLOURS = 3  # a constant, so that loops over them are unrolled


@compiled
def add_up(frame: np.ndarray, sums: np.ndarray) -> None:
    """Sums all that is above and left of each corner of a pixel.

    Args:
        frame: [H, W, 3] uint8.
        sums: [H + 1, W + 1, 3] integers, of 0.
    """
    height, width = frame.shape[:2]
    for y in range(height):
        red = green = blue = 0
        for x in range(width):
            red += frame[y, x, 0]
            green += frame[y, x, 1]
            blue += frame[y, x, 2]
            sums[y + 1, x + 1, 0] = sums[y, x + 1, 0] + red
            sums[y + 1, x + 1, 1] = sums[y, x + 1, 1] + green
            sums[y + 1, x + 1, 2] = sums[y, x + 1, 2] + blue


@compiled
def shrink(sums: np.ndarray, smaller: np.ndarray) -> None:
    """Averages over the pixels that each cell of a smaller frame touches.

    Args:
        sums: [H + 1, W + 1, 3].
        smaller: [h, w, 3] float32.
    """
    height, width = smaller.shape[:2]
    tops, bottoms = _touched(sums.shape[0] - 1, height)
    lefts, rights = _touched(sums.shape[1] - 1, width)
    for y in range(height):
        above, below = sums[tops[y]], sums[bottoms[y]]
        for x in range(width):
            left, right = lefts[x], rights[x]
            share = 1 / ((bottoms[y] - tops[y]) * (right - left))
            for c in range(COLOURS):
                cell = below[right, c] - below[left, c] - above[right, c] + above[left, c]
                smaller[y, x, c] = (cell * share - 127.5) / 128


@compiled
def _touched(length: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns [cells] first pixels, and those after the last, that cells of a line touch."""
    borders = np.arange(cells + 1) * length
    return borders[:-1] // cells, -(-borders[1:] // cells)


@compiled
def cut(sums: np.ndarray, frames: np.ndarray, squares: np.ndarray, patches: np.ndarray) -> None:
    """Averages over the cells of squares, black beyond the frame.

    Linear between the corners of pixels, the sums are exact at those of the cells.

    Args:
        sums: [F, H + 1, W + 1, 3].
        frames: [n], in which of them a square is.
        squares: [n, 4] of left, top, right and bottom, in pixels.
        patches: [n, size, size, 3] float32.
    """
    count, size = patches.shape[:2]
    lines = np.zeros((2, size + 1, COLOURS))
    for n in range(count):
        own, (left, top, right, bottom) = sums[frames[n]], squares[n]
        share = size**2 / ((right - left) * (bottom - top))
        rows, down = _corners(top, bottom, size, own.shape[0] - 1)
        columns, across = _corners(left, right, size, own.shape[1] - 1)
        for y in range(size + 1):
            before, line = lines[(y + 1) % 2], lines[y % 2]
            _between(own[rows[y]], own[rows[y] + 1], down[y], columns, across, line)
            for x in range(size if y else 0):
                for c in range(COLOURS):
                    cell = line[x + 1, c] - line[x, c] - before[x + 1, c] + before[x, c]
                    patches[n, y - 1, x, c] = (cell * share - 127.5) / 128


@compiled
def _corners(first: float, last: float, cells: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns [cells + 1] pixels in which the corners of cells are, and how far into them."""
    at = first + np.arange(cells + 1) * ((last - first) / cells)
    at = np.minimum(np.maximum(at, 0.0), length)
    pixels = np.minimum(at.astype(np.int64), length - 1)
    return pixels, at - pixels


@compiled
def _between(
    above: np.ndarray,
    below: np.ndarray,
    down: float,
    columns: np.ndarray,
    across: np.ndarray,
    line: np.ndarray,
) -> None:
    """Puts sums between two rows of a table, at places of columns, in a line [m, 3]."""
    for m in range(len(line)):
        x, near = columns[m], across[m]
        for c in range(COLOURS):
            high = (1 - near) * above[x, c] + near * above[x + 1, c]
            low = (1 - near) * below[x, c] + near * below[x + 1, c]
            line[m, c] = (1 - down) * high + down * low
